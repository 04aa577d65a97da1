"""Which keys are due when: the deadlines of many things behind one alarm."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar, overload

K = TypeVar("K", bound=int)


LATE = 0.5
"""Seconds by which a deadline is only noticed too late if this process stood still. What is awaited
may have come meanwhile, and wait to be read."""


@overload
def earliest(certain: float, /, *times: float | None) -> float: ...


@overload
def earliest(*times: float | None) -> float | None: ...


def earliest(*times: float | None) -> float | None:
    """Return the first of ``times`` that are set; each hub asks after each event."""
    first = None
    for time in times:
        if time is not None and (first is None or time < first):
            first = time
    return first


class TimerQueue(Generic[K]):
    """Keys with one time each; times may be moved, and moving costs O(log n)."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[K, float] = {}
        # A moved or dropped key leaves its old entry behind; it is skipped when it comes up.
        self._heap: list[tuple[float, K]] = []

    def set(self, key: K, when: float) -> None:
        """Have ``key`` come up at ``when``, not at the time it had before."""
        self._due[key] = when
        heapq.heappush(self._heap, (when, key))

    def drop(self, key: K) -> None:
        """Forget ``key`` if it is there."""
        self._due.pop(key, None)

    def expire(self, now: float) -> list[K]:
        """Take out and return the keys due by ``now``, earliest first; ties by key."""
        due: list[K] = []
        while (when := self.deadline()) is not None and when <= now:
            key = heapq.heappop(self._heap)[1]
            del self._due[key]
            due.append(key)
        return due

    def deadline(self) -> float | None:
        """Return when the next key comes up."""
        while self._heap:
            when, key = self._heap[0]
            if self._due.get(key) == when:
                return when
            heapq.heappop(self._heap)
        return None
