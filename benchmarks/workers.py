"""Signals/s of one hub with one and with two workers: ``python -m benchmarks.workers``.

The generator needs a core, too, so that of two cores two workers do not get one each. So the rate
of both is derived: signals by the CPU seconds of the busiest worker, as if each had its own core.
What was seen by the clock stands beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from urllib.request import urlopen

from tests.ports import reserved_port

from benchmarks.contenders import ended
from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import BenchmarkError, play
from benchmarks.relay import all_came

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.settings import Settings

SIZE = 1000
ASKED = 1.6
START = 20.0
"""Seconds in which all workers have to be there."""


@contextmanager
def hub(workers: int) -> Iterator[tuple[int, list[int]]]:
    """Run a hub with its defaults; yield its port and the processes that serve."""
    with reserved_port() as port:
        command = [sys.executable, "-m", "peerpigeon", "hub", "--port", str(port)]
        command += ["--no-auto-connect", "--workers", str(workers)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True)
        with ended(process):
            until = time.monotonic() + START
            while not _are_linked(port, workers):
                if time.monotonic() > until:
                    raise BenchmarkError(f"{workers} workers did not come about")
                time.sleep(0.1)
            pid = process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            yield port, [pid] if workers == 1 else [int(child) for child in children]


def _are_linked(port: int, workers: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/mesh", timeout=1) as answer:
            return len(json.load(answer)["hubs"]) == workers
    except OSError:
        return False


def measure(workers: int, pairs: int, window: int, seconds: float) -> dict[str, float]:
    """Return what one run gave."""
    with hub(workers) as (port, pids):
        options = {"port": port, "pairs": pairs, "size": SIZE, "window": window}
        got = all_came(play("signals", pids, seconds=seconds, warmup=1, **options))
    return {
        "clock": got["measured"] / got["seconds"],
        "each": 1e6 * sum(got["cpu"]) / got["measured"],
        "cores": got["measured"] / max(got["cpu"]),
    }


class Workers:
    """Pairs in namespaces of their own, at one hub with one and with two workers."""

    name = "workers"
    contenders = ("ours",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return what one and two workers relay, and the ratio of both."""
        rows = []
        for window in self._settings.windows:
            title, key = f"signals of 1 kB, {window} outstanding", f"workers-{window}"
            asked = Asked("ours", "least", ASKED) if window > 1 else None
            for workers in (1, 2):
                told = f"{title}, {workers} worker{'s' * (workers > 1)}"
                rows += [
                    Row(f"{key}-{workers}-cores", told, "signals/s, a core each"),
                    Row(f"{key}-{workers}-each", f"{told}: CPU", "µs a signal"),
                ]
            rows.append(Row(f"{key}-ratio", f"{title}, two workers to one", "", asked))
        return rows

    def play(self, _: str) -> Sample:
        """Signal at hubs with one and with two workers, one after the other."""
        sample: Sample = {}
        settings = self._settings
        for window in settings.windows:
            key = f"workers-{window}"
            for workers in (1, 2):
                got = measure(workers, settings.pairs, window, settings.seconds)
                for name in ("cores", "each"):
                    sample[f"{key}-{workers}-{name}"] = got[name]
            sample[f"{key}-ratio"] = sample[f"{key}-2-cores"] / sample[f"{key}-1-cores"]
        return sample


def main() -> int:
    """Measure in turns, and print a line for each number of workers; 1 if less than asked."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=64)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--seconds", type=int, default=3)
    given = parser.parse_args()
    runs: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(given.rounds):
        for workers, got in runs.items():
            got.append(measure(workers, given.pairs, given.window, given.seconds))
    found = {n: {key: median(run[key] for run in got) for key in got[0]} for n, got in runs.items()}
    for workers, figures in found.items():
        sys.stdout.write(
            f"{workers} worker{'s' * (workers > 1)}: {figures['cores']:9,.0f} signals/s with a core"
            f" each, {figures['each']:5.2f} µs of CPU a signal;"
            f" {figures['clock']:9,.0f} by the clock\n"
        )
    ratio = found[2]["cores"] / found[1]["cores"]
    seen = found[2]["clock"] / found[1]["clock"]
    sys.stdout.write(
        f"ratio: {ratio:.2f} with a core each (asked: {ASKED}), {seen:.2f} by the clock\n"
    )
    return 0 if ratio >= ASKED else 1


if __name__ == "__main__":
    sys.exit(main())
