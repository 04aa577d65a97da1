"""What lies between the parties of a world: latency, jitter, loss, silence, cuts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

FIRST_RETRANSMISSION = 0.2
"""Seconds after which TCP sends again what was not acknowledged (Linux: at the earliest); each
further loss of the same bytes doubles it."""

LONGEST_RETRANSMISSION = 60.0

WITHIN_A_MACHINE = 0.0001
"""Seconds that bytes take from one process of a machine to another, over a Unix socket."""

_RARE = 1e-6


class Party(Protocol):
    """Whoever is at one end of a line: a client or a hub."""

    number: int
    """Its place among all parties of the world, in the order in which they were added."""

    line_rng: Random
    """The chance of the lines that it opens."""


class Line(Protocol):
    """Whatever carries bytes between two parties: a client's connection or a link of hubs."""

    number: int
    """Its place among all lines of the world."""

    @property
    def ends(self) -> tuple[Party, Party]:
        """The party that opened it, and the other."""

    def fall_silent(self) -> None:
        """Let all bytes vanish from now on, without a word to either end."""

    def break_off(self, dead: Party | None = None) -> None:
        """Lose the bytes under way; the ends notice, but for one that is ``dead``."""

    def hold(self) -> None:
        """Keep the bytes that arrive from now on, until ``release``."""

    def release(self) -> None:
        """Deliver what was kept."""


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
    """Bytes a second on each way of each link between hubs; ``None``: no limit.

    What cannot leave at once waits in the link's outbox, whose size is an option of the hub.
    """
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

    @classmethod
    def rough(cls) -> Network:
        """Return one with much jitter, in which packets are lost."""
        return cls(jitter=0.2, loss=0.02)

    @property
    def longest_way(self) -> float:
        """No frame that arrives without being lost on its way takes longer."""
        return self.latency + self.jitter

    @property
    def longest_delay(self) -> float:
        """Lost packets hold up a frame for no longer than this, but for one frame in a million."""
        delay, again, share = 0.0, FIRST_RETRANSMISSION, self.loss
        while share > _RARE and again < LONGEST_RETRANSMISSION:
            delay += again
            again *= 2.0
            share *= self.loss
        return delay

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

    def move(self, line: Line, before: Party, now: Party) -> None:
        """Have an end of a line at another party from now on."""
        del self._lines[before.number][line.number]
        self._lines.setdefault(now.number, {})[line.number] = line

    def forget(self, line: Line) -> None:
        """Drop a line that both ends have given up."""
        for party in line.ends:
            self._lines[party.number].pop(line.number, None)

    def lines_of(self, party: Party) -> list[Line]:
        """Return the lines that end at ``party``, oldest first."""
        return list(self._lines.get(party.number, {}).values())
