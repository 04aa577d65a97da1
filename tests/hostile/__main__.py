"""``python -m tests.hostile``: plays attacks at length, and says what each did to the honest."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.hostile.attacks import ATTACKS
from tests.hostile.report import summary
from tests.hostile.run import play
from tests.hostile.verdict import faults


def main() -> int:
    """Play those that are named, or all; return 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="ATTACK", help=", ".join(ATTACKS))
    parser.add_argument("--small", action="store_true", help="at the size that the tests have")
    parser.add_argument("--keep", type=Path, help="folder for the logs of the hubs")
    given = parser.parse_args()
    if unknown := set(given.only) - ATTACKS.keys():
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    status = 0
    for name in given.only or ATTACKS:
        for loop in ATTACKS[name].loops:
            found = _play(name, loop, given.keep, is_long=not given.small)
            status |= bool(found)
    return status


def _play(name: str, loop: str, keep: Path | None, *, is_long: bool) -> list[str]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep / f"{name}-{loop}" if keep else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(play(ATTACKS[name], folder, loop=loop, is_long=is_long))
    found = faults(outcome, is_long=is_long)
    _say(f"{'FAILED' if found else 'held  '} {name} ({loop}): {summary(outcome)}")
    for fault in found:
        _say(f"    {fault}")
    return found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
