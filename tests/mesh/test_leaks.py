"""What a hub keeps of links that have ended and of hubs that have left: nothing that grows.

These hubs run in this process, so that what either end of a link leaves behind is counted. What
was measured is written to the log: `pytest --log-cli-level=INFO tests/mesh/test_leaks.py`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.interface.events import LinkLost
from peerpigeon.core.interface.notices import HubP2PConnected
from tests.net.hubs import Told, eventually, hub, network, uri

if TYPE_CHECKING:
    from peerpigeon import PeerPigeonServer
    from peerpigeon.net.links.carriers import Carriers

P2P = {"webrtc_engine": "auto", "mesh_migration_delay": 0.1}
PAGE = 4096
KIB = 1024

WARM_UP = 100
CYCLES = 200
MOST_MEMORY = 10 * KIB
"""Bytes that the process may grow by in each cycle, on average. A hub that has left is remembered
for an hour, which takes about a tenth of that."""
TIDY = 10
"""Cycles after which garbage is collected: left to itself, Python does so rarely, and what
piles up until then has memory grow in steps that say nothing of what is kept."""
MOST_OBJECTS = 5.0
"""Python objects that may be more after each cycle, on average: those of that memory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Usage:
    """What this process takes."""

    files: int
    threads: int
    tasks: int
    objects: int
    memory: int

    @classmethod
    def now(cls) -> Usage:
        gc.collect()
        return cls(
            len(list(Path("/proc/self/fd").iterdir())),
            # Those of the loop's pool are bounded, and there is one more when two calls coincide.
            sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate()),
            len(asyncio.all_tasks()),
            len(gc.get_objects()),
            int(Path("/proc/self/statm").read_text().split()[1]) * PAGE,
        )

    def is_back_at(self, earlier: Usage) -> bool:
        """Tell whether what the last cycle still had to close is closed."""
        return self.files <= earlier.files and self.tasks <= earlier.tasks

    def check(self, earlier: Usage, cycles: int) -> None:
        """Find nothing more than earlier, but for the memory that is allowed."""
        objects = (self.objects - earlier.objects) / cycles
        memory = (self.memory - earlier.memory) / cycles
        logger.info("%s; a cycle: %.1f objects, %.1f KiB", self, objects, memory / KIB)
        assert self.files <= earlier.files
        assert self.threads <= earlier.threads
        assert self.tasks <= earlier.tasks
        assert objects <= MOST_OBJECTS
        assert memory <= MOST_MEMORY


def carriers_of(server: PeerPigeonServer) -> Carriers:
    return server._running().driver.carriers


def held(server: PeerPigeonServer) -> tuple[int, ...]:
    """Return how many links, and things that become links, a hub's shell has in its tables."""
    carriers = carriers_of(server)
    assert carriers.openings._engine is not None
    return (
        len(carriers._links),
        len(carriers._by_wire),
        len(carriers.openings),
        len(carriers.openings._dials),
        len(carriers._unsent),
        len(carriers.openings._engine._channels),  # type: ignore[attr-defined]
    )


@pytest.mark.slow
@pytest.mark.thorough
async def test_two_hundred_hubs_that_come_and_go_leave_nothing_behind() -> None:
    async with hub(**P2P) as (first, told):
        for cycle in range(CYCLES):
            async with hub(uri(first), **P2P) as (_, arriving):
                await arriving.until(HubP2PConnected)
            await eventually(lambda: held(first) == (0,) * 6)
            told.notices.clear()
            if cycle % TIDY == 0:
                gc.collect()
            if cycle == WARM_UP:
                earlier = Usage.now()
        await eventually(lambda: Usage.now().is_back_at(earlier))
        Usage.now().check(earlier, CYCLES - WARM_UP)


@pytest.mark.slow
@pytest.mark.thorough
async def test_a_link_that_breaks_two_hundred_times_leaves_nothing_behind() -> None:
    async with network(2, **P2P) as servers:
        told = Told(servers[0])
        await eventually(lambda: all(is_at_rest(server) for server in servers))
        level = [held(server) for server in servers]
        for cycle in range(CYCLES):
            told.notices.clear()
            for server in servers:
                break_all(server)
            await told.until(HubP2PConnected)
            await eventually(lambda: all(is_at_rest(server) for server in servers))
            await eventually(lambda: [held(server) for server in servers] == level)
            if cycle % TIDY == 0:
                gc.collect()
            if cycle == WARM_UP:
                earlier = Usage.now()
        await eventually(lambda: Usage.now().is_back_at(earlier))
        Usage.now().check(earlier, CYCLES - WARM_UP)


def break_all(server: PeerPigeonServer) -> None:
    """End all links as a fault of this hub does."""
    for number in list(carriers_of(server)._links):
        carriers_of(server).give_up(number, 1011, "internal error")
        server._running().driver.feed(LinkLost(number, 1011, "internal error"))


def is_at_rest(server: PeerPigeonServer) -> bool:
    """Tell whether a hub is linked by data channels alone, and has done with all its sockets."""
    mesh, carriers = server.get_stats().mesh, carriers_of(server)
    return mesh.migrated and len(carriers._links) == mesh.p2p_links and not carriers.openings._dials


@pytest.mark.slow
async def test_twenty_hubs_that_come_and_go_leave_the_tables_as_they_were() -> None:
    rng = Random(20)
    async with network(3, **P2P) as servers:
        await eventually(lambda: all(is_at_rest(server) for server in servers))
        level = [held(server) for server in servers]
        tasks = len(asyncio.all_tasks())
        async with AsyncExitStack() as stack:
            for _ in range(20):
                start = uri(rng.choice(servers))
                await stack.enter_async_context(hub(start, **P2P))
            await eventually(lambda: all(len(s.get_connected_hubs()) == 22 for s in servers))
        await eventually(lambda: all(len(s.get_connected_hubs()) == 2 for s in servers))
        await eventually(lambda: all(is_at_rest(server) for server in servers))
        await eventually(lambda: [held(server) for server in servers] == level)
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
