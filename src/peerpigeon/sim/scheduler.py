"""The virtual clock: what will happen when, in one heap."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Callback: TypeAlias = "Callable[[], object]"
"""Something to do when its time has come; what it returns is ignored."""

Consumer: TypeAlias = "Callable[..., object]"
"""Like a callback, but it takes the thing that was handed to the scheduler with it."""

_NOTHING = object()


class Scheduler:
    """Callbacks in the order of their times; for one time, in the order in which they were added.

    Times are seconds since the beginning of the world. The clock moves only from one callback to
    the next.
    """

    __slots__ = ("_alarms", "_heap", "_made", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Consumer, object]] = []
        self._made = 0
        self._alarms = 0

    @property
    def done(self) -> int:
        """How many callbacks have been carried out."""
        return self._made - len(self._heap)

    def at(self, time: float, callback: Callback) -> None:
        """Have ``callback`` carried out at ``time``, or at once if that is over."""
        self.hand(time, callback, _NOTHING)

    def hand(self, time: float, consumer: Consumer, thing: object) -> None:
        """Have ``thing`` handed to ``consumer`` at ``time``, or at once if that is over.

        A million frames go this way, so it makes nothing but one entry of the heap.
        """
        self._made = made = self._made + 1
        heapq.heappush(self._heap, (time if time > self.now else self.now, made, consumer, thing))

    def alarm(self, time: float, callback: Callback) -> None:
        """Like ``at``, for what only wakes a party: the world may be quiet before it."""
        self._alarms += 1
        self.hand(time, self._ring, callback)

    def _ring(self, callback: Callback) -> None:
        self._alarms -= 1
        callback()

    def step(self) -> None:
        """Move the clock to the next callback and carry it out."""
        self.now, _, consumer, thing = heapq.heappop(self._heap)
        if thing is _NOTHING:
            consumer()
        else:
            consumer(thing)

    def run_until(self, time: float) -> None:
        """Carry out everything up to and including ``time``, and stand there."""
        heap, step = self._heap, self.step
        while heap and heap[0][0] <= time:
            step()
        self.now = max(self.now, time)

    def next_time(self) -> float | None:
        """Return when the next callback is due."""
        return self._heap[0][0] if self._heap else None

    def is_quiet(self, lull: float) -> bool:
        """Tell whether nothing is under way, and no alarm rings within ``lull`` seconds."""
        if len(self._heap) > self._alarms:
            return False
        return not self._heap or self._heap[0][0] > self.now + lull
