"""The time of an event loop, such that many may keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def shared(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock that returns the same object as long as the time is the same.

    The loop's time changes once in a turn at most. A hub keeps some times of each client, and a
    number of its own takes 32 bytes.
    """
    last = clock()

    def moment() -> float:
        nonlocal last
        now = clock()
        if now != last:
            last = now
        return last

    return moment
