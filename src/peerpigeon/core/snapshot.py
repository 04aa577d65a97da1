"""Pictures of a hub for people: frozen counts and records, no way back into the hub."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """One connected client. Times are seconds since 1970."""

    peer_id: PeerId
    namespace: str | None
    address: str
    connected_at: float
    last_activity: float


@dataclass(frozen=True, slots=True)
class HubRecord:
    """One hub that this hub lists, itself included. Times are seconds since 1970."""

    peer_id: PeerId
    namespace: str
    registered_at: float
    last_activity: float


@dataclass(frozen=True, slots=True)
class MeshSnapshot:
    """How this hub stands to other hubs."""

    ready: bool = False
    migrated: bool = False
    p2p_links: int = 0
    websocket_links: int = 0
    known_hubs: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of one hub at one moment."""

    hub_id: PeerId
    is_hub: bool
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
