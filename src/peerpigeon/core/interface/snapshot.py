"""Pictures of a hub for people: frozen counts and records, no way back into the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping

    from peerpigeon.core.wire.hub_frames import Advert


class PeerRecord(msgspec.Struct, frozen=True):
    """One connected client. Times are seconds since 1970."""

    peer_id: PeerId
    namespace: str | None
    address: str
    connected_at: float
    last_activity: float


class HubRecord(msgspec.Struct, frozen=True):
    """One hub that this hub lists, itself included. Times are seconds since 1970."""

    peer_id: PeerId
    namespace: str
    registered_at: float
    last_activity: float


class MeshSnapshot(msgspec.Struct, frozen=True):
    """How this hub stands to other hubs."""

    ready: bool = False
    migrated: bool = False
    p2p_links: int = 0
    websocket_links: int = 0
    local_links: int = 0
    """Those to other workers of the same command."""
    known_hubs: int = 0
    forged: int = 0
    """Adverts and frames that were not by the hub that they named, in a mesh with identities."""


class Snapshot(msgspec.Struct, frozen=True):
    """The counts of one hub at one moment."""

    hub_id: PeerId
    is_hub: bool
    serving: str
    """How it stands to new clients: ``starting``, ``ready`` or ``draining``."""
    uptime: float
    """Seconds since the hub was made."""
    wall_time: float
    """Seconds since 1970."""
    connections: int
    announced_peers: int
    namespaces: int
    hubs: tuple[HubRecord, ...]
    mesh: MeshSnapshot
    signals_relayed: int
    """Signals passed to their target since the start."""
    signals_refused: int
    """Signals answered with an error since the start."""
    messages_refused: int
    """Messages that made no sense since the start."""
    news_unusable: int
    """Pieces of other hubs' news that made no sense here since the start."""
    memory_limit: int
    """How many bytes may be kept for others, the option ``max_memory``."""
    memory_kept: int
    """How many are: messages that are not whole, and all that waits for somebody."""
    closing: int = 0
    """Sockets whose close frame is sent and not answered, in a server; no connections any more."""
    dropped: int = 0
    """Connections dropped since the start because the system allows no more descriptors."""


def hub_records(
    own: PeerId, namespace: str, known_since: Mapping[PeerId, float], epoch: float, now: float
) -> list[HubRecord]:
    """Return a record of each live hub, ``own`` first.

    ``known_since`` has when each was first heard of in its present life, by the clock to which
    ``epoch`` is to be added.
    """
    hubs = dict.fromkeys((own, *known_since))
    return [HubRecord(hub, namespace, epoch + known_since[hub], epoch + now) for hub in hubs]


class LinkRecord(msgspec.Struct, frozen=True):
    """One link of a hub, as that hub sees it."""

    peer_id: PeerId
    """Who is at the other end."""
    carrier: str
    """``p2p`` or ``websocket``."""
    purpose: str
    """``mesh``, ``bootstrap`` or ``spare``."""


class HubView(msgspec.Struct, frozen=True):
    """What this hub knows of a hub of its mesh, itself included."""

    peer_id: PeerId
    incarnation: int
    """The number of its life: a restart makes it larger."""
    addresses: tuple[str, ...]
    is_draining: bool
    links: tuple[LinkRecord, ...]
    is_reachable: bool = True
    """Whether a path of links led to it when that was last looked at; if none does, it is gone two
    seconds later."""
    clients: int | None = None
    """About how many clients it has, if it tells (``rebalance``)."""


class MissingHub(msgspec.Struct, frozen=True):
    """A hub that has left the mesh, and is remembered for an hour."""

    peer_id: PeerId
    addresses: tuple[str, ...]
    since: float
    """Seconds since 1970."""
    has_stopped: bool
    """Whether it had said that it stops; else it was lost."""


class NamespaceRecord(msgspec.Struct, frozen=True):
    """One namespace, as far as this hub knows it."""

    name: str
    clients: int
    """How many clients of this hub are in it."""
    members: int | None
    """How many are in it in all, where this hub keeps its records."""


class TopologySnapshot(msgspec.Struct, frozen=True):
    """The mesh as one hub knows it. Two hubs may differ for as long as news is under way."""

    hub_id: PeerId
    is_hub: bool
    wall_time: float
    """Seconds since 1970."""
    mesh: MeshSnapshot
    hubs: tuple[HubView, ...]
    """The live hubs, in the order of their ids; none for a plain server."""
    missing: tuple[MissingHub, ...] = ()
    """Hubs that have left it, longest missing first."""


def topology(
    picture: Snapshot,
    adverts: Collection[Advert] = (),
    unreachable: Container[PeerId] = (),
    missing: Iterable[tuple[Advert, float]] = (),
) -> TopologySnapshot:
    """Return the mesh as the hub knows it that holds the ``adverts`` of live hubs.

    ``missing`` has the last advert of each that is not, and since when, in seconds since 1970.
    A link between two live hubs is there if both name it: one of them may go on for long to name
    one that has ended.
    """
    named = {advert.hub: {end.hub for end in advert.links} for advert in adverts}
    hubs = tuple(_view(advert, named, advert.hub not in unreachable) for advert in adverts)
    gone = tuple(
        MissingHub(advert.hub, advert.addresses, since, advert.is_draining)
        for advert, since in missing
    )
    wall_time, mesh = picture.wall_time, picture.mesh
    return TopologySnapshot(picture.hub_id, picture.is_hub, wall_time, mesh, hubs, gone)


def _view(
    advert: Advert,
    named: Mapping[PeerId, Container[PeerId]],
    is_reachable: bool,  # noqa: FBT001
) -> HubView:
    return HubView(
        advert.hub,
        advert.incarnation,
        advert.addresses,
        advert.is_draining,
        tuple(
            LinkRecord(end.hub, end.carrier.name.lower(), end.purpose.name.lower())
            for end in advert.links
            if end.hub not in named or advert.hub in named[end.hub]
        ),
        is_reachable,
        advert.clients,
    )
