"""The hubs that have not heard what they were told, and when to have them publish again.

What was given up to a hub has to be said again, and all of it: that is much. If it is given up
again, it comes faster than the hub takes it, so each time it waits for twice as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

FIRST_PAUSE = 0.5
"""Seconds, after news was given up for the first time: hubs return in crowds, and so it comes."""

LONGEST_PAUSE = 30.0
"""Seconds; no pause is doubled beyond this."""

QUIET = 60.0
"""Seconds after a pause in which nothing is given up again, until the next one is short."""


class Unheard:
    """When to ask which hub to publish its clients again."""

    def __init__(self) -> None:
        self._due: dict[PeerId, float] = {}
        self._pauses: dict[
            PeerId, tuple[float, float]
        ] = {}  # the last one, and until when it counts

    def note(self, hub: PeerId, now: float) -> float:
        """Note that news for a hub was given up; return the seconds until all is said again."""
        if hub in self._due:
            return self._due[hub] - now
        self._pauses = {other: last for other, last in self._pauses.items() if last[1] > now}
        pause = FIRST_PAUSE
        if hub in self._pauses:
            pause = min(2.0 * self._pauses[hub][0], LONGEST_PAUSE)
        self._pauses[hub] = pause, now + pause + QUIET
        self._due[hub] = now + pause
        return pause

    def forget(self, hub: PeerId) -> None:
        """Ask a hub that is gone nothing."""
        self._due.pop(hub, None)
        self._pauses.pop(hub, None)

    def take(self, now: float) -> list[PeerId]:
        """Take out the hubs that are to be asked now."""
        due = [hub for hub, when in self._due.items() if when <= now]
        for hub in due:
            del self._due[hub]
        return due

    def deadline(self) -> float | None:
        """Return when ``take`` has something to say."""
        return min(self._due.values(), default=None)
