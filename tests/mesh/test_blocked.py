"""Hubs on hosts of their own between which UDP does not pass, for a while (S21).

What was measured is written to the log: `pytest --log-cli-level=INFO tests/mesh/test_blocked.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from tests.mesh.hosts import hosts
from tests.mesh.processes import eventually, mesh
from tests.mesh.traffic import traffic
from tests.selection import thorough

if TYPE_CHECKING:
    from tests.mesh.processes import Json, Mesh

DELAY = 1.0
SECRET = "what only these hubs know"

logger = logging.getLogger(__name__)


@pytest.mark.slow
@pytest.mark.hosts
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize(
    "blocked",
    [(3,), thorough((2, 3))],
    ids=["one from all", "two from each other"],
)
async def test_where_udp_is_blocked_all_goes_over_websocket_until_it_passes_again(
    blocked: tuple[int, ...],
) -> None:
    loop = asyncio.get_running_loop()
    options = {"hub_mesh_max_peers": 3, "mesh_migration_delay": DELAY, "hub_secret": SECRET}
    async with hosts(4) as places, mesh(0, **options) as hubs:
        for place in places:
            await hubs.add(host=place.address, within=place.command)
        await hubs.settled()
        async with traffic(hubs.hubs) as running:
            await running.flows()
            blocked_at = loop.time()
            one = places[blocked[-1]]
            await one.block_udp(
                [places[number] for number in blocked if places[number] is not one] or places
            )
            carriers = {
                (number, blocked[-1])
                for number in range(4)
                if number != blocked[-1] and (len(blocked) == 1 or number in blocked)
            }
            await eventually(
                "the blocked links are WebSockets",
                lambda: links(hubs),
                lambda seen: (
                    {pair for pair, kind in seen.items() if kind == "websocket"} == carriers
                ),
            )
            over_sockets_after = loop.time() - blocked_at
            await running.flows()
            healed_after = running.healed_at(blocked_at) - blocked_at
            unblocked_at = loop.time()
            await one.let_pass()
            await hubs.settled()
            logger.info(
                "delivered again after %.2f s, over WebSocket after %.2f s, back on P2P %.2f s "
                "after UDP passed again",
                healed_after,
                over_sockets_after,
                loop.time() - unblocked_at,
            )
            await running.flows()
            await running.complete()
            running.check()


async def links(hubs: Mesh) -> dict[tuple[int, int], str]:
    """Return over what the hubs are linked, by their numbers, as both ends tell."""
    numbers = {hub.id: number for number, hub in enumerate(hubs.hubs)}
    views = await hubs.views()
    told = {
        (numbers[view["hubPeerId"]], numbers[link["peerId"]]): str(link["carrier"])
        for view in views
        for link in _own(view)
    }
    return {
        (one, other): carrier
        for (one, other), carrier in told.items()
        if one < other and told.get((other, one)) == carrier
    }


def _own(view: Json) -> list[Json]:
    ends: list[Json] = next(
        each["links"] for each in view["hubs"] if each["peerId"] == view["hubPeerId"]
    )
    return ends
