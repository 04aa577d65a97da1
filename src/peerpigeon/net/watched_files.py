"""Files that are read again when they have changed: keys of tokens, certificates."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOOK_EVERY = 5.0
"""Seconds between looks at the files."""

FileMark: TypeAlias = tuple[tuple[int, int, int], ...] | None
"""What files look like from outside; ``None`` if one of them cannot be looked at."""


def mark_of(*paths: str | os.PathLike[str]) -> FileMark:
    """Return what differs once one of these files has changed."""
    try:
        found = [os.stat(path) for path in paths]
    except OSError:
        return None
    # The inode, because a file that takes the place of another may be as old and as long.
    return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)


class WatchedFiles:
    """Has each of ``reloads`` called in a thread every few seconds, and whenever that is asked.

    They do nothing if nothing has changed, and do not raise.
    """

    def __init__(self, reloads: Sequence[Callable[[], object]]) -> None:
        self._reloads = reloads
        self._asked = asyncio.Event()

    def look_soon(self) -> None:
        """Look at once, not only after the next few seconds."""
        self._asked.set()

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            for reload in self._reloads:
                await asyncio.to_thread(reload)
