"""Waiting for a state, with an end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.02


async def comes_true(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; return whether it was within that time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        if is_so():
            return True
        if loop.time() > end:
            return False
        await asyncio.sleep(PAUSE)
