"""Scenes with many clients; what each must show is said in ``peerpigeon.sim.scenes.single_hub``."""

from functools import cache

import pytest

from peerpigeon.sim.checks.invariants import violations
from peerpigeon.sim.scenes.single_hub import Churn, Crowd, churn, crowd, namespaces
from tests.selection import thorough

LIMIT = 128
SEEDS = [1, thorough(2), thorough(3)]


@pytest.fixture(scope="module")
def thousand() -> Crowd:
    return crowd(seed=1, clients=1000, limit=LIMIT)


@pytest.mark.slow
@pytest.mark.xdist_group("thousand")
def test_a_thousand_in_one_namespace_each_know_as_many_as_the_limit(thousand: Crowd) -> None:
    assert thousand.least_known >= LIMIT


@pytest.mark.slow
@pytest.mark.xdist_group("thousand")
def test_the_acquaintances_of_a_thousand_hang_together(thousand: Crowd) -> None:
    assert thousand.parts == 1


@pytest.mark.slow
@pytest.mark.xdist_group("thousand")
def test_a_join_costs_no_more_than_the_limit_allows(thousand: Crowd) -> None:
    greetings = 1000
    assert thousand.messages <= greetings + 1000 * 2 * LIMIT


@pytest.mark.slow
@pytest.mark.xdist_group("thousand")
def test_a_thousand_in_one_namespace_break_no_rule(thousand: Crowd) -> None:
    assert violations(thousand.world) == []


@pytest.mark.parametrize("clients", [2, 9, 10])
def test_up_to_the_limit_everybody_knows_everybody(clients: int) -> None:
    scene = crowd(seed=1, clients=clients, limit=9)
    assert scene.least_known == clients - 1
    assert scene.messages == clients + clients * (clients - 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limit", [2, 8, 32])
def test_a_crowd_many_times_the_limit_hangs_together(seed: int, limit: int) -> None:
    scene = crowd(seed, clients=300, limit=limit)
    assert scene.least_known >= limit
    assert scene.parts == 1
    assert violations(scene.world) == []


@cache
def churned(seed: int) -> Churn:
    return churn(seed, clients=60, duration=40.0)


@pytest.mark.xdist_group("churn")
@pytest.mark.parametrize("seed", SEEDS)
def test_churn_breaks_no_rule(seed: int) -> None:
    scene = churned(seed)
    assert violations(scene.world) == []
    assert set(scene.deeds) > {"signal", "roam", "leave", "vanish", "come back", "lose the line"}
    assert scene.delivered > scene.refused > 0


@pytest.mark.slow
@pytest.mark.parametrize("limit", [8, 128])
@pytest.mark.parametrize("seed", SEEDS)
def test_churn_on_a_rough_network_breaks_no_rule(seed: int, limit: int) -> None:
    scene = churn(seed, clients=60, duration=80.0, limit=limit, rough=True)
    assert violations(scene.world) == []
    assert scene.delivered > scene.refused > 0


@pytest.mark.xdist_group("churn")
@pytest.mark.parametrize("seed", SEEDS)
def test_after_churn_the_hub_counts_those_who_are_there_and_no_others(seed: int) -> None:
    world = churned(seed).world
    here = [stay for client in world.clients if (stay := client.stay) and stay.end is None]
    snapshot = world.hubs[0].hub.status.snapshot(world.now)
    assert 0 < len(here) < len(world.clients)
    assert snapshot.connections == snapshot.announced_peers == len(here)
    assert snapshot.namespaces == len({stay.namespace for stay in here})


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_hub_that_all_have_left_is_empty(seed: int) -> None:
    world = churn(seed, clients=60, duration=40.0, namespaces=2, limit=8).world
    for client in world.clients:
        client.leave()
    world.run(80.0)
    hub = world.hubs[0]
    snapshot = hub.hub.status.snapshot(world.now)
    assert (snapshot.connections, snapshot.announced_peers, snapshot.namespaces) == (0, 0, 0)
    assert hub.notices["peerConnected"] == hub.notices["peerDisconnected"] > 0
    assert hub.hub.deadline() is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_churn_in_one_namespace_beyond_the_limit_breaks_no_rule(seed: int) -> None:
    scene = churn(seed, clients=80, duration=40.0, namespaces=1, limit=8)
    assert violations(scene.world) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_namespaces_are_strict(seed: int) -> None:
    scene = namespaces(seed, count=40, members=5)
    assert scene.delivered == scene.inside == 40 * 5 * 4
    assert scene.refused == scene.across > 0
    assert violations(scene.world) == []


@pytest.mark.slow
@pytest.mark.thorough
def test_five_thousand_in_one_namespace() -> None:
    scene = crowd(1, clients=5000, over=60.0)
    assert scene.least_known >= LIMIT
    assert scene.parts == 1
    assert scene.messages <= 5000 + 5000 * 2 * LIMIT
    assert violations(scene.world) == []


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4))
def test_long_churn_breaks_no_rule(seed: int) -> None:
    for limit in (8, 128):
        scene = churn(seed, clients=200, duration=120.0, namespaces=3, limit=limit)
        assert violations(scene.world) == []
