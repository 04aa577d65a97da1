"""Waiting for a state that can only be looked at."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LOOK = 0.25
"""Seconds between two looks."""


async def wait_until_nothing(lacks: Callable[[], Awaitable[str]], within: float) -> str:
    """Look until nothing is lacking; return "", or what is lacking after so many seconds."""
    deadline = time.monotonic() + within
    while True:
        what = await lacks()
        if not what or time.monotonic() > deadline:
            return what
        await asyncio.sleep(LOOK)
