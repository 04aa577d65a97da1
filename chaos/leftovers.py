"""What is left at the end: descriptors in hubs without clients, and processes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from chaos.allowances import DESCRIPTORS, DESCRIPTORS_WITHIN
from chaos.waiting import wait_until_nothing

if TYPE_CHECKING:
    from chaos.hubs import Hubs


async def leak(hubs: Hubs) -> str:
    """Say which hubs keep more open than they need; nothing where it cannot be seen."""

    async def kept() -> str:
        counts = {
            hub.number: len(os.listdir(f"/proc/{hub.process.pid}/fd"))
            for hub in hubs.all
            if hub.process is not None and hub.process.is_alive
        }
        found = [(hub, count) for hub, count in counts.items() if count > DESCRIPTORS]
        return ", ".join(f"hub {hub} has {count} descriptors open" for hub, count in found)

    return await wait_until_nothing(kept, DESCRIPTORS_WITHIN) if sys.platform == "linux" else ""


def is_there(pid: int) -> bool:
    """Tell whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
