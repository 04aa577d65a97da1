"""What is left at the end: descriptors in hubs without clients, and processes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.hubs import Hubs

PATIENCE = 40
"""Looks, half a second apart, until a hub must have closed what it does not need."""

MOST = 64
"""Descriptors of a hub without clients: a dozen of its own, and a dozen for each link."""


async def leaks(hubs: Hubs) -> list[str]:
    """Say which hubs keep more open than they need; nothing where it cannot be seen."""
    if sys.platform != "linux":
        return []
    for _ in range(PATIENCE):
        open_now = {
            hub.number: len(os.listdir(f"/proc/{hub.process.pid}/fd"))
            for hub in hubs.all
            if hub.process is not None and hub.process.is_alive
        }
        found = {number: count for number, count in open_now.items() if count > MOST}
        if not found:
            return []
        await asyncio.sleep(0.5)
    return [f"hub {number} has {count} descriptors open" for number, count in found.items()]


def is_there(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
