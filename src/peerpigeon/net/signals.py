"""The signals that ask the process to end, SIGTERM and SIGINT, or to read files again, SIGHUP."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def on_termination_signal(end: Callable[[signal.Signals], None]) -> None:
    """Call ``end`` in the running loop with each of the signals that the process gets."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no handlers in the loop; there Ctrl-C ends the runner.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, end, number)


def on_reload_signal(reload: Callable[[], None]) -> None:
    """Call ``reload`` in the running loop each time that the process gets SIGHUP.

    Only where there is something to read again: otherwise the signal goes on ending the process, as
    when its terminal is closed.
    """
    hangup = getattr(signal, "SIGHUP", None)  # there is none on Windows
    if hangup is not None:
        asyncio.get_running_loop().add_signal_handler(hangup, reload)
