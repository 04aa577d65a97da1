"""Two associations and the path between them, in virtual time."""

import heapq
import random
from collections.abc import Callable

from peerpigeon.rtc.sctp import Association, Ended, Opened, Received

MTU = 1160
DELAY = 0.01  # seconds one way


class Side:
    """One end, and what it has told."""

    def __init__(self, seed: int, mtu: int = MTU) -> None:
        self.association = Association(mtu=mtu, rng=random.Random(seed))
        self.messages: list[bytes] = []
        self.reasons: list[str] = []
        self.is_open = False
        self.sent = 0

    def note(self) -> None:
        for event in self.association.events():
            assert not self.reasons, "something after the end"
            match event:
                case Opened():
                    assert not self.is_open
                    self.is_open = True
                case Received(message):
                    assert self.is_open
                    self.messages.append(message)
                case Ended(reason):
                    self.reasons.append(reason)


class Path:
    """Carries packets with a delay; may lose, double and reorder them."""

    def __init__(self, seed: int = 1, *, mtu: int = MTU) -> None:
        self.now = 100.0
        self.one, self.other = Side(2 * seed, mtu), Side(2 * seed + 1, mtu)
        self.rng = random.Random(seed)
        self.loss = 0.0
        self.doubling = 0.0
        self.jitter = 0.0
        self.is_lost: Callable[[Side, bytes], bool] = lambda _, __: False
        self._count = 0
        self._under_way: list[tuple[float, int, Side, bytes]] = []

    def connect(self) -> None:
        """Open the association, begun by both."""
        for side in (self.one, self.other):
            side.association.connect(self.now)
        self.run_until(lambda: self.one.is_open and self.other.is_open)

    def run_until(self, is_so: Callable[[], bool], within: float = 300.0) -> None:
        """Let time go by until a condition is true."""
        end = self.now + within
        while True:
            self.turn(self.one, self.other)
            self.turn(self.other, self.one)
            if is_so():
                return
            self._pass_time()
            assert self.now < end, "it has not come to be"

    def run(self, seconds: float) -> None:
        """Let so much time go by."""
        end = self.now + seconds
        while self.now < end:
            self.turn(self.one, self.other)
            self.turn(self.other, self.one)
            if not self.has_more() or self._next() > end:
                self.now = end
                return
            self._pass_time()

    def turn(self, side: Side, target: Side) -> None:
        """What an engine does at the end of a turn."""
        side.note()
        for packet in side.association.packets(self.now):
            assert len(packet) <= MTU or side.association is not self.one.association
            side.sent += 1
            if self.rng.random() < self.loss or self.is_lost(side, packet):
                continue
            for _ in range(2 if self.rng.random() < self.doubling else 1):
                at = self.now + DELAY + self.jitter * self.rng.random()
                self._count += 1
                heapq.heappush(self._under_way, (at, self._count, target, packet))

    def has_more(self) -> bool:
        return bool(self._under_way) or any(self._deadlines())

    def _deadlines(self) -> list[float]:
        deadlines = (side.association.deadline() for side in (self.one, self.other))
        return [each for each in deadlines if each is not None]

    def _next(self) -> float:
        return min([at for at, *_ in self._under_way[:1]] + self._deadlines())

    def _pass_time(self) -> None:
        assert self.has_more(), "nothing will ever happen again"
        self.now = max(self.now, self._next())
        while self._under_way and self._under_way[0][0] <= self.now:
            _, _, target, packet = heapq.heappop(self._under_way)
            target.association.receive(packet, self.now)
        for side in (self.one, self.other):
            deadline = side.association.deadline()
            if deadline is not None and deadline <= self.now:
                side.association.tick(self.now)
