"""Clients that come: how fast they are introduced, and what each costs that only stays."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from benchmarks.contenders import ended, serving
from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import BenchmarkError, begin, play
from benchmarks.machine import cpu, generator_core, most_clients, resident, started_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from benchmarks.contenders import Contender, Server
    from benchmarks.settings import Settings

WARM_UP = 100
"""Clients before the first look at memory, so that what the first one makes is not counted."""
NEVER_REACHED = 1_000_000
"""Number of a namespace that the others do not come to."""
SETTLE = 3.0  # seconds until what was left from connecting is tidied up
MANY = 200
DEADLINE = 600
ROOM = 5
"""Members of a namespace in which clients are idle."""


class Joins:
    """Clients connect and announce themselves, until all in a namespace know each other."""

    name = "joins"
    contenders = ("ours", "reference")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return a rate for each size of namespace."""
        rows = []
        for members in self._settings.members:
            key, title = f"joins-{members}", f"joins into namespaces of {members}"
            asked = Asked("ratio", "least", 3) if members == MANY else None
            rows += [
                Row(key, title, "joins/s of a core", asked),
                Row(f"{key}-wall", f"{title}: by the clock", "joins/s", is_check=True),
                Row(f"{key}-load", f"{title}: generator's CPU", "s for server's s", is_check=True),
            ]
        return rows

    def play(self, contender: str) -> Sample:
        """Fill the namespaces, one after the other, on a server for each size."""
        sample: Sample = {}
        for members in self._settings.members:
            count = self._settings.joins // members * members
            with _crowded(contender, members) as server, started_on(generator_core()):
                result = play(
                    "joins", [server.pid], port=server.port, members=members, clients=count
                )
            key, used = f"joins-{members}", result["cpu"][0]
            sample[key] = count / used
            sample[f"{key}-wall"] = count / result["seconds"]
            sample[f"{key}-load"] = result["own_cpu"] / used
        return sample


class FanOut:
    """One more comes into a large namespace."""

    name = "fanout"
    contenders = ("ours", "reference")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return the time until everybody knows everybody, and what it costs."""
        title = f"a join into {self._settings.crowd}"
        return [
            Row("fanout", f"{title}, until all are told", "ms"),
            Row("fanout-cpu", f"{title} and its leaving, CPU", "ms"),
        ]

    def play(self, contender: str) -> Sample:
        """Have a newcomer come and leave, again and again."""
        crowd = self._settings.crowd
        priority = self._settings.priority
        times = self._settings.fanouts
        with (
            _crowded(contender, crowd, priority) as server,
            started_on(generator_core(), priority),
        ):
            result = play("fanout", [server.pid], port=server.port, members=crowd, times=times)
        return {
            "fanout": 1e3 * median(result["times"]),
            "fanout-cpu": 1e3 * result["cpu"][0] / self._settings.fanouts,
        }


class Idle:
    """Clients that have announced themselves, and then say nothing."""

    name = "idle"
    contenders = ("ours", "reference")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A hard limit on open files cannot be raised without a privilege.
        self._counts = sorted({min(count, most_clients()) for count in settings.idle})
        self._counts = [count // ROOM * ROOM for count in self._counts]

    def rows(self) -> list[Row]:
        """Return memory and CPU for each number of clients."""
        rows = []
        for count in self._counts:
            title = f"{count} idle clients"
            asked = Asked("ratio", "most", 1)
            rows += [
                Row(f"idle-{count}-memory", f"{title}: memory of each", "kB", asked),
                Row(f"idle-{count}-total", f"{title}: memory of the server", "MB"),
                Row(f"idle-{count}-cpu", f"{title}: CPU", "% of a core"),
            ]
        return rows

    def play(self, contender: str) -> Sample:
        """Look at a server before and after they have come, and while they stay."""
        sample: Sample = {}
        for count in self._counts:
            with (
                serving(cast("Contender", contender)) as server,
                staying(server, WARM_UP, members=ROOM, first_room=NEVER_REACHED),
            ):
                time.sleep(SETTLE)
                before = resident(server.pid)
                with staying(server, count, members=ROOM):
                    time.sleep(SETTLE)
                    used, began = cpu(server.pid), time.monotonic()
                    time.sleep(self._settings.idle_seconds)
                    used, took = cpu(server.pid) - used, time.monotonic() - began
                    after = resident(server.pid)
            sample[f"idle-{count}-memory"] = (after - before) / count / 1e3
            sample[f"idle-{count}-total"] = after / 1e6
            sample[f"idle-{count}-cpu"] = 100 * used / took
        return sample


def _crowded(contender: str, members: int, priority: int = 0) -> AbstractContextManager[Server]:
    # Without its limit ours does the same work as the reference: all are introduced to all.
    limit = max(128, members)
    return serving(cast("Contender", contender), discovery_limit=limit, priority=priority)


@contextmanager
def staying(
    server: Server, count: int, scene: str = "idle", **options: object
) -> Iterator[dict[str, Any]]:
    """Have clients come and stay; what the generator says of their coming is yielded."""
    with started_on(generator_core()):
        process = begin(
            scene, [server.pid], port=server.port, clients=count, deadline=DEADLINE, **options
        )
    with ended(process):
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise BenchmarkError(f"{scene}: {process.communicate()[1].strip()}")
        yield json.loads(line)
        if process.poll() is not None:
            raise BenchmarkError(f"{scene}: {process.communicate()[1].strip()}")
