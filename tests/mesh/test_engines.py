"""Hubs on the default engine and on another in one mesh: what holds for one engine holds for both.

What was measured is written to the log: `pytest --log-cli-level=INFO tests/mesh/test_engines.py`.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.mesh.engines import OTHERS, mixed, running
from tests.mesh.hosts import hosts
from tests.mesh.processes import eventually, mesh
from tests.mesh.routers import PORT, behind_routers
from tests.mesh.test_blocked import links
from tests.mesh.traffic import traffic
from tests.rtc.turn import turn_server

DELAY = 1.0
SECRET = "what only these hubs know"
HEALED_WITHIN = 5.0  # seconds, the requirement

logger = logging.getLogger(__name__)

pytestmark = [pytest.mark.slow, pytest.mark.thorough, pytest.mark.xdist_group("hubs")]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("place", [0, 1], ids=["the default dies", "the other dies"])
async def test_a_hub_that_dies_and_returns_costs_no_signal(other: str, place: int) -> None:
    loop = asyncio.get_running_loop()
    async with mesh(0, hub_mesh_max_peers=3, mesh_migration_delay=DELAY) as hubs:
        for options in mixed(other):
            await hubs.add(**options)
        await hubs.settled()
        victim = hubs.hubs[place]
        survivors = [hub for hub in hubs.hubs if hub is not victim]
        async with traffic(survivors) as signals:
            await signals.flows()
            killed_at = loop.time()
            await victim.kill()
            await hubs.settled()
            await signals.flows()
            assert signals.healed_at(killed_at) - killed_at <= HEALED_WITHIN
            await hubs.add_to([survivors[0].uri], port=victim.port, **mixed(other)[place])
            await hubs.settled()
            await signals.flows()
            await signals.complete()
            signals.check()


@pytest.mark.hosts
@pytest.mark.parametrize("other", OTHERS)
async def test_where_udp_is_blocked_all_goes_over_websocket_until_it_passes_again(
    other: str,
) -> None:
    common = {"hub_mesh_max_peers": 3, "mesh_migration_delay": DELAY, "hub_secret": SECRET}
    async with hosts(4) as places, mesh(0, **common) as hubs:
        for place, options in zip(places, mixed(other), strict=True):
            await hubs.add(host=place.address, within=place.command, **options)
        await hubs.settled()
        async with traffic(hubs.hubs) as signals:
            await signals.flows()
            await places[3].block_udp(places)
            await eventually(
                "the links of one hub are WebSockets",
                lambda: links(hubs),
                lambda seen: (
                    {pair for pair, carrier in seen.items() if carrier == "websocket"}
                    == {(number, 3) for number in range(3)}
                ),
            )
            await signals.flows()
            await places[3].let_pass()
            await hubs.settled()
            await signals.flows()
            await signals.complete()
            signals.check()


@pytest.mark.hosts
@pytest.mark.turn
@pytest.mark.parametrize(
    "engines",
    [
        pytest.param(("builtin", "builtin"), id="both"),
        *(
            pytest.param(("builtin", *p.values), id=f"builtin-{p.id}", marks=p.marks)
            for p in OTHERS
        ),
        *(
            pytest.param((*p.values, "builtin"), id=f"{p.id}-builtin", marks=p.marks)
            for p in OTHERS
        ),
    ],
)
async def test_hubs_behind_routers_of_their_own_have_data_channels_by_a_turn_server(
    engines: tuple[str, str],
) -> None:
    """Each router gives every connection another port: no channel goes past the TURN server.

    The third hub, on the network between them, is reached from behind the routers without it.
    """
    common = {"mesh_migration_delay": DELAY, "hub_secret": SECRET, "port": PORT}
    async with behind_routers(2) as (outside, inside):
        with turn_server(outside.gateway) as server:
            port = server.url.rpartition(":")[2]
            relay = f"turn:{server.username}:{server.credential}@{outside.gateway}:{port}"
            async with mesh(0, **common, ice_servers=relay) as hubs:
                await hubs.add(
                    host=outside.address, within=outside.command, **running("builtin", 1)
                )
                for place, engine, where in zip((0, 2), engines, inside, strict=True):
                    await hubs.add(
                        host=where.address,
                        listening=where.own_address,
                        within=where.command,
                        advertise=f"ws://{where.address}:{PORT}",
                        **running(engine, place),
                    )
                await hubs.settled()
                async with traffic(hubs.hubs) as signals:
                    await signals.flows()
                    await signals.complete()
                    signals.check()
