"""Shows a local mesh to a person: a picture that is redrawn in place, or a line for each change."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from peerpigeon.local_mesh.summary import changes, in_words, totals
from peerpigeon.local_mesh.view import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from peerpigeon.local_mesh.status import HubStatus
    from peerpigeon.local_mesh.supervisor import Supervisor

    Hints = Callable[[Sequence[HubStatus]], Sequence[str]]

REDRAW_INTERVAL = 0.2
"""The shortest time between two looks at the mesh, in seconds."""

IDLE_INTERVAL = 1.0
"""The longest time between two looks, in seconds: the size of the terminal may have changed."""

NEWS_KEPT = 100
FALLBACK_SIZE = (80, 24)

_SECOND_SCREEN, _FIRST_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"


class Lines:
    """A line for each change. ``hints`` are told once all hubs have started."""

    def __init__(self, supervisor: Supervisor, hints: Hints, stream: TextIO) -> None:
        self._supervisor = supervisor
        self._hints = hints
        self._stream = stream
        self._seen = supervisor.statuses
        self._has_hinted = False

    async def run(self) -> None:
        """Show the mesh until cancelled, and then once more."""
        self.open()
        try:
            while True:
                self._supervisor.changed.clear()
                self.look()
                await asyncio.sleep(REDRAW_INTERVAL)
                await self._wait()
        finally:
            self.look()
            self.close()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE_INTERVAL):
                await self._supervisor.changed.wait()
        except TimeoutError:
            return

    def open(self) -> None:
        """Say what is being done: it takes seconds until the first hub listens."""
        self.write(f"{_moment()}  {in_words(totals(self._seen))}\n")

    def close(self) -> None:
        """Leave the stream as it was."""

    def look(self) -> None:
        """Show the mesh as it is now."""
        before = totals(self._seen)
        lines = self.news()
        if totals(self._seen) != before:
            lines.append(f"{' ' * len(_moment())}  {in_words(totals(self._seen))}")
        self.write("".join(f"{line}\n" for line in lines))
        if not self._has_hinted and all(hub.port or hub.is_dead for hub in self._seen):
            self._has_hinted = True
            self.write("".join(f"{hint}\n" for hint in self._hints(self._seen)))

    def news(self) -> list[str]:
        """Return what has changed since the last look, with the time."""
        before, self._seen = self._seen, self._supervisor.statuses
        return [f"{_moment()}  {change}" for change in changes(before, self._seen)]

    def write(self, text: str) -> None:
        """Write and show at once."""
        self._stream.write(text)
        self._stream.flush()


def _moment() -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}"


class Screen(Lines):
    """A picture on the second screen of a terminal, so that what was there before comes back."""

    def __init__(self, supervisor: Supervisor, hints: Hints, stream: TextIO) -> None:
        super().__init__(supervisor, hints, stream)
        self._is_coloured = not os.environ.get("NO_COLOR")
        self._history: deque[str] = deque(maxlen=NEWS_KEPT)
        self._lines: list[str] = []

    def open(self) -> None:
        """Go to the second screen."""
        self.write(_SECOND_SCREEN + _HIDE_CURSOR)

    def close(self) -> None:
        """Go back to the first one, and leave the last picture there."""
        text = "".join(f"{line}\n" for line in self._lines)
        self.write(_SHOW_CURSOR + _FIRST_SCREEN + text)

    def look(self) -> None:
        """Draw the mesh as it is now over the last picture."""
        self._history.extend(self.news())
        self._lines = picture(
            self._seen,
            self._hints(self._seen),
            tuple(self._history),
            self._size(),
            is_coloured=self._is_coloured,
        )
        body = "\n".join(line + _CLEAR_LINE for line in self._lines)
        self.write(_HOME + body + _CLEAR_BELOW)

    def _size(self) -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(self._stream.fileno())
        except OSError:
            return FALLBACK_SIZE
        return (columns, lines) if columns and lines else FALLBACK_SIZE
