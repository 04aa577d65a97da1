"""One hub as a process, known by the events it writes and by how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from peerpigeon.core.config import LOCAL_PORT_RETRIES, PREFIX
from peerpigeon.local_mesh.status import HubStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINE_LIMIT = 1024 * 1024
"""Bytes of one line; an event is far shorter."""

ERROR_LINES_KEPT = 20
"""Lines of standard error that are kept: the last one tells why a hub could not start."""


class HubProcess:
    """A hub, from its start to the end of its process."""

    def __init__(self, number: int, changed: Callable[[], None]) -> None:
        self.status = HubStatus(number)
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._error_lines: deque[str] = deque(maxlen=ERROR_LINES_KEPT)
        self.listens = asyncio.Event()
        """Set when it listens, and when it is dead, so that nobody waits for ever."""

    async def run(self, environment: Mapping[str, str]) -> None:
        """Run the hub until its process has ended."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "peerpigeon", "hub", "--events", "--log-format", "human"),
            env=environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            limit=LINE_LIMIT,
            # Ctrl-C in a terminal is for the command, which then ends its hubs. If the command
            # was killed, its hubs end because their events have no reader any more.
            start_new_session=True,
        )
        self._process = process
        try:
            async with asyncio.TaskGroup() as readers:
                readers.create_task(self._read_events(process))
                readers.create_task(self._read_error_lines(process))
            await process.wait()
        finally:
            self.kill()
            await process.wait()
            self.update(self.status.died(self._cause(process)))
            self.listens.set()

    def update(self, status: HubStatus) -> None:
        """Take a new status of the hub; the last one stays once the process has ended."""
        if status != self.status and not self.status.is_dead:
            self.status = status
            self._changed()

    def terminate(self) -> bool:
        """Ask it to end in good order; return whether its process is running."""
        return self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> bool:
        if self._process is None or self._process.returncode is not None:
            return False
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        return True

    async def _read_events(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        async for line in process.stdout:
            with suppress(json.JSONDecodeError):  # not an event
                self.update(self.status.heard(json.loads(line)))
            if self.status.port:
                self.listens.set()

    async def _read_error_lines(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101 - it was asked for
        async for line in process.stderr:
            self._error_lines.append(line.decode(errors="replace").strip())

    def _cause(self, process: asyncio.subprocess.Process) -> str:
        code = process.returncode
        if code is not None and code < 0:
            return f"killed by {_signal_name(-code)}"
        if code and self._error_lines:
            return self._error_lines[-1]
        return f"ended with status {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def environment_of_hub(
    options: Mapping[str, str], port: int, bootstrap: str | None
) -> dict[str, str]:
    """Return the environment for a hub of the mesh: ours, ``options``, and its own place.

    Variables with our prefix would go before ``options``, and are left out.
    """
    environment = {
        name: text
        for name, text in os.environ.items()
        if name not in _PER_HUB and not name.startswith(PREFIX)
    }
    # The first hub has no hub to dial; without this it would look for one outside of the mesh.
    # Nobody else knows the ports of this mesh, so any that is free will do.
    # Who tries a mesh does not want to wait when a hub of it is stopped.
    environment.setdefault("DRAIN_TIME", "0")
    environment.setdefault("MAX_PORT_RETRIES", str(LOCAL_PORT_RETRIES))
    own = {"PORT": str(port), "AUTO_CONNECT": "false" if bootstrap is None else "true"}
    return {**environment, **options, **own, "BOOTSTRAP_HUBS": bootstrap or ""}


_PER_HUB = {
    *("HUB_ID", "HUB_IDENTITY", "HUB_MEMBERS", "ADVERTISE", "EVENTS", "LOG_FORMAT"),
    *("UDS", "TLS_CERT", "TLS_KEY"),
}
"""Variables that must differ between hubs, and those that the supervisor decides."""
