"""The line in which connections wait for their next turn: nobody is heard while others wait."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio


class Waiting(Protocol):
    """What can wait in a line."""

    is_in_line: bool
    """Whether it waits for its turn; set by the line."""

    def read_on(self) -> None:
        """Take what one turn has room for, and wait again if that was not all."""


class Turns:
    """A line of which ``at_once`` have a turn in one turn of the event loop, longest waiting first.

    So a turn of the loop stays short however many there are.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, at_once: int) -> None:
        self._loop = loop
        self._at_once = at_once
        self._waiting: deque[Waiting] = deque()
        self._is_set = False  # whether the next ones will be heard in the next turn of the loop

    def wait(self, waiting: Waiting) -> None:
        """Have it read on when all others in the line have had a turn."""
        if not waiting.is_in_line:
            waiting.is_in_line = True
            self._waiting.append(waiting)
            self._set()

    def _set(self) -> None:
        if not self._is_set:
            self._is_set = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._is_set = False
        for _ in range(min(len(self._waiting), self._at_once)):
            first = self._waiting.popleft()
            first.is_in_line = False
            first.read_on()
        if self._waiting:
            self._set()
