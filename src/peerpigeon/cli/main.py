"""The command ``peerpigeon``: makes the process fit to run a command, then loads and runs it.

Loading takes most of a start's time, so that this module imports nothing else before it has to.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from peerpigeon.cli.collector import rest_while_loading, spare_what_stays
from peerpigeon.cli.exit_status import INTERRUPTED, READER_GONE, TERMINATED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    _open_standard_streams()
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, _end_as_process_1)
    try:
        rest_while_loading()
        from peerpigeon.cli.commands import run  # noqa: PLC0415

        spare_what_stays()
        try:
            return run(sys.argv[1:] if arguments is None else arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # At exit Python would try to write the rest again, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except KeyboardInterrupt:
        return INTERRUPTED


def _end_as_process_1(number: int, frame: FrameType | None) -> None:
    """Do what the system does with this signal for all other processes.

    For process 1, as which a container runs its command, it ignores signals without a handler
    (pid_namespaces(7)), and a server has one of its own only when it is loaded.
    """
    del number, frame
    os._exit(TERMINATED)


def _open_standard_streams() -> None:
    """Open the null device for each standard stream that was closed by whoever started this.

    Sockets would get their numbers, and be written to as log, or end the event loop: libuv aborts
    when it is to close one of them.
    """
    for descriptor, mode in enumerate(("r", "w", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, descriptor)
            os.set_inheritable(descriptor, True)  # noqa: FBT003 - the standard library has it so
            if opened != descriptor:
                os.close(opened)
            stream = os.fdopen(descriptor, mode, closefd=False)
            setattr(sys, ("stdin", "stdout", "stderr")[descriptor], stream)
