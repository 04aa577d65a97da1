"""A crowd comes to one namespace of three hubs whose links are slower than the crowd."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.network import Network
from peerpigeon.sim.population import Population

if TYPE_CHECKING:
    from peerpigeon.sim.tally import Share

LIMIT = 128
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Gathering:
    """How a crowd came together."""

    mesh: Mesh
    flock: Population
    shares: dict[str, Share]
    """What crossed the links until all had met."""


@cache
def gathering(clients: int) -> Gathering:
    network = Network(latency=0.01, jitter=0.005, bandwidth=2.0 * MEGABYTE)
    mesh = Mesh.begin(1, Layout(hubs=3, discovery_limit=LIMIT), network)
    mesh.world.run_until(20.0)
    flock = Population.of(mesh)
    flock.arrive(clients, ["town"], over=0.2)
    met = mesh.run_until(lambda: _have_met(flock, clients), 80.0)
    assert met is not None
    return Gathering(mesh, flock, mesh.world.tally.shares())


def _have_met(flock: Population, clients: int) -> bool:
    present = flock.present()
    return len(present) == clients and all(len(one.known) >= LIMIT for one in present)


@pytest.mark.thorough
@pytest.mark.xdist_group("gathering")
def test_nothing_is_given_up_and_said_again() -> None:
    assert "Resync" not in gathering(1500).shares
    assert gathering(1500).mesh.world.tally.dropped == 0


@pytest.mark.thorough
@pytest.mark.xdist_group("gathering")
def test_what_hubs_say_for_each_client_does_not_grow_with_their_number() -> None:
    for_few = gathering(500).shares["Meet"].octets / 500
    for_many = gathering(1500).shares["Meet"].octets / 1500
    assert for_many <= 1.25 * for_few


@pytest.mark.thorough
@pytest.mark.xdist_group("gathering")
def test_those_who_know_one_of_half_of_them_that_leaves_are_told_once() -> None:
    scene = gathering(1500)
    world = scene.mesh.world
    for client in scene.flock.clients[::2]:
        client.leave()
    world.run_until(world.now + 30.0)
    present = scene.flock.present()
    there = {client.peer_id for client in present}
    assert len(there) == 750
    assert [client.surprises for client in present if client.surprises] == []
    assert all(there.issuperset(client.known) for client in present)
    assert min(len(client.known) for client in present) >= LIMIT // 2
    assert "Resync" not in world.tally.shares()
