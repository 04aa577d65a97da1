"""What a client did and heard, for those who judge it afterwards. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.websocket import Connection


@dataclass(slots=True, eq=False)
class Stay:
    """The presence of one client in one namespace over one connection."""

    peer_id: PeerId
    namespace: str
    connection: Connection
    since: float
    """When it announced itself."""
    confirmed: float | None = None
    """When both its announce was out and the hub's greeting in."""
    until: float | None = None
    """When it left, as far as the client knows."""
    was_closed: bool = False
    """Whether the hub ended it. Otherwise what was on its way to the client then may be gone."""
    turns: dict[PeerId, int] = field(default_factory=dict)
    """How often each peer has come or gone; odd while it is here."""
    departures: list[tuple[PeerId, float]] = field(default_factory=list)
    """Which peers were said to be gone, and when."""

    @property
    def end(self) -> float | None:
        """When it left or its connection stopped carrying bytes, whichever came first."""
        line = self.connection
        times = [t for t in (self.until, line.silent_since, line.broken_at) if t is not None]
        return min(times, default=None)


@dataclass(slots=True)
class Lapse:
    """A time in which other hubs may not have reached a hub, or it them."""

    since: float
    is_cut: bool
    """Whether the network was cut, so that each part went its own way; else the process slept."""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class SentSignal:
    """A signal that a client has sent."""

    serial: str
    """The sender's number and a count, such as ``7.12``; it is in the signal's data."""
    kind: str
    target: PeerId
    namespace: str
    """The one it claims, which may be none of the sender's."""
    time: float
    stay: Stay


@dataclass(frozen=True, slots=True)
class HeardSignal:
    """A signal that reached a client."""

    serial: str
    kind: str
    source: str
    namespace: str
    time: float
    stay: Stay


@dataclass(frozen=True, slots=True)
class HeardError:
    """An ``error`` that reached a client."""

    text: str
    target: str
    """Whom the failed signal was for; empty if the error is not about a signal."""
    time: float
    kind: str = ""
    """The type of the failed signal; empty as well then."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """Something that no hub that keeps the protocol sends."""

    what: str
    time: float
    namespace: str = ""
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Closure:
    """A connection that ended, not by the client's own will."""

    code: int
    reason: str
    time: float
    """When the client heard of it."""
    said_at: float
    """When the hub said so; the same if the connection broke."""
