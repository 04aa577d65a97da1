"""How late the event loop is: a timer that looks at the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.counts import Histogram

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

EVERY = 0.25
"""Seconds between two looks. Each takes some microseconds, and shows a stall that lasts longer than
this for certain, a shorter one as often as it is long."""


class LoopLag:
    """Measures from ``start`` to ``stop``, and calls ``then`` after each look.

    ``clock`` is exact, as that of the loop needs not be.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        then: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._then = then
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.times = Histogram()
        """Seconds by which a timer came late."""

    def start(self) -> None:
        """Begin to measure, if that is not so."""
        if self._timer is None:
            self._set()

    def stop(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self) -> None:
        self._due = self._clock() + EVERY
        self._timer = self._loop.call_later(EVERY, self._look)

    def _look(self) -> None:
        self.times.observe(max(0.0, self._clock() - self._due))
        self._then()
        self._set()
