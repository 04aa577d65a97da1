"""What the dashboard is told, as plain objects for JSON; docs/dashboard.md has the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from peerpigeon.core.interface.notices import name_of
from peerpigeon.net.http.left_hubs import left_hubs, state_of
from peerpigeon.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.notices import Notice
    from peerpigeon.core.interface.snapshot import (
        HubRecord,
        HubView,
        NamespaceRecord,
        Snapshot,
        TopologySnapshot,
    )

    Document = dict[str, Any]

_MOST_ADDRESSES = 4
"""Of one hub; others would only fill the message."""


def mesh_document(picture: TopologySnapshot, records: Iterable[HubRecord]) -> Document:
    """Return the hubs and links of a mesh; ``records`` are those listed under ``/hubs``.

    Those of them that are not in the picture are hubs of the npm package, each linked with this
    one by WebSocket. A link counts when both ends show it.
    """
    since = {record.peer_id: record.registered_at for record in records}
    hubs = [_hub(view, since.pop(view.peer_id, None)) for view in picture.hubs]
    links = _links(picture.hubs)
    places = {view.peer_id: place for place, view in enumerate(picture.hubs)}
    own = places.get(picture.hub_id)
    for peer_id, registered_at in since.items():
        if peer_id == picture.hub_id:
            continue
        if own is not None:
            links.append((own, len(hubs), "websocket", "mesh"))
        hubs.append(_entry(peer_id, (), "npm", registered_at))
    return {
        "own": picture.hub_id,
        "isHub": picture.is_hub,
        "hubs": hubs,
        "links": links,
        "gone": [
            _entry(hub.peer_id, hub.addresses, state_of(hub), hub.since)
            for hub in left_hubs(picture)
        ],
    }


def _hub(view: HubView, since: float | None) -> Document:
    state = "draining" if view.is_draining else "ready" if view.is_reachable else "lost"
    return _entry(view.peer_id, view.addresses, state, since) | {"clients": view.clients}


def _entry(
    peer_id: PeerId, addresses: tuple[str, ...], state: str, since: float | None
) -> Document:
    return {
        "id": peer_id,
        "addresses": addresses[:_MOST_ADDRESSES],
        "state": state,
        "since": None if since is None else round(since * 1000),
    }


def _links(hubs: tuple[HubView, ...]) -> list[tuple[int, int, str, str]]:
    """Return the links that both ends show, each as two places in ``hubs``, carrier and purpose."""
    places = {view.peer_id: place for place, view in enumerate(hubs)}
    half: dict[tuple[int, int], str] = {}
    links = []
    for place, view in enumerate(hubs):
        for end in view.links:
            other = places.get(end.peer_id, place)
            if place < other:
                half[place, other] = end.carrier
            elif (carrier := half.pop((other, place), None)) is not None:
                # One end may hear later than the other that there is a channel now.
                both = "p2p" if "p2p" in (carrier, end.carrier) else end.carrier
                links.append((other, place, both, end.purpose))
    return links


def figures_document(
    picture: Snapshot,
    largest: Iterable[NamespaceRecord] | None,
    memory: Mapping[str, int],
    most: int,
) -> Document:
    """Return the counts of one moment; those of signals and refusals are since the start.

    ``largest`` has the namespaces that are told, ``None`` for those who are not told of any.
    ``memory`` has the resident bytes of the process, where the system tells them; ``most`` clients
    may connect.
    """
    mesh = picture.mesh
    return {
        "time": round(picture.wall_time * 1000),
        "version": __version__,
        "uptime": round(picture.uptime),
        "serving": picture.serving,
        "ready": mesh.ready,
        "migrated": mesh.migrated,
        "clients": picture.connections,
        "mostClients": most,
        "announced": picture.announced_peers,
        "namespaces": picture.namespaces,
        "p2p": mesh.p2p_links,
        "websocket": mesh.websocket_links,
        "relayed": picture.signals_relayed,
        "refused": picture.signals_refused,
        "nonsense": picture.messages_refused,
        "dropped": picture.dropped,
        "resident": memory.get("rss"),
        "kept": picture.memory_kept,
        "mostKept": picture.memory_limit,
        "largest": None
        if largest is None
        else [(each.name, each.clients, each.members) for each in largest],
    }


def event_document(notice: Notice, wall_time: float) -> Document:
    """Return a notice with its time, in milliseconds since 1970."""
    fields: Document = msgspec.to_builtins(notice)
    return fields | {"event": name_of(notice), "time": round(wall_time * 1000)}
