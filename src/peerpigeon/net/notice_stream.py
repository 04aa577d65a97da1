"""Notices for a program that reads them in its own time."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from peerpigeon.core.interface.notices import ErrorOccurred, Stopped

if TYPE_CHECKING:
    from peerpigeon.core.interface.notices import Notice

LIMIT = 4096
"""Notices that may wait for their reader: the server never waits for it."""


class NoticeStream:
    """The notices of one run of a server, up to ``Stopped``, for one reader.

    Once ``LIMIT`` notices wait, later ones are left out until the reader has taken those. Then an
    ``ErrorOccurred`` says how many were left out. ``Stopped`` never is.
    """

    def __init__(self) -> None:
        self._waiting: deque[Notice] = deque()
        self._missed = 0
        self._has_stopped = self._is_over = False
        self._has_some = asyncio.Event()

    def put(self, notice: Notice) -> None:
        """Take a notice; what comes after ``Stopped`` belongs to another run."""
        if self._has_stopped:
            return
        if isinstance(notice, Stopped):
            self._has_stopped = True
        elif self._missed or len(self._waiting) >= LIMIT:
            self._missed += 1
        else:
            self._waiting.append(notice)
        self._has_some.set()

    def __aiter__(self) -> NoticeStream:
        return self

    async def __anext__(self) -> Notice:
        while not self._is_over:
            if self._waiting:
                return self._waiting.popleft()
            if self._missed:
                missed, self._missed = self._missed, 0
                return ErrorOccurred(f"{missed} notices were left out: their reader is too slow")
            if self._has_stopped:
                self._is_over = True
                return Stopped()
            self._has_some.clear()
            await self._has_some.wait()
        raise StopAsyncIteration
