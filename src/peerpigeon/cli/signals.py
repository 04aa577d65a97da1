"""What the system sends a process that is to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def when_asked_to_end(end: Callable[[], None]) -> None:
    """Have ``end`` called in the running loop, each time that the process is asked to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no handlers in the loop; there Ctrl-C ends the runner.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, end)
