"""Hubs on hosts of their own that have no way into the world, and are told no address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.mesh.hosts import hosts
from tests.mesh.processes import eventually, mesh

if TYPE_CHECKING:
    from tests.mesh.processes import Json

SECRET = "what only these hubs know"


@pytest.mark.slow
@pytest.mark.hosts
@pytest.mark.xdist_group("hubs")
async def test_hubs_without_a_default_route_find_each_other_when_the_first_has_died() -> None:
    """UDP is blocked, so that they need addresses to dial, and each lists all of its host."""
    options = {"listening": "0.0.0.0", "port": 3000, "hub_secret": SECRET}
    async with hosts(3) as places, mesh(0, **options) as hubs:
        await asyncio.gather(*(place.block_udp(places) for place in places))
        for place in places:
            await hubs.add(host=place.address, within=place.command)
        await eventually(
            "all know all", hubs.views, lambda seen: all(len(view["hubs"]) == 3 for view in seen)
        )
        for hub in hubs.hubs:
            found = {each["peerId"]: each["data"] for each in hub.told("hubDiscovered")}
            assert found == {other.id: [other.uri] for other in hubs.hubs if other is not hub}
        await hubs.hubs[0].kill()
        ids = {hub.id for hub in hubs.alive}
        await eventually(
            "the survivors are linked",
            hubs.views,
            lambda seen: all(
                {hub["peerId"] for hub in view["hubs"]} == ids
                and all(len(hub["links"]) == 1 for hub in view["hubs"])
                for view in seen
            ),
        )


@pytest.mark.slow
@pytest.mark.hosts
@pytest.mark.xdist_group("hubs")
async def test_a_channel_that_fails_says_with_which_hub_at_which_stage_and_what_to_open() -> None:
    async with hosts(2) as places, mesh(0, hub_secret=SECRET) as hubs:
        await asyncio.gather(*(place.block_udp(places) for place in places))
        for place in places:
            await hubs.add(host=place.address, within=place.command)
        one, other = hubs.hubs

        async def told() -> list[Json]:
            begins = "no data channel to a hub, at the stage ICE"
            return [each for each in one.told("warning") if each["message"].startswith(begins)]

        [warning, *_] = await eventually("it is told", told, bool)
        assert other.id in warning["message"]
        assert warning["address"] == other.uri
        assert f"{places[0].address} to {places[1].address}" in warning["message"]
        assert "udp_ports" in warning["message"]
