"""Hubs on hosts of their own that know one name of all of them, and a real name server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mesh.hosts import hosts, run
from tests.mesh.names import name_server
from tests.mesh.processes import Json, Mesh, eventually, mesh

if TYPE_CHECKING:
    from pathlib import Path

NAME = "hubs.mesh.internal"
SECRET = "what only these hubs know"


async def all_know_all(hubs: Mesh) -> None:
    ids = {hub.id for hub in hubs.alive}

    def is_wanted(views: list[Json]) -> bool:
        return all({hub["peerId"] for hub in view["hubs"]} == ids for view in views)

    await eventually("all know all and nobody else", hubs.views, is_wanted)


@pytest.mark.thorough
@pytest.mark.dns
@pytest.mark.xdist_group("hubs")
async def test_hubs_find_each_other_by_one_name_as_what_it_leads_to_changes(tmp_path: Path) -> None:
    options = {
        "listening": "::",
        "port": 3000,
        "hub_secret": SECRET,
        "bootstrap_dns": f"{NAME}:3000",
    }
    async with (
        hosts(5) as (first, *places),
        name_server(first, places, tmp_path) as names,
        mesh(0, **options) as hubs,
    ):
        for number, place in enumerate(places):
            inside = ("ip", "-netns", place.name, "addr", "add")
            await run(*inside, f"fd00:197::{number}/64", "dev", "eth0", "nodad")
        listed = [places[0].address, places[1].address, "fd00:197::2", "fd00:197::3"]

        for place in places[:3]:  # nobody is listed yet, as with hubs that are not ready
            await hubs.add_to((), host=place.address, within=place.command)
        names.lead(NAME, listed[:3])
        await all_know_all(hubs)

        await hubs.add_to((), host=places[3].address, within=places[3].command)
        names.lead(NAME, listed)  # it finds the others when it looks again
        await all_know_all(hubs)

        gone = hubs.hubs[0]
        await gone.kill()
        names.lead(NAME, listed[1:])
        await all_know_all(hubs)
        for hub, own in zip(hubs.hubs, listed, strict=True):
            dialled = {event["uri"] for event in hub.told("bootstrapConnected")}
            assert not any(own in uri for uri in dialled), "a hub has dialled itself"
