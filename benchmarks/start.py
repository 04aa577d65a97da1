"""How soon a server is there, and what it takes when nobody has come yet.

``python -m benchmarks.start`` starts a server again and again, and prints the shortest times and
the median sizes. With ``--source`` another checkout's ``src`` is started too, in turns; with
``--hub`` a hub. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.contenders import ended

PAGE = os.sysconf("SC_PAGE_SIZE")
SETTLED = 0.5
"""Seconds from the open port to the first look at the memory."""

PAGES = 50
HEADINGS = (
    *("port open, s", "CPU, s", "idle, MB"),
    *("first page, ms", "each page, ms", "after pages, MB"),
)
TIMES = (0, 1, 3, 4)
"""The columns of which the shortest is shown, since what else runs only lengthens them."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--hub", action="store_true", help="a hub, with links by WebRTC")
    parser.add_argument("--source", action="append", default=[], help="src of another checkout")
    given = parser.parse_args()
    own = str(Path(__file__).parent.parent / "src")
    found: dict[str, list[tuple[float, ...]]] = {each: [] for each in (own, *given.source)}
    for _ in range(given.rounds):
        for source, rows in found.items():
            rows.append(measure(source, "hub" if given.hub else "server"))
    sys.stdout.write("| source | " + " | ".join(HEADINGS) + " |\n")
    for source, rows in found.items():
        columns = list(zip(*rows, strict=True))
        shown = [
            min(column) if number in TIMES else statistics.median(column)
            for number, column in enumerate(columns)
        ]
        sys.stdout.write(f"| {source} | " + " | ".join(f"{each:.3g}" for each in shown) + " |\n")


def measure(source: str, kind: str, *options: str) -> tuple[float, ...]:
    """Start one, ask it for pages, and return what ``HEADINGS`` says."""
    command = [sys.executable, "-m", "peerpigeon", kind, "--host", "127.0.0.1", "--port", "0"]
    command += ["--log-format", "json"] + ["--no-auto-connect"] * (kind == "hub") + [*options]
    # What is installed is compiled; so is this, from the first start on.
    environment = os.environ | {"PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": ""}
    begin = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    with ended(process):
        port = _port(process)
        opened = time.monotonic() - begin
        cpu = _cpu(process)
        time.sleep(SETTLED)
        idle = _resident(process)
        first = _asked(port)
        each = sum(_asked(port) for _ in range(PAGES)) / PAGES
        return opened, cpu, idle / 1e6, 1e3 * first, 1e3 * each, _resident(process) / 1e6


def _port(process: subprocess.Popen[str]) -> int:
    for line in process.stderr or ():
        record: dict[str, Any] = json.loads(line)
        if record.get("event") == "started":
            return int(record["port"])
    raise RuntimeError("a server did not start")


def _asked(port: int) -> float:
    """Return how many seconds a page takes, on a connection of its own."""
    begin = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=10.0)
    connection.request("GET", "/health")
    connection.getresponse().read()
    connection.close()
    return time.monotonic() - begin


def _cpu(process: subprocess.Popen[str]) -> float:
    """Return how many seconds of CPU its threads have had."""
    threads = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9


def _resident(process: subprocess.Popen[str]) -> int:
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * PAGE


if __name__ == "__main__":
    main()
