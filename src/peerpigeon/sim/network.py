"""What lies between the parties of a world: latency, jitter, silence, cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.agenda import Agenda
    from peerpigeon.sim.trace import Trace

VANISHED = 1006
"""The close code of a socket that ended without a close frame (RFC 6455, section 7.4.1)."""


class Request(msgspec.Struct, frozen=True, gc=False):
    """The opening handshake of a client."""

    KIND: ClassVar[int] = 1
    content: bytes
    """The ``peerId`` of its query."""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The answer to the handshake: the WebSocket is open."""

    KIND: ClassVar[int] = 2
    content: bytes = b""


class Text(msgspec.Struct, frozen=True, gc=False):
    """One text message."""

    KIND: ClassVar[int] = 3
    content: bytes


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A WebSocket ping."""

    KIND: ClassVar[int] = 4
    content: bytes = b""


class Pong(msgspec.Struct, frozen=True, gc=False):
    """The answer to a WebSocket ping."""

    KIND: ClassVar[int] = 5
    content: bytes = b""


class Close(msgspec.Struct, frozen=True, gc=False):
    """A close frame; with code 1006, the end of a connection that broke."""

    KIND: ClassVar[int] = 6
    code: int
    reason: str = ""

    @property
    def content(self) -> bytes:
        """Code and reason as in a real close frame."""
        return self.code.to_bytes(2, "big") + self.reason.encode()


Frame: TypeAlias = Request | Accepted | Text | Ping | Pong | Close


class Party(Protocol):
    """Whoever sends and receives: a client or a hub."""

    number: int
    """Its place among all parties of the world, in the order in which they were added."""

    rng: Random

    def receive(self, connection: Connection, frame: Frame) -> None:
        """Take one frame that came over ``connection``."""


class Connection:
    """One WebSocket between two parties: frames arrive in the order sent, or not at all.

    The jitter is drawn from the chance of the party that opened it, so that connections
    do not disturb each other.
    """

    __slots__ = (
        "_agenda",
        "_busy_until",
        "_carries",
        "_ended",
        "_network",
        "_trace",
        "broken_at",
        "ends",
        "number",
        "silent_since",
    )

    def __init__(
        self, network: Network, agenda: Agenda, trace: Trace, ends: tuple[Party, Party]
    ) -> None:
        self.ends = ends
        """The party that opened the connection, and the other."""
        self.number = network.register(self)
        self.silent_since: float | None = None
        """When it stopped carrying bytes without anybody noticing."""
        self.broken_at: float | None = None
        """When it stopped carrying bytes so that both ends noticed."""
        self._network = network
        self._agenda = agenda
        self._trace = trace
        self._busy_until = [0.0, 0.0]
        self._carries = True
        self._ended = [False, False]
        if not network.frozen.isdisjoint(party.number for party in ends):
            self.fall_silent()

    def send(self, sender: Party, frame: Frame) -> None:
        """Put ``frame`` on the way to the other end; never waits, never fails."""
        side = 0 if sender is self.ends[0] else 1
        if self._ended[side] or not self._carries:
            return
        network = self._network
        time = self._agenda.now + network.latency
        if network.jitter:
            time += network.jitter * self.ends[0].rng.random()
        # TCP: what was sent later never overtakes.
        time = max(time, self._busy_until[side])
        self._busy_until[side] = time
        self._agenda.at(time, partial(self._arrive, 1 - side, frame))

    def close(self, sender: Party, code: int, reason: str = "") -> None:
        """Send a close frame after all that was sent before; ``sender`` hears nothing any more."""
        self.send(sender, Close(code, reason))
        self._end(0 if sender is self.ends[0] else 1)

    def fall_silent(self) -> None:
        """Let all bytes vanish from now on, also those under way, without a word to either end."""
        if self.silent_since is None:
            self.silent_since = self._agenda.now
            self._carries = False

    def break_off(self) -> None:
        """Lose the bytes under way; both ends notice after the latency, if it was not silent."""
        if not self._carries:
            return
        self.broken_at = self._agenda.now
        self._carries = False
        for side in (0, 1):
            time = self._agenda.now + self._network.latency
            self._agenda.at(time, partial(self._deliver, side, Close(VANISHED)))

    def _arrive(self, side: int, frame: Frame) -> None:
        if self._carries:
            self._deliver(side, frame)

    def _deliver(self, side: int, frame: Frame) -> None:
        if self._ended[side]:
            return
        party = self.ends[side]
        self._trace.note(self._agenda.now, party.number, self.number, frame.KIND, frame.content)
        if type(frame) is Close:
            self._end(side)
        party.receive(self, frame)

    def _end(self, side: int) -> None:
        self._ended[side] = True
        if all(self._ended):
            self._network.forget(self)


@dataclass(slots=True, eq=False)
class Network:
    """How long bytes travel, and whom they do not reach. Times are seconds, one way.

    Each frame takes ``latency`` and up to ``jitter`` more, evenly distributed.
    """

    latency: float = 0.02
    jitter: float = 0.01
    frozen: set[int] = field(default_factory=set)
    """Numbers of the parties whose bytes vanish."""
    _connections: dict[int, dict[int, Connection]] = field(default_factory=dict)
    """By the number of a party at either end, then by their own."""
    _opened: int = 0

    @property
    def longest_way(self) -> float:
        """No frame that arrives takes longer."""
        return self.latency + self.jitter

    def freeze(self, party: Party) -> None:
        """Let the bytes of ``party`` vanish both ways: its connections become half-open."""
        self.frozen.add(party.number)
        for connection in self._of(party):
            connection.fall_silent()

    def thaw(self, party: Party) -> None:
        """Let ``party`` open working connections again; those that were frozen stay dead.

        So it is behind an address translator that has forgotten them.
        """
        self.frozen.discard(party.number)

    def cut(self, party: Party) -> None:
        """Break all connections of ``party``; both ends notice."""
        for connection in self._of(party):
            connection.break_off()

    def register(self, connection: Connection) -> int:
        """Take a new connection into the list and return its number."""
        self._opened += 1
        for party in connection.ends:
            self._connections.setdefault(party.number, {})[self._opened] = connection
        return self._opened

    def forget(self, connection: Connection) -> None:
        """Drop a connection that both ends have given up."""
        for party in connection.ends:
            self._connections[party.number].pop(connection.number, None)

    def _of(self, party: Party) -> list[Connection]:
        return list(self._connections.get(party.number, {}).values())
