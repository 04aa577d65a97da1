"""The virtual client behaves as the one of the npm package does (``docs/protocol.md``)."""

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.sim.history import Closure
from peerpigeon.sim.network import Network
from peerpigeon.sim.world import World

ABSENT = PeerId("f" * 40)


def test_two_clients_of_a_namespace_learn_of_each_other() -> None:
    world = World(seed=1)
    hub = world.add_hub()
    a, b = (world.add_client(hub, "garden") for _ in range(2))
    world.run(1.0)
    assert a.known == [b.peer_id]
    assert b.known == [a.peer_id]
    assert a.greetings == 1


def test_a_signal_reaches_its_target() -> None:
    world = World(seed=1)
    hub = world.add_hub()
    a, b = (world.add_client(hub) for _ in range(2))
    world.run(1.0)
    serial = a.signal(b.peer_id, "ice-candidate")
    world.run(1.0)
    heard = b.signals[0]
    assert (heard.serial, heard.kind, heard.source) == (serial, "ice-candidate", a.peer_id)
    assert a.errors == []


def test_a_signal_to_nobody_is_answered_by_an_error_that_names_the_target() -> None:
    world = World(seed=1)
    client = world.add_client(world.add_hub())
    world.run(1.0)
    client.signal(ABSENT)
    world.run(1.0)
    assert [error.target for error in client.errors] == [ABSENT]


def test_text_that_is_no_message_is_answered_and_the_socket_stays() -> None:
    world = World(seed=1)
    client = world.add_client(world.add_hub())
    world.run(1.0)
    client.send_text("[1, 2")
    world.run(1.0)
    assert client.is_open
    assert [error.target for error in client.errors] == [""]


def test_a_client_that_roams_has_left_its_old_namespace() -> None:
    world = World(seed=1)
    hub = world.add_hub()
    a, b, c = (world.add_client(hub, name) for name in ("old", "old", "new"))
    world.run(1.0)
    a.announce("new")
    world.run(1.0)
    assert b.known == []
    assert c.known == [a.peer_id]
    assert a.known == [c.peer_id]


def test_after_a_goodbye_the_socket_stays_and_the_client_may_announce_again() -> None:
    world = World(seed=1)
    hub = world.add_hub()
    a, b = (world.add_client(hub) for _ in range(2))
    world.run(1.0)
    a.say_goodbye()
    world.run(1.0)
    assert a.is_open
    assert b.known == []
    a.announce()
    world.run(1.0)
    assert b.known == [a.peer_id]


def test_a_client_that_leaves_stays_away() -> None:
    world = World(seed=1)
    hub = world.add_hub()
    a, b = (world.add_client(hub) for _ in range(2))
    world.run(1.0)
    a.leave()
    world.run(60.0)
    assert b.known == []
    assert hub.notices["peerGoodbye"] == 1
    assert hub.notices["peerConnected"] == 2


def test_a_client_that_lost_its_line_comes_back_after_a_second() -> None:
    world = World(seed=1, network=Network(latency=0.5, jitter=0.0))
    client = world.add_client(world.add_hub())
    world.run_until(5.0)
    world.network.cut(client)
    world.run_until(5.5)
    assert client.closures == [Closure(1006, "", time=5.5, said_at=5.5)]
    world.run_until(7.4)
    assert not client.is_open
    world.run_until(7.5)
    assert client.is_open


def test_attempts_to_reconnect_come_after_1_2_and_4_seconds() -> None:
    world = World(seed=1, network=Network(latency=0.5, jitter=0.0))
    client = world.add_client(world.add_hub())
    world.run_until(5.0)
    world.network.cut(client)
    world.network.freeze(client)
    world.run_until(60.0)
    # Each attempt gives up after the ten seconds of a handshake.
    ends = [closure.time for closure in client.closures]
    assert ends == [5.5, 16.5, 28.5, 42.5]


def test_a_client_answers_pings_and_so_is_kept() -> None:
    world = World(seed=1)
    hub = world.add_hub(ServerConfig(cleanup_interval=10.0, peer_timeout=25.0))
    client = world.add_client(hub)
    world.run_until(100.0)
    assert client.is_open
    assert client.closures == []


def test_one_more_client_changes_nothing_in_the_chance_of_the_others() -> None:
    ids = []
    for count in (2, 3):
        world = World(seed=1)
        hub = world.add_hub()
        ids.append([world.add_client(hub).peer_id for _ in range(count)])
    assert ids[0] == ids[1][:2]
