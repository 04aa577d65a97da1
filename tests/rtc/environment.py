"""What this machine has for the tests of channels that need more than Python."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HAS_LIBDATACHANNEL = find_spec("libdatachannel") is not None
ALONE = (
    "unshare",
    "--user",
    "--net",
    "--map-root-user",
    "sh",
    "-c",
    'ip link set lo up && exec "$@"',
)
"""A command's beginning that gives the rest of it a network of its own, with a loopback only."""


@cache
def lacking(group: str) -> str | None:
    """Say in one line why the tests marked `group` cannot run here, or None if they can."""
    match group:
        case "libdatachannel":
            if newer_python() is None:
                return "no Python 3.12 or newer found, which libdatachannel needs"
        case "namespace":
            if not _works([*ALONE, "sh", "true"]):
                return "no network namespace can be made (it takes unshare, ip, and the permission)"
        case "turn":
            if shutil.which("turnserver") is None:
                return "no TURN server found (install the package coturn)"
    return None


@cache
def newer_python() -> str | None:
    """Find a Python that libdatachannel can be installed for: one that runs, not just a name."""
    asks = "import ensurepip, ssl, sys, venv; sys.exit(sys.version_info < (3, 12))"
    there = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[2-4]*/bin/python")))
    for name in (sys.executable, "python3.13", "python3.12", "python3", *there):
        if _works([name, "-c", asks]):
            return name
    return None


SET_UP_TIMEOUT = 600.0
VENV = ".venv-libdatachannel"


def libdatachannel_python() -> str:
    """Return a Python that has this package and libdatachannel; make it if it is not there.

    That takes a minute the first time. Only for tests marked `libdatachannel`.
    """
    if HAS_LIBDATACHANNEL:
        return sys.executable
    chosen = {"PYTHON": newer_python() or "", "VENV": VENV}
    done = run(["sh", "scripts/setup.sh", "dev"], SET_UP_TIMEOUT, **chosen)
    assert done.returncode == 0, done.stdout
    return str(ROOT / VENV / "bin" / "python")


def run(command: list[str], timeout: float, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the checkout, with more in its environment; both outputs are ``stdout``."""
    environ = {**os.environ, **more}
    environ.pop("COVERAGE_PROCESS_START", None)
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60.0, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
