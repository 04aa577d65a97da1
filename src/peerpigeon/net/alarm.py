"""Wakes the hub when something in it comes due."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Alarm:
    """One timer of an event loop, always set to what is due next."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        deadline: Callable[[], float | None],
        ring: Callable[[], None],
    ) -> None:
        """``deadline``: when the next thing is due, if anything is; ``ring`` is called then."""
        self._loop = loop
        self._deadline = deadline
        self._ring = ring
        self.will_look = False
        """Whether it looks at the deadline before this turn of the loop is over."""
        self._timer: asyncio.TimerHandle | None = None
        self._set_to: float | None = None
        self._not_before = 0.0
        self._is_over = False

    def look_soon(self) -> None:
        """Look at the deadline, which may be another one now, once in a turn of the loop.

        That of a whole hub costs more than most events.
        """
        self.will_look = True
        self._loop.call_soon(self._look)

    def rest_until(self, when: float) -> None:
        """Do not ring before, whatever is due."""
        self._not_before = when

    def stop(self) -> None:
        """Ring no more."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self.will_look = False
        if self._is_over:
            return
        deadline = self._deadline()
        if deadline is not None and deadline < self._not_before:
            deadline = self._not_before
        if deadline == self._set_to:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._set_to = deadline
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._go_off)

    def _go_off(self) -> None:
        self._set_to = None
        self._ring()
