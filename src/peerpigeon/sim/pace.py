"""When the process of a hub gets round to what comes: at once, slowly, or not while asleep."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.interface.events import Event
    from peerpigeon.sim.scheduler import Callback, Scheduler


class Pace:
    """How one process works: without delay, unless it is made slow or put to sleep."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.service_time = 0.0
        """Seconds that each event takes it; what comes meanwhile waits."""
        self._scheduler = scheduler
        self._life = 0
        self._busy_until = 0.0
        self._waiting: list[Callback] | None = None  # while it is asleep

    @property
    def is_asleep(self) -> bool:
        """Whether what comes waits until it is woken."""
        return self._waiting is not None

    def end(self) -> None:
        """Forget what waits: the process is gone."""
        self._life += 1
        self._waiting = None

    def fall_asleep(self) -> None:
        """Stop working: what comes waits."""
        if self._waiting is None:
            self._waiting = []

    def wake_up(self) -> None:
        """Go on, first of all with what has come meanwhile."""
        waiting, self._waiting = self._waiting or [], None
        for callback in waiting:
            callback()

    def when_awake(self, callback: Callback) -> None:
        """Carry ``callback`` out now, or when the process goes on."""
        if self._waiting is None:
            callback()
        else:
            self._waiting.append(callback)

    def handle(self, handler: Callable[[Event], None], event: Event) -> None:
        """Have an event handled, now or as soon as the process gets round to it."""
        if self._waiting is not None:
            self._waiting.append(partial(handler, event))
        elif not self.service_time:
            handler(event)
        else:
            self._busy_until = max(self._busy_until, self._scheduler.now) + self.service_time
            self._scheduler.hand(self._busy_until, self._resume, (self._life, handler, event))

    def _resume(self, what: tuple[int, Callable[[Event], None], Event]) -> None:
        life, handler, event = what
        if life == self._life:
            self.when_awake(partial(handler, event))
