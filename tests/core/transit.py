"""What is on its way between the parts of a small world: one queue for all such worlds."""

from __future__ import annotations

import heapq
from itertools import chain
from math import inf
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

Line = TypeVar("Line", bound="Hashable")
Thing = TypeVar("Thing")


class Transit(Generic[Line, Thing]):
    """Things on their way, each on a line of its world's own kind (a link, a pair of hubs).

    They arrive in the order of their times, and those of one time in the order in which they
    were sent. A world without time sends all at 0.
    """

    def __init__(self) -> None:
        self._lines: dict[Line, list[tuple[float, int, Thing]]] = {}
        self._sent = 0

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Thing]:
        """Go over all that is on its way, in the order of arrival."""
        return (thing for _, _, thing in sorted(chain(*self._lines.values())))

    def send(self, line: Line, thing: Thing, arrives_at: float = 0.0) -> None:
        self._sent += 1
        heapq.heappush(self._lines.setdefault(line, []), (arrives_at, self._sent, thing))

    def busy_lines(self) -> list[Line]:
        """Return the lines with something on its way, those that were used first before others."""
        return [line for line, things in self._lines.items() if things]

    def next_time(self) -> float:
        """Return when the next thing arrives, or infinity."""
        return min((things[0][0] for things in self._lines.values() if things), default=inf)

    def receive_next(self) -> tuple[Line, Thing]:
        """Take what arrives before all else, and return the line it came on."""
        line = min(self.busy_lines(), key=lambda line: self._lines[line][0][:2])
        return line, self.receive(line)

    def receive(self, line: Line) -> Thing:
        """Take what arrives next on a line."""
        return heapq.heappop(self._lines[line])[2]

    def lose(self, line: Line) -> None:
        """Forget what is on its way on a line."""
        self._lines.pop(line, None)

    def lose_all(self) -> None:
        self._lines.clear()
