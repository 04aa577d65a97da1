"""What a history says at once: the life of each socket and signal, and who was absent when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from chaos.allowances import JOINING, SOONEST_DEAD
from chaos.history import (
    Answered,
    Closed,
    CutOff,
    Discovered,
    Frozen,
    Greeted,
    Heard,
    HubDown,
    HubUp,
    Leaving,
    Mended,
    Opened,
    Paused,
    Resumed,
    Sent,
    Stalled,
    Thawed,
)
from chaos.plan import HUBS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.history import AnyRecord


DOWN = {"kill": "killed", "stop": "stopped", "crash": "crashed"}
"""How absences are called that begin with the end of a process."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From a time to another, in seconds."""

    since: float
    until: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.until - self.since

    def meets(self, since: float, until: float) -> bool:
        """Tell whether it has a moment with another interval in common."""
        return self.since <= until and since <= self.until


@dataclass(frozen=True, slots=True)
class Absence(Interval):
    """A hub was not there for others."""

    hub: int
    how: str
    """killed, stopped, frozen, or cut off"""


@dataclass(slots=True)
class Life:
    """A socket, from its opening to its end."""

    opened: Opened
    greeted: float = inf
    settled: float = inf
    """When it was told of somebody for the first time, which only who has the id is."""
    ended: float = inf
    """When it closed, or the driver began to close it."""
    closed: Closed | None = None
    known: dict[str, float] = field(default_factory=dict)
    pauses: list[Interval] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Its number."""
        return self.opened.socket


class Lives:
    """An index of one history, complete or not."""

    def __init__(self, records: Sequence[AnyRecord], now: float | None = None) -> None:
        self.records = records
        self.now = now if now is not None else (records[-1].at if records else 0.0)
        self.sockets: dict[int, Life] = {}
        self.by_peer: dict[str, list[Life]] = defaultdict(list)
        self.sent: dict[int, Sent] = {}
        self.heard: dict[int, list[Heard]] = defaultdict(list)
        self.answered: dict[int, list[Answered]] = defaultdict(list)
        self.absences: list[Absence] = []
        self.stalls: list[Interval] = []
        self._began: dict[tuple[str, int], float] = {}
        self._paused: dict[int, float] = {}
        for record in records:
            self._take(record)
        for (how, hub), since in self._began.items():
            self.absences.append(Absence(since, inf, hub, how))
        for socket, since in self._paused.items():
            self.sockets[socket].pauses.append(Interval(since, inf))
        self.splits = [*self._splits()]
        """When the mesh may have been in parts: a cut, or two hubs absent at once."""

    def _take(self, record: AnyRecord) -> None:
        match record:
            case Opened(socket=socket, peer=peer):
                life = self.sockets[socket] = Life(record)
                self.by_peer[peer].append(life)
            case Greeted(at=at, socket=socket):
                self.sockets[socket].greeted = at
            case Leaving(at=at, socket=socket):
                self.sockets[socket].ended = min(self.sockets[socket].ended, at)
            case Closed(at=at, socket=socket):
                self.sockets[socket].ended = min(self.sockets[socket].ended, at)
                self.sockets[socket].closed = record
            case Discovered(at=at, socket=socket):
                self.sockets[socket].settled = min(self.sockets[socket].settled, at)
            case Paused(at=at, socket=socket):
                self._paused[socket] = at
            case Resumed(at=at, socket=socket):
                pause = Interval(self._paused.pop(socket), at)
                self.sockets[socket].pauses.append(pause)
            case _:
                self._take_said(record)

    def _take_said(self, record: AnyRecord) -> None:
        match record:
            case Sent(serial=serial):
                self.sent[serial] = record
            case Heard(serial=serial):
                self.heard[serial].append(record)
            case Answered(serial=serial):
                self.answered[serial].append(record)
            case Stalled(at=at, seconds=seconds):
                self.stalls.append(Interval(at - seconds, at))
            case _:
                self._take_of_hubs(record)

    def _take_of_hubs(self, record: AnyRecord) -> None:
        match record:
            case HubDown(at=at, hub=hub, how=how):
                self._end("frozen", hub, at)
                self._began[DOWN[how], hub] = at
            case HubUp(at=at, hub=hub):
                for absence in DOWN.values():
                    self._end(absence, hub, at)
            case Frozen(at=at, hub=hub):
                self._began["frozen", hub] = at
            case Thawed(at=at, hub=hub):
                self._end("frozen", hub, at)
            case CutOff(at=at):
                for hub in range(HUBS):  # each side is absent for the other
                    self._began["cut off", hub] = at
            case Mended(at=at):
                for hub in range(HUBS):
                    self._end("cut off", hub, at)

    def _end(self, how: str, hub: int, at: float) -> None:
        since = self._began.pop((how, hub), None)
        if since is not None:
            self.absences.append(Absence(since, at, hub, how))

    def _splits(self) -> Iterator[Interval]:
        """Yield when more than one hub was absent, or had been until shortly before."""
        long = [absence for absence in self.absences if absence.seconds >= SOONEST_DEAD]
        for place, one in enumerate(long):
            for other in long[place + 1 :]:
                since = max(one.since, other.since)
                until = min(one.until, other.until) + JOINING
                if one.hub != other.hub and since <= until:
                    yield Interval(since, until)

    def absent(
        self, hub: int, since: float, until: float, *, at_least: float = 0.0
    ) -> Iterator[Absence]:
        """Yield the absences of a hub that lasted for so long and meet an interval."""
        for absence in self.absences:
            if absence.hub == hub and absence.seconds >= at_least and absence.meets(since, until):
                yield absence

    def is_split(self, since: float, until: float) -> bool:
        """Tell whether the mesh may have been in parts at some moment of an interval."""
        return any(split.meets(since, until) for split in self.splits)

    def is_stalled(self, since: float, until: float) -> bool:
        """Tell whether the driver stood still at some moment of an interval."""
        return any(stall.meets(since, until) for stall in self.stalls)

    def ends_of(self, peer: str, since: float, until: float) -> Iterator[Life]:
        """Yield the sockets of a peer that ended within an interval."""
        for life in self.by_peer.get(peer, ()):
            if since <= life.ended <= until:
                yield life


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a history that must not be."""

    invariant: str
    at: float
    what: str
    """In words, with all numbers that one looks for in the history."""
