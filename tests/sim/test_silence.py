"""LinkEnd-open sockets: dropped in time (S28), and no bar to the client that comes back."""

from collections.abc import Callable

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.sim.checks.invariants import violations
from peerpigeon.sim.world import World

CONFIG = ServerConfig(cleanup_interval=10.0, peer_timeout=30.0, takeover_timeout=2.0)


def test_a_half_open_client_is_dropped_by_its_timeout_and_the_others_are_told() -> None:
    world = World(seed=1)
    hub = world.add_hub(CONFIG)
    a, b = (world.add_client(hub) for _ in range(2))
    world.run_until(5.0)
    world.network.freeze(a)
    world.run_until(29.0)
    assert b.known == [a.peer_id]
    world.run_until(35.0)
    assert b.known == []
    assert hub.notices["peerDisconnected"] == 1
    assert violations(world) == []


def test_a_client_that_vanished_gets_its_id_back_within_the_takeover_timeout() -> None:
    world = World(seed=1)
    hub = world.add_hub(CONFIG)
    a, b = (world.add_client(hub) for _ in range(2))
    world.run_until(5.0)
    world.network.freeze(a)
    world.run_until(6.0)
    world.network.thaw(a)
    a.connect()
    world.run_until(6.0 + 2.0 + 0.2)
    assert a.greetings == 2
    assert a.known == [b.peer_id]
    assert b.known == [a.peer_id]
    assert b.stays[0].turns == {a.peer_id: 3}
    assert violations(world) == []


def test_signals_reach_the_socket_that_took_over() -> None:
    world = World(seed=1)
    hub = world.add_hub(CONFIG)
    a, b = (world.add_client(hub) for _ in range(2))
    world.run_until(5.0)
    world.network.freeze(a)
    world.network.thaw(a)
    a.connect()
    world.run_until(10.0)
    serial = b.signal(a.peer_id)
    world.run_until(11.0)
    assert [signal.serial for signal in a.signals] == [serial]


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_a_live_client_keeps_its_id_and_the_second_is_refused(spell: Callable[[str], str]) -> None:
    world = World(seed=1)
    hub = world.add_hub(CONFIG)
    a, b = (world.add_client(hub) for _ in range(2))
    world.run_until(5.0)
    second = world.add_client(hub, peer_id=PeerId(spell(a.peer_id)), reconnects=False)
    world.run_until(6.0)
    assert [(closure.code, closure.reason) for closure in second.closures] == [
        (1008, "Peer already connected")
    ]
    assert second.stays[0].turns == {}, "it was told of nobody"
    assert a.is_open
    assert b.stays[0].turns == {a.peer_id: 1}
    assert violations(world) == []


def test_a_client_that_only_listens_is_alive() -> None:
    world = World(seed=1)
    hub = world.add_hub(CONFIG)
    a, b = (world.add_client(hub) for _ in range(2))
    world.run_until(300.0)
    assert a.is_open
    assert b.is_open
    assert hub.notices["peerDisconnected"] == 0
