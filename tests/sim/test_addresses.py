"""Hubs that do not know by which address they are reached find each other all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from peerpigeon.sim.host import Host


def chain(seed: int) -> tuple[World, list[Host]]:
    """Return hubs of which each has started from the one before; only WebSockets pass."""
    world = World(seed)
    hubs = []
    for number in range(4):
        start = (f"ws://hub-{number - 1}:3000",) if number else ()
        config = ServerConfig(
            host=f"hub-{number}",
            is_hub=True,
            open_mesh=True,
            webrtc_engine="none",
            bootstrap_hubs=start,
        )
        hubs.append(world.add_hub(config))
    world.run_until(30.0)
    return world, hubs


def known(world: World, hubs: list[Host]) -> list[int]:
    return [hub.hub.status.snapshot(world.now).mesh.known_hubs for hub in hubs]


def test_all_hear_by_which_address_a_hub_was_dialled() -> None:
    _, hubs = chain(1)
    for hub in hubs:
        told = {advert.hub: advert.addresses for advert in hub.hub.status.adverts()}
        assert [told[each.own] for each in hubs] == [
            ("ws://hub-0:3000",),
            ("ws://hub-1:3000",),
            ("ws://hub-2:3000",),
            (),  # nobody has dialled it
        ]


@pytest.mark.parametrize("seed", range(5))
def test_who_has_lost_the_only_hub_it_was_given_dials_others_by_what_these_were_told(
    seed: int,
) -> None:
    world, hubs = chain(seed)
    assert known(world, hubs) == [4] * 4
    world.kill(hubs[2], machine=True)
    rest = [hubs[0], hubs[1], hubs[3]]
    assert world.run_until_met(lambda: known(world, rest) == [3] * 3, limit=60.0)
