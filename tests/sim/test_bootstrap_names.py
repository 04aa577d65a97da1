"""Hubs that are given one name of all of them, and no address, find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from peerpigeon.sim.host import Host

NAME = "hubs.internal"


class Service:
    """A world of hubs behind one name, which leads to those that are said to be there."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.hubs: list[Host] = []
        self.listed: list[str] = []

    def add(self, *, is_listed: bool = True) -> Host:
        address = f"10.0.0.{len(self.hubs) + 1}"
        config = ServerConfig(host=address, is_hub=True, open_mesh=True, bootstrap_dns=(NAME,))
        config = config.listening_at(3000, [address])
        self.hubs.append(self.world.add_hub(config))
        if is_listed:
            self.list(*self.listed, address)
        return self.hubs[-1]

    def list(self, *addresses: str) -> None:
        self.listed = [*addresses]
        self.world.set_name(NAME, *addresses)

    def meet(self, *hubs: Host, limit: float) -> None:
        met = self.world.run_until_met(lambda: self._all_know_all(hubs), self.world.now + limit)
        assert met, [hub.hub.status.snapshot(self.world.now).mesh for hub in hubs]

    def _all_know_all(self, hubs: tuple[Host, ...]) -> bool:
        ids = {hub.own for hub in hubs}
        return all({advert.hub for advert in hub.hub.status.adverts()} == ids for hub in hubs)


@pytest.mark.parametrize("seed", range(5))
def test_three_hubs_find_each_other_by_one_name(seed: int) -> None:
    service = Service(seed)
    service.meet(service.add(), service.add(), service.add(), limit=10.0)


@pytest.mark.parametrize("seed", range(5))
def test_one_that_is_added_later_is_found_and_one_that_has_gone_is_forgotten(seed: int) -> None:
    service = Service(seed)
    first, second, third = service.add(), service.add(), service.add()
    service.meet(first, second, third, limit=10.0)
    fourth = service.add()
    service.meet(first, second, third, fourth, limit=10.0)
    service.world.kill(first, machine=True)
    service.list(*service.listed[1:])
    service.meet(second, third, fourth, limit=10.0)
    service.world.run(60.0)
    told = [hub.notices["bootstrapDisconnected"] for hub in (second, third, fourth)]
    service.world.run(300.0)
    assert [hub.notices["bootstrapDisconnected"] for hub in (second, third, fourth)] == told


@pytest.mark.parametrize("seed", range(5))
def test_hubs_that_do_not_see_themselves_or_each_other_at_first_meet_once_they_are_listed(
    seed: int,
) -> None:
    """As a name leads only to hubs that are ready, and to all of them some time later."""
    service = Service(seed)
    hubs = [service.add(is_listed=False) for _ in range(3)]
    service.world.run(20.0)
    service.list("10.0.0.1", "10.0.0.2", "10.0.0.3")
    service.meet(*hubs, limit=10.0)


@pytest.mark.parametrize("seed", range(5))
def test_two_meshes_that_were_listed_apart_become_one(seed: int) -> None:
    service = Service(seed)
    one, two = service.add(), service.add()
    service.meet(one, two, limit=10.0)
    service.list()
    three, four = service.add(), service.add()
    service.meet(three, four, limit=10.0)
    service.list("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")
    service.meet(one, two, three, four, limit=60.0)


def test_a_name_service_that_fails_for_a_while_does_no_harm() -> None:
    service = Service(1)
    hubs = [service.add() for _ in range(3)]
    service.meet(*hubs, limit=10.0)
    service.world.set_name(NAME)
    service.world.run(100.0)
    service.world.stop(hubs[0])
    service.meet(*hubs[1:], limit=10.0)
    service.world.restart(hubs[0])
    service.world.set_name(NAME, *service.listed)
    service.meet(*hubs, limit=20.0)
    assert [hub.notices["error"] for hub in hubs] == [1, 1, 1]
