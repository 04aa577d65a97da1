"""A virtual client of a WebTorrent tracker: it announces itself with offers, and answers others'.

On the wire it does what npm ``bittorrent-tracker`` 11.2.3 does, and is back as soon as trystero.
One in three announces itself at the intervals that the tracker asks for, as clients do; the rest
more often, so that there is much to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from peerpigeon.core.interface.close_codes import ABNORMAL_CLOSURE
from peerpigeon.sim.visitors.visitor import Visitor

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.scheduler import Scheduler
    from peerpigeon.sim.websocket import Connection

PACE = 10.0
"""Seconds from one announce to the next of those that do not do as they are told, and from one look
at the socket to the next."""

UNTOLD = 30.0
"""Seconds from one announce to the next of the others, until they are told. Reference:
``DEFAULT_ANNOUNCE_INTERVAL``."""

OFFERS = 3
"""How many are in an announce."""

ANSWERS = 0.8
"""How often an offer is answered."""


@dataclass(slots=True, eq=False)
class Membership:
    """The time for which a client was in a swarm over one connection. Times are seconds."""

    swarm: str
    owner: int
    """The number of the client."""
    connection: Connection
    since: float
    until: float | None = None
    """When it has said ``stopped``, or its socket has ended."""
    complete_from: float | None = None
    """When it has said that nothing is missing to it."""


@dataclass(slots=True, eq=False)
class Announced:
    """An announce, the counts that answered it, and its offers."""

    membership: Membership
    time: float
    offers: tuple[str, ...]
    answered: float | None = None
    interval: float = UNTOLD
    """Seconds after which it was told to announce itself again."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a client was told of a swarm."""

    swarm: str
    complete: int
    incomplete: int
    asked: float
    time: float


@dataclass(frozen=True, slots=True)
class HeardOffer:
    """An offer of another client, or an answer of one."""

    serial: str
    source: int
    """The number of the client that it comes from."""
    swarm: str
    time: float
    connection: Connection


@dataclass(frozen=True, slots=True)
class Answered:
    """An offer that was answered."""

    serial: str
    to: int
    time: float
    connection: Connection


