"""``python -m conformance``: what the Autobahn Testsuite says of our WebSockets, at both ends."""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from conformance.autobahn import MissingError, Suite, find_python, install

if TYPE_CHECKING:
    from conformance.autobahn import Verdicts

PASSED = {"OK", "INFORMATIONAL"}

LATE = "text is checked when its message is whole, so that it is refused, but not at once"
DEVIATIONS = dict.fromkeys(("6.4.1", "6.4.2", "6.4.3", "6.4.4"), LATE)
"""Cases in which ``NON-STRICT`` is enough, each with the reason."""


def faults(verdicts: Verdicts) -> list[str]:
    """Return a line for each case that is not as it should be."""
    found = []
    for case, verdict in verdicts.items():
        behaviours = verdict["behavior"], verdict["behaviorClose"]
        allowed = PASSED | ({"NON-STRICT"} if case in DEVIATIONS else set())
        if not set(behaviours) <= allowed:
            found.append(f"case {case}: {behaviours[0]}, end {behaviours[1]}")
    return found


def summary(side: str, verdicts: Verdicts) -> str:
    """Return how many cases ended how."""
    counts = Counter(verdict["behavior"] for verdict in verdicts.values())
    parts = ", ".join(f"{count} {behaviour}" for behaviour, count in counts.most_common())
    return f"{side}: {len(verdicts)} cases: {parts}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _judge(python: str, cases: list[str], side: str) -> Verdicts:
    with TemporaryDirectory(prefix="autobahn-") as folder:
        suite = Suite(python, Path(folder), cases)
        if side == "server":
            return await suite.judge_server()
        return await suite.judge_client(_free_port())


def main() -> int:
    """Run it and say what came of it; 1 if a case failed, 3 if the suite cannot be run here."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("cases", nargs="*", default=["*"], help="such as 5.* or 6.4.1 (all)")
    parser.add_argument("--side", choices=("server", "client"), help="which of our ends (both)")
    options = parser.parse_args()
    try:
        python = find_python()
        install(python)
        sides = [options.side] if options.side else ["server", "client"]
        status = 0
        for side in sides:
            verdicts = asyncio.run(_judge(python, options.cases, side))
            print(summary(side, verdicts), flush=True)
            for fault in faults(verdicts):
                print(f"  {fault}")
                status = 1
    except MissingError as error:
        print(f"not run: {error}", file=sys.stderr)
        return 3
    return status


if __name__ == "__main__":
    sys.exit(main())
