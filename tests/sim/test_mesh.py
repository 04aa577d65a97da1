"""An onlooker of a mesh sees what is there."""

from peerpigeon.core.interface.timing import LEAVE_TIMEOUT
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.checks.oracle import components, ideal_links
from peerpigeon.sim.mesh import Layout, Mesh


def settled(hubs: int = 6, seed: int = 1) -> Mesh:
    mesh = Mesh.begin(seed, Layout(hubs=hubs))
    assert mesh.settle(60.0) is not None
    return mesh


def test_bootstrap_hubs_start_at_once_and_the_others_one_after_the_other() -> None:
    mesh = Mesh.begin(1, Layout(hubs=20, bootstraps=3, over=10.0))
    assert len(mesh.hubs) == 3
    mesh.world.run_until(5.0)
    assert 5 < len(mesh.hubs) < 15
    assert not mesh.is_whole()
    mesh.world.run_until(10.0)
    assert len(mesh.hubs) == 20


def test_each_hub_starts_from_a_bootstrap_hub() -> None:
    mesh = Mesh.begin(1, Layout(hubs=8, bootstraps=3, over=1.0))
    mesh.world.run_until(1.0)
    found = [hub.config.bootstrap_hubs for hub in mesh.hubs]
    first, second, third = ((f"ws://hub-{number}:3000",) for number in range(3))
    assert found == [(), first, first, first, second, third, first, second]


def test_a_mesh_that_has_settled_has_the_links_computed_centrally() -> None:
    mesh = settled()
    mesh.world.run(30.0)
    assert mesh.links() == ideal_links([hub.own for hub in mesh.hubs], 3)
    assert mesh.links(Carrier.P2P) == mesh.links()
    assert mesh.most_links() == 3
    assert mesh.is_whole()


def test_a_mesh_without_hope_does_not_settle() -> None:
    mesh = Mesh.begin(1, Layout(hubs=4))
    mesh.world.run_until(1.0)
    mesh.world.part([mesh.hubs[3]], mesh.hubs[:3])
    assert mesh.settle(20.0) is None
    assert mesh.world.now == 20.0


def test_links_of_the_dead_are_not_counted() -> None:
    mesh = settled()
    mesh.world.run(30.0)
    ring = sorted(mesh.hubs, key=lambda hub: hub.own)
    mesh.world.kill(ring[0])
    assert len(mesh.living) == 5
    assert all(ring[0].own not in link for link in mesh.links())
    mesh.world.kill(*ring[1:])
    assert mesh.parts() == 0
    assert mesh.most_links() == 0


def test_links_across_a_cut_are_not_counted() -> None:
    mesh = settled()
    mesh.world.part(mesh.hubs[:3], mesh.hubs[3:])
    assert mesh.parts() >= 2
    mesh.world.run(30.0)
    assert mesh.parts() == 2
    assert mesh.parts(mesh.hubs[:3]) == mesh.parts(mesh.hubs[3:]) == 1


def test_clocks_of_hubs_are_wrong_by_no_more_than_allowed() -> None:
    mesh = Mesh.begin(1, Layout(hubs=30, skew=60.0))
    mesh.world.run_until(1.0)
    skews = [hub.skew for hub in mesh.hubs]
    assert -60.0 <= min(skews) < -30.0
    assert 30.0 < max(skews) <= 60.0


def test_the_graph_has_all_living_hubs() -> None:
    mesh = settled(hubs=2)
    mesh.world.kill(mesh.hubs[1])
    assert mesh.graph() == {mesh.hubs[0].own: set()}
    assert components(mesh.graph()) == 1


def test_a_hub_that_is_stopped_tells_its_clients_and_the_other_hubs() -> None:
    mesh = settled(hubs=2)
    world, (stopped, other) = mesh.world, mesh.hubs
    client = world.add_client(stopped, reconnects=False)
    world.run(1.0)
    world.stop(stopped)
    assert mesh.living == [stopped, other], "the other hub has not left it yet"
    world.run(LEAVE_TIMEOUT / 2)
    assert mesh.living == [other]
    assert [(end.code, end.reason) for end in client.closures] == [(1001, "server is stopping")]
    assert other.links == []
    assert other.notices["hubP2PDisconnected"] == 1


def test_a_hub_that_is_stopped_waits_for_nobody_for_long() -> None:
    mesh = settled(hubs=2)
    stopped, frozen = mesh.hubs
    mesh.world.suspend(frozen)
    mesh.world.stop(stopped)
    mesh.world.run(0.9 * LEAVE_TIMEOUT)
    newcomer = mesh.world.add_client(stopped, reconnects=False)
    mesh.world.run(0.05 * LEAVE_TIMEOUT)
    assert mesh.living == [stopped, frozen]
    assert not newcomer.is_open
    mesh.world.run(0.1 * LEAVE_TIMEOUT)
    assert mesh.living == [frozen]
    mesh.world.restart(stopped)
    mesh.world.resume(frozen)
    assert mesh.settle(mesh.world.now + 60.0) is not None
