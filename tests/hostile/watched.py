"""A hub process, and what the system tells of it: memory and descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.hostile.scene import FORGED
from tests.mesh.processes import HubProcess

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KIB = 1024
PROGRAMS = {
    "uvloop": ("-m", "peerpigeon"),
    "asyncio": (
        "-c",
        "import sys; sys.modules['uvloop'] = None\n"
        "from peerpigeon.cli.main import main\n"
        "raise SystemExit(main())",
    ),
}
"""What Python is to run, by event loop: without uvloop a hub takes asyncio's own."""


class Watched:
    """One hub, with its log in a file."""

    def __init__(self, process: HubProcess, log: Path) -> None:
        self.process = process
        self._log = log
        self._proc = Path(f"/proc/{process.pid}")
        self.most_descriptors = 0

    @property
    def memory(self) -> int:
        """Resident bytes now."""
        return self._status("VmRSS")

    @property
    def most_memory(self) -> int:
        """Resident bytes at the worst time since `forget_most`."""
        return self._status("VmHWM")

    def forget_most(self) -> None:
        """Begin anew to keep the worst."""
        (self._proc / "clear_refs").write_text("5")
        self.most_descriptors = self.descriptors

    @property
    def descriptors(self) -> int:
        """Open ones now."""
        return len(os.listdir(self._proc / "fd"))

    @property
    def processor_time(self) -> float:
        """Seconds that it has used in all."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def watch(self) -> None:
        """Keep the most descriptors, until cancelled."""
        with contextlib.suppress(FileNotFoundError):
            while True:
                self.most_descriptors = max(self.most_descriptors, self.descriptors)
                await asyncio.sleep(0.02)

    def complaints(self) -> list[str]:
        """Return lines of the log that no input may cause."""
        lines = self._log.read_text(errors="replace").splitlines()
        signs = ("Traceback", "CRITICAL", "Error:", "exception", "never retrieved", "never awaited")
        return [
            line
            for line in lines
            if any(sign in line for sign in signs) or line.startswith(FORGED) or "\x1b" in line
        ]

    def _status(self, name: str) -> int:
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * KIB
        return 0


@asynccontextmanager
async def hub(
    folder: Path,
    number: int,
    *start: str,
    loop: str,
    descriptors: int = 0,
    source: Path | None = None,
    **options: Any,
) -> AsyncIterator[Watched]:
    """Run a hub with an event loop of some kind, of another source than this one if given."""
    log = folder / f"hub-{number}.log"
    with log.open("wb") as errors:
        program = (sys.executable, *PROGRAMS[loop])
        # The command line has flags for what is true or false, the environment has values.
        truths = {name: value for name, value in options.items() if isinstance(value, bool)}
        within = ("env", *(f"{name.upper()}={value}" for name, value in truths.items()))
        if source is not None:
            within += (f"PYTHONPATH={source}",)
        if descriptors:
            within += ("sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh")
        others = {name: value for name, value in options.items() if name not in truths}
        process = await HubProcess.start(
            *start, within=within, program=program, errors=errors, **others
        )
        try:
            yield Watched(process, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                await process.kill()
            await process.stop()
