"""A hub is killed: how long signals that would have passed through it take to arrive again."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.mesh.processes import mesh
from tests.mesh.traffic import traffic

from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import BenchmarkError

if TYPE_CHECKING:
    from tests.mesh.traffic import Traffic

    from benchmarks.settings import Settings

VICTIMS = {"first": 0, "later": -1}
"""Whom it hits, by its place in the row: the hub from which all others started, or one of these."""
PERIOD = 0.05
"""Seconds between two signals of one client to another: as finely is told when they flow again."""
FLOWING = 20
"""Signals that each client gets from each other before the hub is killed, and after it."""
WITHIN = Asked("ours", "most", 5)


class Outage:
    """A ring of hubs, so that the ways of some signals lead through each.

    A client at each hub but the one that dies signals all others all the while.
    """

    name = "outage"
    contenders = ("ours",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return the times for each number of hubs, and for each hub that dies."""
        rows = []
        for number in self._settings.outages:
            for victim in VICTIMS:
                key, title = f"outage-{number}-{victim}", f"one of {number} hubs, the {victim}"
                rows += [
                    Row(key, f"{title}: from kill -9 until all pairs hear again", "s", WITHIN),
                    Row(f"{key}-gap", f"{title}: longest gap between two signals of a pair", "s"),
                ]
        return rows

    def play(self, _: str) -> Sample:
        """Kill one hub of each mesh; raise ``BenchmarkError`` if a signal is lost or repeated."""
        sample: Sample = {}
        for number in self._settings.outages:
            for victim, place in VICTIMS.items():
                key = f"outage-{number}-{victim}"
                try:
                    sample[key], sample[f"{key}-gap"] = asyncio.run(_outage(number, place))
                except AssertionError as fault:
                    raise BenchmarkError(f"{key}: {fault}") from fault
        return sample


async def _outage(number: int, place: int) -> tuple[float, float]:
    """Return how long it took until all heard each other again, and the longest silence."""
    loop = asyncio.get_running_loop()
    async with mesh(number, hub_mesh_max_peers=2, mesh_migration_delay=0) as hubs:
        await hubs.settled()
        victim = hubs.hubs[place]
        async with traffic([hub for hub in hubs.hubs if hub is not victim], PERIOD) as running:
            await running.flows(FLOWING)
            killed_at = loop.time()
            await victim.kill()
            await hubs.settled()
            await running.flows(FLOWING)
            await running.complete()
            running.check()
            return running.healed_at(killed_at) - killed_at, _longest_gap(running)


def _longest_gap(running: Traffic) -> float:
    return max(
        later - earlier
        for got in running.got.values()
        for (_, earlier), (_, later) in pairwise(got)
    )
