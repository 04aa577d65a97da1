"""The machine under a measurement: its cores, what runs on them, and its name in a report."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.environment import PACKAGES, node

if TYPE_CHECKING:
    from collections.abc import Iterator

FEWEST_CORES = 2
LIBRARIES = ("uvloop", "websockets", "msgspec", "aiohttp", "aiortc", "libdatachannel-py")
SPARE_FILES = 200
"""Open files that a process has besides its clients' sockets."""

_cores = sorted(os.sched_getaffinity(0))


def has_cores() -> bool:
    """Tell whether a server and the generator can have a core each."""
    return len(_cores) >= FEWEST_CORES


def server_core(number: int = 0) -> int:
    """Return the core for a server; one of several has its own as far as there are enough."""
    return _cores[number % len(_cores)]


def generator_core() -> int:
    """Return the core for the load generator."""
    return _cores[-1]


@contextmanager
def started_on(core: int, priority: int = 0) -> Iterator[None]:
    """Have what is started meanwhile, all its threads included, run on one core.

    ``priority`` is added to its niceness; below 0 it needs a privilege.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    if priority:
        os.setpriority(os.PRIO_PROCESS, 0, usual + priority)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        if priority:
            os.setpriority(os.PRIO_PROCESS, 0, usual)


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def cpu(pid: int) -> float:
    """Return the CPU seconds a process has used so far."""
    # proc(5): utime and stime are fields 14 and 15; the name, field 2, may hold spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def most_clients() -> int:
    """Return how many sockets one process may have, after raising the limit as far as it goes."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # A client also needs a local port of its own.
    low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    return min(hard, int(high) - int(low)) - SPARE_FILES


class OtherWork:
    """How busy the machine was with what is not ours: the main doubt about every figure."""

    def __init__(self) -> None:
        self._before = _busy()
        self._began = time.monotonic()

    def cores(self, own: float) -> float:
        """Return how many cores were taken on average, less ``own`` CPU seconds."""
        took = time.monotonic() - self._began
        return max(0.0, (_busy() - self._before - own) / took)


def _busy() -> float:
    names = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    ticks = [int(text) for text in names[:8]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")


def describe(python: str = sys.executable) -> dict[str, str]:
    """Return what a figure depends on, for the head of a report."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": f"{_cpu_name()}, {len(_cores)} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **_libraries(),
        **_of_node(),
        **({} if python == sys.executable else {"other python": _say(python, "--version")}),
    }


def _libraries() -> dict[str, str]:
    found = {}
    for name in ("peerpigeon", *LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _of_node() -> dict[str, str]:
    found = {"node": _say(node(), "--version")}
    for name in ("peerpigeon", "ws"):
        path = PACKAGES / name / "package.json"
        if path.exists():
            found[f"npm {name}"] = json.loads(path.read_text())["version"]
    return found


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _say(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
