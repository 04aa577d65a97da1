"""What a hub tells people: the documented events (S27), one class each.

``name_of`` gives the name that the PeerPigeon documents use (``peerConnected``), and
``msgspec.json.encode`` a JSON object whose ``event`` is that name and whose fields have the
documented names.
"""

from __future__ import annotations

from typing import TypeAlias, get_args

import msgspec

from peerpigeon.core.ids import PeerId


def _documented_name(class_name: str) -> str:
    return class_name[0].lower() + class_name[1:]


class _Notice(msgspec.Struct, frozen=True, rename="camel", tag_field="event", tag=_documented_name):
    """What all notices have in common: they never change, and are written in camel case."""


class Started(_Notice, frozen=True):
    """The server listens."""

    host: str
    port: int


class Stopped(_Notice, frozen=True):
    """The server has closed all sockets."""


class ErrorOccurred(_Notice, frozen=True, tag="error"):
    """Something failed that an operator should know of; the server goes on."""

    message: str


class Draining(_Notice, frozen=True):
    """The server lets its clients go, and then stops."""

    connections: int
    """How many clients it is to let go."""
    drain_time: float
    """Seconds that it takes for it."""


class Warned(_Notice, frozen=True, tag="warning"):
    """Somebody was refused, or something does not work as it is set up; the server goes on.

    Of each kind at most one is told in a minute, as in the log.
    """

    message: str
    """What is wrong, and what to do."""
    address: str
    """Where it comes from: an IP address, that of a hub, or empty."""


class PeerConnected(_Notice, frozen=True):
    """A client's socket was accepted."""

    peer_id: PeerId
    total_connections: int


class PeerDisconnected(_Notice, frozen=True):
    """A client's socket is gone, whoever closed it."""

    peer_id: PeerId
    code: int
    reason: str
    total_connections: int


class PeerAnnounced(_Notice, frozen=True):
    """A client entered a namespace."""

    peer_id: PeerId
    namespace: str = msgspec.field(name="networkName")
    is_hub: bool


class PeerGoodbye(_Notice, frozen=True):
    """A client said that it leaves its namespace."""

    peer_id: PeerId


class HubRegistered(_Notice, frozen=True):
    """A hub announced itself on one of our WebSockets, or this hub started."""

    peer_id: PeerId
    total_hubs: int


class HubUnregistered(_Notice, frozen=True):
    """A hub that had registered is gone."""

    peer_id: PeerId
    total_hubs: int


class HubP2PConnected(_Notice, frozen=True):
    """A P2P link to another hub is open, the first one to it."""

    hub_peer_id: PeerId


class HubP2PDisconnected(_Notice, frozen=True):
    """The last P2P link to another hub has ended."""

    hub_peer_id: PeerId


class HubMeshReady(_Notice, frozen=True):
    """The hub has enough P2P links (S17); told once until it has too few again."""

    p2p_connections: int
    total_hubs: int
    """How many hubs are known, this one included."""


class HubMeshMigrated(_Notice, frozen=True):
    """The hub has closed its WebSockets to other hubs (S19)."""

    migrated_count: int
    """How many it closed."""
    p2p_connections: int


class HubDiscovered(_Notice, frozen=True):
    """Another hub has become known."""

    peer_id: PeerId
    via: PeerId
    """The neighbour that told of it; the hub itself if it is a neighbour."""
    data: tuple[str, ...]
    """The WebSocket addresses it can be dialled at."""


class HubAlone(_Notice, frozen=True):
    """The hub has had no link for ten seconds; told once until it has had one."""

    message: str
    """What can be done about it."""


class BootstrapConnected(_Notice, frozen=True):
    """The WebSocket to a bootstrap hub is open."""

    uri: str


class BootstrapDisconnected(_Notice, frozen=True):
    """The WebSocket to a bootstrap hub has closed, or could not be opened."""

    uri: str
    code: int
    reason: str


Notice: TypeAlias = (
    Started
    | Stopped
    | Draining
    | ErrorOccurred
    | Warned
    | PeerConnected
    | PeerDisconnected
    | PeerAnnounced
    | PeerGoodbye
    | HubRegistered
    | HubUnregistered
    | HubP2PConnected
    | HubP2PDisconnected
    | HubMeshReady
    | HubMeshMigrated
    | HubDiscovered
    | HubAlone
    | BootstrapConnected
    | BootstrapDisconnected
)

NOTICES: dict[str, type[Notice]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Notice)
}
"""Each documented name and its class."""


def name_of(notice: Notice | type[Notice]) -> str:
    """Return the documented name of a notice or of its class, such as ``peerConnected``."""
    return str(notice.__struct_config__.tag)
