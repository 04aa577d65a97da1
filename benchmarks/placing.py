"""What a change of the mesh costs a hub that has very many namespaces.

``python -m benchmarks.placing`` gives one hub 50,000 namespaces with a client of its own in each,
and another hub the records of as many, in meshes of 3, 10 and 100 hubs. Then a hub is gone,
which is none of these two, and then it is back. Of a hub there is what is asked here: the core's
``Namespaces``. There are no links and no sockets: what a hub tells others is counted and thrown
away. CPU time is what the core takes, the sending of it is not in it. A turn is what is done at
once, before a signal has its turn. *Published anew* are the namespaces of which others were told.
Memory is what is resident, the name and what the client says of itself included.
Each row has a process of its own; with ``--source`` another checkout's ``src`` is measured too, in
turns.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, generate_peer_id
from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.client_messages import plain_introduction
from peerpigeon.core.wire.hub_news import Join, Member

if TYPE_CHECKING:
    from collections.abc import Callable

INCARNATION, LIMIT = 1, 128
LONG = 10.0  # virtual seconds between two changes, more than any of them takes
SIDES = ("serves", "keeps")
HEADINGS = (
    "it", "hubs", "namespaces", "kB each", "change", "published anew", "CPU ms", "longest turn, ms",
)  # fmt: skip


class Bench:
    """One hub and what it tells the others."""

    def __init__(self, hubs: int, seed: int) -> None:
        rng = Random(seed)  # noqa: S311 - must be repeatable, not secret
        self.hubs = [generate_peer_id(rng) for _ in range(hubs)]
        self.own, *_ = self.hubs
        self.rng, self.now = rng, 0.0
        self.effects = Effects(0.0)
        placement = Placement([self.own])
        parts = LIMIT, rng, placement, self.effects
        self.namespaces = Namespaces(self.own, INCARNATION, *parts)
        self.namespaces.show(dict.fromkeys(self.hubs, INCARNATION), self.now)
        self.pass_time(LONG)

    def serve(self, count: int) -> None:
        """Let a client come into each of so many namespaces."""
        for number in range(count):
            client = generate_peer_id(self.rng)
            name = f"namespace {number}"
            self.namespaces.presence.announce(name, client, plain_introduction(client))
            self.effects.take_news()

    def keep(self, count: int) -> None:
        """Let another hub tell of as many clients in namespaces whose rendezvous hub it is."""
        kept = number = 0
        while kept < count:
            number += 1
            name, hub = f"namespace {number}", self.hubs[1]
            placed = self.namespaces.placement.rendezvous_hubs(name)
            if self.own not in placed:
                continue
            client = generate_peer_id(self.rng)
            member = Member(client, first_session(INCARNATION) + number, plain_introduction(client))
            join = Join(name, (member,), is_primary=placed[0] == self.own)
            self.namespaces.on_news(hub, join, self.now)
            self.effects.take_news()
            kept += 1

    def change(self, *steps: Callable[[], object]) -> tuple[int, float, float]:
        """Return how many namespaces a change touches, and its CPU time and that of a turn."""
        gc.collect()
        turns = [self._turn(step) for step in steps]
        while (due := self.namespaces.deadline()) is not None and due <= self.now:
            turns.append(self._turn(lambda: self.namespaces.expire(self.now)))
        joins = (news.namespace for _, news in self.effects.take_news() if isinstance(news, Join))
        touched = len(set(joins))
        self.pass_time(LONG)
        return touched, sum(turns), max(turns)

    def _turn(self, step: Callable[[], object]) -> float:
        started = time.process_time()
        step()
        return time.process_time() - started

    def leave(self, hub: PeerId) -> tuple[int, float, float]:
        """Let a hub be gone."""
        rest = dict.fromkeys((other for other in self.hubs if other != hub), INCARNATION)
        return self.change(
            lambda: self.namespaces.hub_gone(hub, self.now),
            lambda: self.namespaces.show(rest, self.now),
        )

    def come(self) -> tuple[int, float, float]:
        """Let a hub be there that was gone, in another life."""
        hubs = dict.fromkeys(self.hubs, INCARNATION)
        hubs[self.hubs[-1]] = INCARNATION + 1
        return self.change(lambda: self.namespaces.show(hubs, self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and all be done that is due."""
        until = self.now + seconds
        while (due := self.namespaces.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.namespaces.expire(self.now)
        self.now = until
        self.effects.take_news()


def measure(side: str, hubs: int, namespaces: int, seed: int) -> list[tuple[str, ...]]:
    """Return a row for a hub that is gone, and one for its return."""
    bench = Bench(hubs, seed)
    before = _memory()
    if side == "serves":
        bench.serve(namespaces)
    else:
        bench.keep(namespaces)
    bench.pass_time(2 * LONG)
    each = (_memory() - before) / namespaces
    changes = {"a hub is gone": bench.leave(bench.hubs[-1]), "it is back": bench.come()}
    return [
        (
            side, f"{hubs}", f"{namespaces:,}", f"{each / 1e3:.2f}", change, f"{touched:,}",
            f"{cpu * 1e3:.1f}", f"{longest * 1e3:.1f}",
        )
        for change, (touched, cpu, longest) in changes.items()
    ]  # fmt: skip


def _memory() -> int:
    """Return how many bytes of memory are resident."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.placing", description=__doc__)
    parser.add_argument("--hubs", type=int, nargs="+", default=[3, 10, 100])
    parser.add_argument("--namespaces", type=int, default=50_000)
    parser.add_argument("--source", help="another checkout's src, measured in turns")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", choices=SIDES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        for row in measure(given.once, given.hubs[0], given.namespaces, given.seed):
            sys.stdout.write("| " + " | ".join(row) + " |\n")
        return
    sys.stdout.write("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|\n")
    for side in SIDES:
        for hubs in given.hubs:
            command = [sys.executable, "-m", "benchmarks.placing", "--once", side]
            command += ["--hubs", str(hubs), "--namespaces", str(given.namespaces)]
            command += ["--seed", str(given.seed)]
            for source in [None, given.source] if given.source else [None]:
                sys.stdout.flush()
                path = {} if source is None else {"PYTHONPATH": source}
                subprocess.run(command, check=True, env={**os.environ, **path})


if __name__ == "__main__":
    main()
