"""What one SCTP association costs: two of them back to back, in memory.

python -m benchmarks.sctp
"""

from __future__ import annotations

import random
import time

from peerpigeon.rtc.sctp import Association, Received

MTU = 1160
ROUNDS = 5
MESSAGES = 6000
CASES = ((100, 1), (1000, 1), (1000, 8), (100, 32), (1000, 64), (16384, 4))
"""Bytes of a message, and how many are sent in one turn."""


class Pair:
    """Two associations, and the time that both see."""

    def __init__(self) -> None:
        self.now = 0.0
        self.one, self.other = (Association(mtu=MTU, rng=random.Random(n)) for n in (1, 2))  # noqa: S311
        for end in (self.one, self.other):
            end.connect(self.now)
        self.exchange()

    def exchange(self) -> int:
        """Carry packets until there are none; return how many messages have come."""
        count = 0
        while True:
            there, back = self.one.packets(self.now), self.other.packets(self.now)
            if not there and not back:
                return count
            for packet in there:
                self.other.receive(packet, self.now)
            for packet in back:
                self.one.receive(packet, self.now)
            self.one.events()
            count += sum(isinstance(event, Received) for event in self.other.events())

    def turn(self, message: bytes, times: int) -> int:
        """Send a message so many times; return how many have come."""
        self.now += 0.001
        for _ in range(times):
            self.one.send(message)
        for end in (self.one, self.other):
            deadline = end.deadline()
            if deadline is not None and deadline <= self.now:
                end.tick(self.now)
        return self.exchange()


def cost(size: int, times: int) -> float:
    """Return the least seconds of CPU for one message, of several rounds."""
    pair, message = Pair(), bytes(size)
    figures = []
    for _ in range(ROUNDS):
        begun, count = time.process_time(), 0
        while count < MESSAGES * 1000 // max(size, 1000):
            count += pair.turn(message, times)
        figures.append((time.process_time() - begun) / count)
    return min(figures)


def main() -> None:
    """Print the table."""
    print("bytes   in a turn   us/message, both ends")  # noqa: T201
    for size, times in CASES:
        print(f"{size:5}   {times:9}   {1e6 * cost(size, times):.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
