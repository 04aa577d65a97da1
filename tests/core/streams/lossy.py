"""Hubs that speak in streams only, over a path that loses, delays, repeats and reorders."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

from peerpigeon.core.ids import PeerId
from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.outgoing import Failure, Outgoing
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import Ack
from peerpigeon.core.wire.hub_news import More, News, Relay
from tests.core.transit import Transit

HUBS = [PeerId(digit * 40) for digit in "abc"]
SMALL = StreamLimits(
    signals=24,
    queued=24,
    fewest_signals=4,
    control=24,
    burst=4,
    max_burst=8,
    ack_every=8,
    idle=1.0,
)

Step: TypeAlias = tuple[str, int, int, int]
"""What happens, to which hub, with which of the others, and how much of it."""

KINDS = [
    *("signal", "control", "wait", "signal", "control", "wait"),
    *("loss", "delay", "repeat", "reroute", "learn", "forget", "restart", "rise"),
]


def signal(number: int, size: int = 1, sender: str = "1") -> Relay:
    return Relay("net1", PeerId(sender * 40), PeerId("2" * 40), number, "offer", b"x" * size)


def control(number: int) -> More:
    return More("net1", PeerId("1" * 40), number)


def number_of(news: News) -> int:
    if isinstance(news, Relay):
        return news.session
    assert isinstance(news, More)
    return news.count


@dataclass
class Fate:
    """What was sent, and what became of it."""

    source: PeerId
    destination: PeerId
    incarnation: int
    """Of the destination, as the source knew it."""
    give_up_at: float | None
    """``None`` for control news."""
    failed_at: float | None = None
    is_excused: bool = False
    """Its source died, or was told that nobody waits for it any more."""


@dataclass
class World:
    """A few hubs and all that is on its way between them."""

    rng: Random
    hubs: list[PeerId]
    limits: StreamLimits = SMALL
    now: float = 0.0
    loss: float = 0.0
    repeats: float = 0.0
    longest: float = 0.02
    fates: list[Fate] = field(default_factory=list)
    delivered: dict[tuple[PeerId, PeerId], list[int]] = field(default_factory=dict)
    _air: Transit[tuple[PeerId, int], Outgoing] = field(default_factory=Transit)
    """What is on its way, by source and the source's incarnation."""

    def __post_init__(self) -> None:
        self.incarnations = dict.fromkeys(self.hubs, 1)
        self.first_incarnations = dict.fromkeys(self.hubs, 1)
        """Those with which the present lives began."""
        self.streams = {hub: self._begin() for hub in self.hubs}
        self.views = {hub: dict.fromkeys(self.hubs, 1) for hub in self.hubs}

    def _begin(self) -> Streams:
        return Streams(self.limits, first_epoch=self.rng.getrandbits(62))

    # The path

    def carry(self, source: PeerId, outgoing: list[Outgoing]) -> None:
        for out in outgoing:
            for _ in range(2 if self.rng.random() < self.repeats else 1):
                if self.rng.random() >= self.loss:
                    at = self.now + self.rng.uniform(0.001, self.longest)
                    self._air.send((source, self.incarnations[source]), out, at)

    def run(self, until: float) -> None:
        """Let everything happen that happens by then."""
        for _ in range(100_000):
            deadlines = ((self.streams[hub].deadline(), hub) for hub in self.hubs)
            due = [(max(time, self.now), hub) for time, hub in deadlines if time is not None]
            arrives_at = self._air.next_time()
            at = min([arrives_at, *(time for time, _ in due)])
            if at > until:
                self.now = until
                return
            self.now = at
            if arrives_at == at:
                self._arrive()
            else:
                self._tick(min(due)[1])
        raise AssertionError("never at rest")

    def _tick(self, hub: PeerId) -> None:
        outgoing, failures = self.streams[hub].expire(self.now)
        self.fail(failures)
        self.carry(hub, outgoing)

    def _arrive(self) -> None:
        (source, incarnation), out = self._air.receive_next()
        hub = out.destination
        if out.incarnation != self.incarnations[hub]:
            return
        if isinstance(out.body, Ack):
            again = self.streams[hub].on_ack(source, incarnation, out.body, self.now)
        else:
            ready, again = self.streams[hub].on_segment(source, incarnation, out.body, self.now)
            told = self.delivered.setdefault((source, hub), [])
            told.extend(number_of(news) for news in ready)
        self.carry(hub, again)

    # What the hubs do

    def send(self, source: PeerId, to: PeerId, lifetime: float | None = None) -> None:
        number = len(self.fates)
        incarnation = self.views[source][to]
        give_up_at = None if lifetime is None else self.now + lifetime
        self.fates.append(Fate(source, to, incarnation, give_up_at))
        news: News = control(number)
        if lifetime is not None:
            news = signal(number, 1 + number % 300, self.flow(number))
        answer = self.streams[source].send(to, incarnation, news, self.now, lifetime)
        if isinstance(answer, Failure):
            self.fail([answer])
        elif answer is not None:
            self.carry(source, [answer])

    def flow(self, number: int) -> str:
        """Return who has sent news: of signals one of three clients, of the rest the hub."""
        return "0" if self.fates[number].give_up_at is None else "367"[number % 3]

    def fail(self, failures: list[Failure]) -> None:
        for failure in failures:
            fate = self.fates[number_of(failure.news)]
            assert fate.failed_at is None, "failed twice"
            fate.failed_at = self.now
            assert fate.give_up_at is None or self.now <= fate.give_up_at, "failed late"

    def learn(self, hub: PeerId, other: PeerId) -> None:
        known, incarnation = self.views[hub][other], self.incarnations[other]
        self.views[hub][other] = incarnation
        if known >= self.first_incarnations[other]:
            self.streams[hub].rose(other, incarnation)
        self.fail(self.streams[hub].restarted(other, incarnation))

    def forget(self, hub: PeerId, other: PeerId) -> None:
        self.streams[hub].forget(other, self.now)
        for fate in self.fates:
            if fate.source == hub and fate.destination == other and fate.give_up_at is None:
                fate.is_excused = True

    def restart(self, hub: PeerId) -> None:
        self.incarnations[hub] += 1
        self.first_incarnations[hub] = self.incarnations[hub]
        self.streams[hub] = self._begin()
        for fate in self.fates:
            fate.is_excused |= fate.source == hub

    def rise(self, hub: PeerId) -> None:
        """Let a hub go on under another incarnation."""
        self.incarnations[hub] += 1

    def do(self, step: Step) -> None:
        kind, which, offset, amount = step
        hub = self.hubs[which % len(self.hubs)]
        other = self.hubs[(which + 1 + offset % (len(self.hubs) - 1)) % len(self.hubs)]
        match kind:
            case "signal" | "control":
                for _ in range(amount):
                    self.send(hub, other, 0.2 * amount if kind == "signal" else None)
            case "loss" | "delay" | "repeat":
                self._spoil(kind, amount)
            case "wait":
                self.run(self.now + amount**2 / 50)
            case "reroute":
                self.carry(hub, self.streams[hub].resend(other, self.now))
            case "learn":
                self.learn(hub, other)
            case "forget":
                self.forget(hub, other)
            case "restart":
                self.restart(hub)
            case "rise":
                self.rise(hub)

    def _spoil(self, kind: str, amount: int) -> None:
        match kind:
            case "loss":
                self.loss = min(1.0, amount / 15)
            case "delay":
                self.longest = 0.02 + amount**2 / 100
            case "repeat":
                self.repeats = amount / 20

    # What must be true of it

    def settle(self) -> None:
        """Let the path be good, all hubs know each other, and all be said."""
        self.loss, self.repeats, self.longest = 0.0, 0.0, 0.02
        pairs = [(hub, other) for hub in self.hubs for other in self.hubs if hub != other]
        for pair in pairs:
            self.learn(*pair)
        self.run(self.now + 20.0)
        before = len(self.fates)
        for pair in pairs:
            self.send(*pair, lifetime=0.5)
            self.send(*pair)
        self.run(self.now + 1.0)
        told = {number for numbers in self.delivered.values() for number in numbers}
        assert told.issuperset(range(before, len(self.fates))), "a stream does not go on"
        assert not any(len(streams) for streams in self.streams.values()), "not acknowledged"
        assert not any(one._queued.size for one in self.streams.values()), "still counted"

    def check(self) -> None:
        """Once, what one client says in order, and nothing vanished."""
        for (source, hub), numbers in self.delivered.items():
            assert len(numbers) == len(set(numbers)), "repeated"
            for flow in "0367":
                mine = [number for number in numbers if self.flow(number) == flow]
                assert mine == sorted(mine), "out of order"
            for number in numbers:
                fate = self.fates[number]
                assert (fate.source, fate.destination) == (source, hub)
        told = {number for numbers in self.delivered.values() for number in numbers}
        for number, fate in enumerate(self.fates):
            is_void = (
                fate.give_up_at is None and fate.incarnation < self.incarnations[fate.destination]
            )
            excused = fate.is_excused or is_void or fate.failed_at is not None
            assert excused or number in told, "vanished"


def play(steps: list[Step], seed: int, hubs: int = 2) -> World:
    """Go through the steps, let all come to rest, and check what became of it."""
    world = World(Random(seed), HUBS[:hubs])
    for step in steps:
        world.do(step)
    world.settle()
    world.check()
    return world


def chance_steps(seed: int, count: int = 40) -> list[Step]:
    """Return steps as chance has them, the same for the same seed."""
    rng = Random(seed)
    return [
        (rng.choice(KINDS), rng.randrange(3), rng.randrange(2), rng.randrange(16))
        for _ in range(count)
    ]