class Downloader(Visitor):
    """One client of a tracker, in some swarms."""

    def __init__(self, number: int, rng: Random, scheduler: Scheduler) -> None:
        super().__init__(number, rng, scheduler)
        self.wanted: set[str] = set()
        """The swarms in which it is when it is connected."""
        self.has_all: set[str] = set()
        """Those of which nothing is missing to it."""
        self.memberships: list[Membership] = []
        self.announced: list[Announced] = []
        self.counts: list[Counts] = []
        self.offers: list[HeardOffer] = []
        self.answered: list[Answered] = []
        self.answers: list[HeardOffer] = []
        self.surprises: list[str] = []
        self.does_as_told = number % 3 == 1
        """Whether it announces itself again when it is told to, and not before."""
        self.sdp = "v=0"
        """What is in each of its offers."""
        self._present: dict[str, Membership] = {}
        self._asked: dict[str, list[Announced]] = {}
        self._scraped: list[float] = []
        self._serials = 0
        self._turns: dict[str, int] = {}

    @property
    def target(self) -> str:
        """That of its request."""
        return "/tracker"

    @property
    def is_there(self) -> bool:
        """Whether its socket is open."""
        return self._is_open

    # What it does

    def enter(self, swarm: str) -> None:
        """Be in a swarm from now on."""
        self.wanted.add(swarm)
        if self._is_open:
            self._announce(swarm, "started")

    def stop(self, swarm: str) -> None:
        """Leave a swarm, and keep the socket."""
        self.wanted.discard(swarm)
        membership = self._present.pop(swarm, None)
        if membership is not None:
            membership.until = self._scheduler.now
            self._asked.pop(swarm, None)
            self._tell(swarm, {"event": "stopped"})

    def complete(self, swarm: str) -> None:
        """Have all there is of a swarm."""
        self.has_all.add(swarm)
        membership = self._present.get(swarm)
        if membership is not None and membership.complete_from is None:
            membership.complete_from = self._scheduler.now
            self._tell(swarm, {"event": "completed", "left": 0})

    def scrape(self, swarm: str) -> None:
        """Ask how many are in a swarm."""
        if self._is_open:
            self._scraped.append(self._scheduler.now)
            self._say({"action": "scrape", "info_hash": _written(swarm)})

    def _announce(self, swarm: str, event: str) -> None:
        now, connection = self._scheduler.now, self._connection
        if connection is None:
            return
        present = self._present.get(swarm)
        if present is None:
            present = Membership(swarm, self.number, connection, now)
            self._present[swarm] = present
            self.memberships.append(present)
        if swarm in self.has_all and present.complete_from is None:
            present.complete_from = now
        offers = tuple(f"{self.number}.{self._serials + one}" for one in range(OFFERS))
        self._serials += OFFERS
        announced = Announced(present, now, offers)
        self.announced.append(announced)
        self._asked.setdefault(swarm, []).append(announced)
        told = [{"offer": {"type": "offer", "sdp": self.sdp}, "offer_id": one} for one in offers]
        self._tell(
            swarm, {"event": event, "left": 0 if swarm in self.has_all else 1, "offers": told}
        )
        self._wait(swarm, UNTOLD)

    def _tell(self, swarm: str, more: dict[str, object]) -> None:
        own = _written(str(self.number))
        told = {"action": "announce", "info_hash": _written(swarm), "peer_id": own}
        self._say(told | more)

    # Its socket

    def _on_open(self, connection: Connection) -> None:
        self.reconnect_delay = 0.5 + 3.0 * self.line_rng.random()
        for swarm in sorted(self.wanted):
            self._announce(swarm, "started")
        self._again(connection)

    def _again(self, connection: Connection) -> None:
        delay = PACE * (0.5 + self.line_rng.random())
        self._scheduler.at(self._scheduler.now + delay, partial(self._update, connection))

    def _update(self, connection: Connection) -> None:
        if connection is not self._connection:
            return
        if self._is_dead(connection):
            self._lose(ABNORMAL_CLOSURE)
            return
        if not self.does_as_told:
            for swarm in sorted(self.wanted):
                self._announce(swarm, "update")
        self._again(connection)

    def _wait(self, swarm: str, interval: float) -> None:
        """Announce itself in a swarm after so many seconds, and at no time set before."""
        if self.does_as_told:
            self._turns[swarm] = turn = self._turns.get(swarm, 0) + 1
            self._scheduler.at(self._scheduler.now + interval, partial(self._turn, swarm, turn))

    def _turn(self, swarm: str, turn: int) -> None:
        if turn == self._turns[swarm] and swarm in self._present:
            self._announce(swarm, "update")

    def _on_end(self, code: int) -> None:
        for membership in self._present.values():
            membership.until = self._scheduler.now
        self._present.clear()
        self._asked.clear()
        self._scraped.clear()

    # What it hears

    def _hear(self, message: dict[str, Any]) -> None:
        now, connection = self._scheduler.now, self._connection
        if connection is None:
            raise AssertionError("what comes over an old socket is ignored")
        match message:
            case {"action": "announce", "offer": _, "offer_id": str(serial)}:
                heard = _heard(message, serial, now, connection)
                self.offers.append(heard)
                if heard.swarm in self._present and self.line_rng.random() < ANSWERS:
                    self.answered.append(Answered(serial, heard.source, now, connection))
                    answer = {"type": "answer", "sdp": "v=0"}
                    told = {"to_peer_id": message["peer_id"], "answer": answer, "offer_id": serial}
                    self._tell(heard.swarm, told)
            case {"action": "announce", "answer": _, "offer_id": str(serial)}:
                self.answers.append(_heard(message, serial, now, connection))
            case {
                "action": "announce",
                "complete": int(complete),
                "incomplete": int(incomplete),
                "interval": int(interval),
            }:
                swarm = message["info_hash"].strip()
                waiting = self._asked.get(swarm)
                if waiting:  # else it is the answer to what it said last in that swarm
                    announced = waiting.pop(0)
                    announced.answered, announced.interval = now, interval
                    self._wait(swarm, interval)
                    self.counts.append(Counts(swarm, complete, incomplete, announced.time, now))
            case {"action": "scrape", "files": dict(files)} if self._scraped:
                asked = self._scraped.pop(0)
                for swarm, told in files.items():
                    counts = told["complete"], told["incomplete"]
                    self.counts.append(Counts(swarm.strip(), *counts, asked, now))
            case _:
                self.surprises.append(f"downloader {self.number} got {message} at {now:.2f}")


def _written(name: str) -> str:
    """Return a name as the wire has it: 20 characters."""
    return name.ljust(20)


def _heard(message: dict[str, Any], serial: str, now: float, connection: Connection) -> HeardOffer:
    return HeardOffer(
        serial, int(message["peer_id"]), message["info_hash"].strip(), now, connection
    )
