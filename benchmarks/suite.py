"""All that shows how fast a hub is, beside the npm package's: ``make bench``.

``python -m benchmarks.suite`` runs our server and the reference in turn on one core, with the load
generator on another, and prints a table. Linux only; it needs Node.js, npm and a C compiler.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.environment import LackingError, install_packages

from benchmarks import dialects
from benchmarks.crowds import FanOut, Idle, Joins
from benchmarks.dialects_across import Across
from benchmarks.figures import measure
from benchmarks.generator import BenchmarkError, find_compiler
from benchmarks.hops import Forming, hops
from benchmarks.light import Installation, Start
from benchmarks.machine import OtherWork, describe, has_cores
from benchmarks.meshes import Crowd, Scale, Stampede
from benchmarks.outage import Outage
from benchmarks.relay import Latency, Relay
from benchmarks.report import as_json, as_text
from benchmarks.settings import QUICK, Settings
from benchmarks.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.figures import Bench, Figure

BENCHES: dict[str, Callable[[Settings], list[Bench]]] = {
    "relay": lambda settings: [Relay(settings)],
    "latency": lambda settings: [Latency(settings)],
    "joins": lambda settings: [Joins(settings)],
    "fanout": lambda settings: [FanOut(settings)],
    "idle": lambda settings: [Idle(settings)],
    "hops": lambda settings: [*hops(settings)],
    "forming": lambda settings: [Forming(settings)],
    "workers": lambda settings: [Workers(settings)],
    "outage": lambda settings: [Outage(settings)],
    "dialects": lambda settings: [
        dialects.peer_relay(settings),
        dialects.publications(settings),
        dialects.announces(settings),
        *(dialects.Visits(settings, kind) for kind in dialects.KINDS),
    ],
    "dialects-across": lambda settings: [Across(settings)],
    "light": lambda settings: [Installation(settings), Start(settings)],
    "crowd": lambda settings: [Crowd(settings), Stampede(settings)],
    "simulator": lambda settings: [Scale(settings)],
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    given = _parser().parse_args(arguments)
    options: dict[str, Any] = dict(QUICK) if given.quick else {}
    for name in ("rounds", "python", "priority"):
        if getattr(given, name) is not None:
            options[name] = getattr(given, name)
    if given.clients:
        options["idle"] = tuple(given.clients)
    try:
        settings = Settings(**options)
        figures = run(settings, given.only or list(BENCHES))
    except (BenchmarkError, LackingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    machine = describe(settings.python)
    sys.stdout.write("\n" + as_text(machine, figures, settings.rounds))
    if given.json:
        whole = as_json(machine, figures, asdict(settings))
        Path(given.json).write_text(json.dumps(whole, indent=1) + "\n")
    return 0


def run(settings: Settings, names: Sequence[str]) -> list[Figure]:
    """Measure; raise ``BenchmarkError`` or ``LackingError`` if it cannot be done here."""
    check_the_machine()
    install_packages()
    figures: list[Figure] = []
    others = OtherWork()
    for name in names:
        for bench in BENCHES[name](settings):
            figures += measure(bench, settings.rounds, _tell)
    _tell(f"cores busy meanwhile, ours included: {others.cores(0):.1f}")
    return figures


def check_the_machine() -> None:
    """Raise ``BenchmarkError`` if it has too little for this, besides Node.js and npm."""
    if not has_cores():
        raise BenchmarkError("two cores are needed, one for the server and one for the load")
    find_compiler()


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.suite", description=__doc__)
    parser.add_argument(
        "only", nargs="*", choices=[[], *BENCHES], help="what to measure; if not said, all"
    )
    parser.add_argument("--rounds", type=int, help="alternating rounds, 5 if not said")
    parser.add_argument("--quick", action="store_true", help="as little as shows that all works")
    parser.add_argument("--python", help="interpreter for hubs with libdatachannel, if not this")
    parser.add_argument(
        "--priority", type=int, help="niceness where latency is measured, such as -10"
    )
    parser.add_argument(
        "--clients", type=int, nargs="+", help="how many are idle, a figure for each number"
    )
    parser.add_argument("--json", help="file to write every value to")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
