"""Hubs that die and return while clients signal each other: nothing lost, all back soon (S15).

What was measured is written to the log: `pytest --log-cli-level=INFO tests/mesh/test_recovery.py`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest

from tests.mesh.processes import mesh
from tests.mesh.traffic import Traffic, arrive, peer_at, traffic
from tests.selection import thorough

DELAY = 1.0
HEALED_WITHIN = 5.0  # seconds, the requirement
STOPPED_WITHIN = 2.0  # for clients to hear that a hub has stopped; a tenth of it where none is busy

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hubs")]


@pytest.mark.parametrize("way", ["killed", thorough("stopped")])
@pytest.mark.parametrize(
    ("count", "most", "places"),
    [thorough(8, 4, (0,)), (3, 3, (0,)), thorough(8, 4, (4,)), thorough(8, 4, (0, 5))],
    ids=["the first of eight", "the first of three", "one of eight", "two of eight"],
)
async def test_hubs_that_end_cost_no_signal(
    count: int, most: int, places: tuple[int, ...], way: str
) -> None:
    loop = asyncio.get_running_loop()
    async with mesh(count, hub_mesh_max_peers=most, mesh_migration_delay=DELAY) as hubs:
        await hubs.settled()
        victims = [hubs.hubs[place] for place in places]
        survivors = [hub for hub in hubs.hubs if hub not in victims]
        async with traffic(survivors) as running, AsyncExitStack() as stack:
            doomed = [peer_at(100 + place) for place in places]
            clients = [
                await stack.enter_async_context(await arrive(hub, name))
                for name, hub in zip(doomed, victims, strict=True)
            ]
            await running.all_know(doomed)
            await running.flows()
            ended_at = loop.time()
            await asyncio.gather(
                *(client.closed() for client in clients),  # who reads answers a close frame
                *(hub.kill() if way == "killed" else hub.stop() for hub in victims),
            )
            gone_after = max([await running.all_told(name) for name in doomed]) - ended_at
            await hubs.settled()
            await running.flows()
            await running.complete()
            running.check()
            assert running.times_told(doomed, "peer-disconnected") == {1}
            healed_after = log(running, ended_at, f"clients gone after {gone_after:.2f} s")
            assert healed_after <= HEALED_WITHIN
            assert running.slowest() <= HEALED_WITHIN
            assert way == "killed" or gone_after <= STOPPED_WITHIN


def log(running: Traffic, since: float, more: str) -> float:
    """Write down what was measured, and return how long it took until all was well again."""
    healed_after = running.healed_at(since) - since
    logger.info(
        "%d signals, healed after %.2f s, slowest %.2f s, %s",
        running.count(),
        healed_after,
        running.slowest(),
        more,
    )
    return healed_after


@pytest.mark.parametrize("identity", ["same id", thorough("new id")])
@pytest.mark.parametrize("place", [0, thorough(2)], ids=["the first", "another"])
async def test_a_killed_hub_that_is_started_again_is_a_full_member(
    place: int, identity: str
) -> None:
    """S8: also the first hub, which dials nobody, and after all have left its socket."""
    loop = asyncio.get_running_loop()
    async with mesh(4, hub_mesh_max_peers=3, mesh_migration_delay=DELAY) as hubs:
        await hubs.settled()
        victim = hubs.hubs[place]
        survivors = [hub for hub in hubs.hubs if hub is not victim]
        async with traffic(survivors) as running:
            await running.flows()
            await victim.kill()
            returned_at = loop.time()
            again = {"hub_peer_id": victim.id} if identity == "same id" else {}
            start = [] if place == 0 else [survivors[0].uri]
            await hubs.add_to(start, port=victim.port, **again)
            await hubs.settled()
            log(running, returned_at, f"all migrated after {loop.time() - returned_at:.2f} s")
            await running.flows()
            await running.complete()
            running.check()
        async with traffic(hubs.alive) as running:
            await running.flows()
            await running.complete()
            running.check()


@pytest.mark.thorough
async def test_any_hub_lets_a_late_one_in_long_after_migration() -> None:
    """S8: each newcomer starts from the one before it, which the first hub's address never was."""
    async with mesh(3, hub_mesh_max_peers=3, mesh_migration_delay=DELAY) as hubs:
        await hubs.settled()
        async with traffic(hubs.alive) as running:
            await running.flows(rounds=50)
            for _ in range(3):
                await hubs.add_to([hubs.alive[-1].uri])
                await hubs.settled()
            await running.complete()
            running.check()
        await hubs.hubs[0].stop()
        late = await hubs.add_to([hubs.alive[-1].uri])
        await hubs.settled()
        assert late.told("hubMeshMigrated")
        async with traffic(hubs.alive) as running:
            await running.flows()
            await running.complete()
            running.check()
