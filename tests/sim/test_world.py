import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.sim.history import Closure
from peerpigeon.sim.network import Network
from peerpigeon.sim.world import World


def test_time_stands_where_it_was_asked_to() -> None:
    world = World(seed=1)
    world.run(1.5)
    world.run(1.5)
    world.run_until(2.0)
    assert world.now == 3.0


def test_a_world_is_quiet_once_all_have_met() -> None:
    world = World(seed=1)
    hub = world.add_hub()
    a, b = (world.add_client(hub) for _ in range(2))
    assert world.run_until_quiet(limit=20.0)
    assert a.known == [b.peer_id]
    assert world.now < 10.0


def test_a_world_whose_hub_is_about_to_act_is_not_quiet() -> None:
    world = World(seed=1)
    world.add_client(world.add_hub(ServerConfig(cleanup_interval=1.0)))
    assert not world.run_until_quiet(limit=20.0)
    assert world.now == 20.0


def test_a_run_stops_when_its_condition_is_met() -> None:
    world = World(seed=1, network=Network(latency=0.5, jitter=0.0))
    client = world.add_client(world.add_hub())
    assert world.run_until_met(lambda: client.is_open, limit=20.0)
    assert world.now == 1.0
    assert not world.run_until_met(lambda: not client.is_open, limit=20.0)
    assert world.now == 20.0


def test_hubs_of_one_world_do_not_share_clients() -> None:
    world = World(seed=1)
    hubs = [world.add_hub() for _ in range(2)]
    a, b = (world.add_client(hub) for hub in hubs)
    world.run(1.0)
    assert a.known == b.known == []
    assert [hub.notices["peerConnected"] for hub in hubs] == [1, 1]


def test_a_client_may_move_to_another_hub() -> None:
    world = World(seed=1)
    first, second = (world.add_hub() for _ in range(2))
    a, b = world.add_client(first), world.add_client(second)
    world.run(1.0)
    a.connect(world.way_to(second))
    world.run(1.0)
    assert a.known == [b.peer_id]
    assert first.notices["peerDisconnected"] == 1


def test_a_client_without_a_valid_id_is_refused() -> None:
    world = World(seed=1, network=Network(latency=0.5, jitter=0.0))
    client = world.add_client(world.add_hub(), peer_id=PeerId("nobody"), reconnects=False)
    world.run(2.0)
    assert client.closures == [Closure(1008, "Invalid peerId format", time=1.0, said_at=0.5)]


def test_a_full_hub_refuses() -> None:
    world = World(seed=1)
    hub = world.add_hub(ServerConfig(max_connections=2))
    clients = [world.add_client(hub, reconnects=False) for _ in range(3)]
    world.run(1.0)
    assert sorted(client.is_open for client in clients) == [False, True, True]


class Restless(Hub):
    """Wants a tick at once, for ever."""

    def deadline(self) -> float | None:
        return 0.0


def test_a_hub_that_never_lets_time_pass_is_noticed() -> None:
    world = World(seed=1)
    world.add_client(world.add_hub(kind=Restless))
    with pytest.raises(RuntimeError, match="time stands still"):
        world.run(1.0)
