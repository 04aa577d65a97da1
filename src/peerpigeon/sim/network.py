"""What lies between the parties of a world: latency, jitter, loss, silence, cuts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias

import msgspec

from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.trace import Trace

FIRST_RETRANSMISSION = 0.2
"""Seconds after which TCP sends again what was not acknowledged (Linux: at the earliest); each
further loss of the same bytes doubles it."""

LONGEST_RETRANSMISSION = 60.0


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


class Line(Protocol):
    """Whatever carries bytes between two parties: a client's connection or a link of hubs."""

    number: int
    """Its place among all lines of the world."""

    ends: tuple[Party, Party]
    """The party that opened it, and the other."""

    def fall_silent(self) -> None:
        """Let all bytes vanish from now on, without a word to either end."""

    def break_off(self, dead: Party | None = None) -> None:
        """Lose the bytes under way; the ends notice, but for one that is ``dead``."""

    def hold(self) -> None:
        """Keep the bytes that arrive from now on, until ``release``."""

    def release(self) -> None:
        """Deliver what was kept."""


class Connection:
    """One WebSocket between two parties: frames arrive in the order sent, or not at all.

    The jitter is drawn from the chance of the party that opened it, so that connections
    do not disturb each other.
    """

    __slots__ = (
        "_busy_until",
        "_carries",
        "_ended",
        "_network",
        "_scheduler",
        "_trace",
        "broken_at",
        "ends",
        "number",
        "silent_since",
    )

    def __init__(
        self, network: Network, scheduler: Scheduler, trace: Trace, ends: tuple[Party, Party]
    ) -> None:
        self.ends = ends
        """The party that opened the connection, and the other."""
        self.number = network.register(self)
        self.silent_since: float | None = None
        """When it stopped carrying bytes without anybody noticing."""
        self.broken_at: float | None = None
        """When it stopped carrying bytes so that both ends noticed."""
        self._network = network
        self._scheduler = scheduler
        self._trace = trace
        self._busy_until = [0.0, 0.0]
        self._carries = True
        self._ended = [False, False]
        if not network.can_reach(*ends):
            self.fall_silent()

    def send(self, sender: Party, frame: Frame) -> None:
        """Put ``frame`` on the way to the other end; never waits, never fails."""
        side = 0 if sender is self.ends[0] else 1
        if self._ended[side] or not self._carries:
            return
        time = self._network.arrival(self._scheduler.now, self.ends[0].rng)
        # TCP: what was sent later never overtakes.
        time = max(time, self._busy_until[side])
        self._busy_until[side] = time
        self._scheduler.at(time, partial(self._arrive, 1 - side, frame))

    def close(self, sender: Party, code: int, reason: str = "") -> None:
        """Send a close frame after all that was sent before; ``sender`` hears nothing any more."""
        self.send(sender, Close(code, reason))
        self._end(0 if sender is self.ends[0] else 1)

    def fall_silent(self) -> None:
        """Let all bytes vanish from now on, also those under way, without a word to either end."""
        if self.silent_since is None:
            self.silent_since = self._scheduler.now
            self._carries = False

    def break_off(self, dead: Party | None = None) -> None:
        """Lose the bytes under way; both ends notice after the latency, if it was not silent.

        An end that is ``dead`` notices nothing any more.
        """
        if not self._carries:
            return
        self.broken_at = self._scheduler.now
        self._carries = False
        for side in (0, 1):
            if self.ends[side] is dead:
                self._end(side)
                continue
            time = self._scheduler.now + self._network.latency
            self._scheduler.at(time, partial(self._deliver, side, Close(ABNORMAL_CLOSURE)))

    def hold(self) -> None:
        """Fall silent: a client does not wait for a minute for bytes to come through."""
        self.fall_silent()

    def release(self) -> None:
        """Do nothing: it has fallen silent."""

    def _arrive(self, side: int, frame: Frame) -> None:
        if self._carries:
            self._deliver(side, frame)

    def _deliver(self, side: int, frame: Frame) -> None:
        if self._ended[side]:
            return
        party = self.ends[side]
        self._trace.note(self._scheduler.now, party.number, self.number, frame.KIND, frame.content)
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

    Each frame takes ``latency`` and up to ``jitter`` more, evenly distributed; lines keep the
    order, so that lost packets show as frames that are late, and hold up what was sent after them.
    """

    latency: float = 0.02
    jitter: float = 0.01
    loss: float = 0.0
    """The share of packets that are lost, and sent again by TCP and SCTP."""
    bandwidth: float | None = None
    """Bytes a second on each way of each link between hubs; ``None``: as many as one likes."""
    no_p2p: float = 0.0
    """The share of pairs of hubs that cannot have a data channel. A pair that cannot with some
    share cannot with any larger one."""
    salt: str = ""
    """Decides which pairs these are."""
    frozen: set[int] = field(default_factory=set)
    """Numbers of the parties whose bytes vanish."""
    _groups: dict[int, int] = field(default_factory=dict)
    """By the number of a party, its part of a parted network; others reach all parts."""
    _lines: dict[int, dict[int, Line]] = field(default_factory=dict)
    """By the number of a party at either end, then by their own."""
    _held: list[Line] = field(default_factory=list)
    _opened: int = 0

    @property
    def longest_way(self) -> float:
        """No frame that arrives without being lost on its way takes longer."""
        return self.latency + self.jitter

    def arrival(self, now: float, rng: Random) -> float:
        """Return when a frame that is sent now arrives, retransmissions included."""
        time = now + self.latency
        if self.jitter:
            time += self.jitter * rng.random()
        if self.loss:
            again = FIRST_RETRANSMISSION
            while rng.random() < self.loss and again < LONGEST_RETRANSMISSION:
                time += again
                again *= 2.0
        return time

    def can_reach(self, one: Party, other: Party) -> bool:
        """Tell whether a new line between two parties would carry bytes now."""
        if one.number in self.frozen or other.number in self.frozen:
            return False
        groups = self._groups
        if not groups:
            return True
        mine = groups.get(one.number)
        return mine is None or groups.get(other.number, mine) == mine

    def can_have_p2p(self, one: Party, other: Party) -> bool:
        """Tell whether a data channel between two hubs is possible now."""
        low, high = sorted((one.number, other.number))
        digest = hashlib.sha256(f"{self.salt}/{low}/{high}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >= self.no_p2p * 2.0**64

    def freeze(self, party: Party) -> None:
        """Let the bytes of ``party`` vanish both ways: its connections become half-open."""
        self.frozen.add(party.number)
        for line in self.lines_of(party):
            line.fall_silent()

    def thaw(self, party: Party) -> None:
        """Let ``party`` open working connections again; those that were frozen stay dead.

        So it is behind an address translator that has forgotten them.
        """
        self.frozen.discard(party.number)

    def cut(self, party: Party, dead: Party | None = None) -> None:
        """Break all lines of ``party``; both ends notice, but for one that is ``dead``."""
        for line in self.lines_of(party):
            line.break_off(dead)

    def part(self, groups: Iterable[Iterable[Party]], *, is_brief: bool = False) -> None:
        """Let nothing pass between parties of different groups, without a word to anybody.

        Links between hubs that are parted stay dead after ``heal``; if the cut ``is_brief``, they
        deliver then what was under way and sent meanwhile, as TCP and SCTP do.
        """
        self._groups = {
            party.number: index for index, group in enumerate(groups) for party in group
        }
        crossing = {
            line.number: line
            for lines in self._lines.values()
            for line in lines.values()
            if not self.can_reach(*line.ends)
        }
        for line in crossing.values():
            if is_brief:
                line.hold()
                self._held.append(line)
            else:
                line.fall_silent()

    def join(self, party: Party, host: Party) -> None:
        """Put ``party`` into the part of a parted network where ``host`` is."""
        if host.number in self._groups:
            self._groups[party.number] = self._groups[host.number]

    def heal(self) -> None:
        """Let all parts reach each other again."""
        self._groups = {}
        held, self._held = self._held, []
        for line in held:
            line.release()

    def register(self, line: Line) -> int:
        """Take a new line into the list and return its number."""
        self._opened += 1
        for party in line.ends:
            self._lines.setdefault(party.number, {})[self._opened] = line
        return self._opened

    def forget(self, line: Line) -> None:
        """Drop a line that both ends have given up."""
        for party in line.ends:
            self._lines[party.number].pop(line.number, None)

    def lines_of(self, party: Party) -> list[Line]:
        """Return the lines that end at ``party``, oldest first."""
        return list(self._lines.get(party.number, {}).values())
