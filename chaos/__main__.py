"""``python -m chaos``: plays runs of real hub processes under faults, and judges what happened."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.checker import check
from chaos.history import read
from chaos.hubs import lacking_for_hosts
from chaos.plan import GAPS, NEED_HOSTS, plan
from chaos.report import details, summary
from chaos.run import Setting, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.history import AnyRecord


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if anything was found."""
    given = _parser().parse_args(arguments)
    if given.check:
        return _judge(0, read(given.check))
    lacking = None if not given.loopback else "--loopback was given"
    lacking = lacking or lacking_for_hosts()
    kinds = set(given.only or GAPS)
    if lacking:
        _say(f"all hubs share the loopback, and no network is cut: {lacking}")
        kinds -= NEED_HOSTS
    status = 0
    for seed in range(given.seed, given.seed + given.runs):
        folder = given.out / f"seed-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        faults = plan(seed, given.minutes * 60, kinds)
        setting = Setting(seed, faults, given.python, folder, on_hosts=not lacking)
        history = asyncio.run(run(setting))
        history.write(folder / "history.jsonl")
        status |= _judge(seed, history.records)
        _say(f"  history: {folder / 'history.jsonl'}")
    return status


def _judge(seed: int, records: Sequence[AnyRecord]) -> int:
    found = check(records)
    _say(summary(seed, records, found))
    for line in details(records, found):
        _say(f"  {line}")
    return 1 if found else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--runs", type=int, default=1, help="how many, each with the next seed")
    parser.add_argument("--minutes", type=float, default=3.0, help="of faults in each run")
    parser.add_argument(
        "--only", nargs="+", choices=[*GAPS], help="kinds of faults to draw from, if not all"
    )
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter whose hubs are run, if not this one's"
    )
    parser.add_argument(
        "--loopback", action="store_true", help="no hosts of their own, even where they can be had"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("build/chaos"), help="folder for histories and logs"
    )
    parser.add_argument("--check", type=Path, help="judge a history that was written, run nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
