"""All are pinged, and half-open clients are so found and dropped within ``peer_timeout`` (S28)."""

from itertools import pairwise

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.notices import PeerDisconnected
from peerpigeon.core.sessions.liveness import LOOKS, Checkup, Liveness
from peerpigeon.core.sessions.registry import Client, Registry
from tests.core.harness import A, B, Desk

CONFIG = ServerConfig(cleanup_interval=30.0, peer_timeout=100.0)


def test_a_silent_client_is_pinged_until_it_is_dropped() -> None:
    desk = Desk(CONFIG)
    a = desk.open(A)
    pings = []
    while a not in desk.closed:
        deadline = desk.hub.deadline()
        assert deadline is not None
        desk.tick(deadline)
        pings.append(deadline)
    assert pings == [30.0, 60.0, 90.0, 100.0]
    assert desk.pinged == [a, a, a]
    assert desk.closed[a][0] == 1008
    assert desk.notices[-1] == PeerDisconnected(A, 1008, "no answer to pings", 0)
    assert desk.hub.deadline() is None


def test_a_client_that_answers_stays() -> None:
    desk = Desk(CONFIG)
    a = desk.open(A)
    for now in (30.0, 60.0, 90.0, 120.0, 150.0):
        desk.tick(now)
        desk.pong(a, now + 0.1)
    assert desk.pinged == [a] * 5
    assert desk.closed == {}


def test_a_client_that_talks_and_is_sent_nothing_is_pinged_too() -> None:
    """A proxy between cuts the socket if nothing comes from us for its time-out."""
    desk = Desk(CONFIG)
    a = desk.open(A)
    desk.take(a)
    pings = []
    for second in range(1, 121):
        desk.say(a, {"type": "cleanup"}, now=float(second))
        deadline = desk.hub.deadline()
        if deadline is not None and deadline <= second:
            desk.tick(float(second))
            pings.append(second)
    assert desk.take(a) == []
    assert pings == [30, 60, 90, 120]
    assert desk.pinged == [a] * 4


def test_between_two_pings_passes_no_more_than_the_interval_and_a_look() -> None:
    desk = Desk(CONFIG)
    desk.open(A, now=1.3)
    times = [1.3]
    for _ in range(5):
        deadline = desk.hub.deadline()
        assert deadline is not None
        desk.tick(deadline)
        desk.pong(SessionId(1), deadline + 0.7)
        times.append(deadline)
    assert len(desk.pinged) == 5
    for one, next_one in pairwise(times):
        assert 30.0 <= next_one - one <= 30.0 + 30.0 / LOOKS


def test_clients_that_came_at_about_the_same_time_are_pinged_together() -> None:
    desk = Desk(CONFIG)
    clients = [desk.open(peer, now=now) for peer, now in ((A, 0.01), (B, 0.1))]
    for times in (1, 2, 3):
        deadline = desk.hub.deadline()
        assert deadline is not None
        desk.tick(deadline)
        assert desk.pinged == clients * times


def test_those_that_knew_a_dropped_client_are_told_once() -> None:
    desk = Desk(CONFIG)
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    for now in (30.0, 60.0, 90.0, 100.0):
        desk.pong(b, now)
        desk.tick(now)
    assert desk.take_types(b) == ["peer-disconnected"]
    desk.lose(a, now=101.0)
    assert desk.take(b) == []


def test_who_is_here_no_more_is_not_looked_at() -> None:
    liveness = Liveness(Registry(10), 30.0, 100.0)
    liveness.watch(Client(SessionId(1), A, "127.0.0.1", 0.0, 0.0), 0.0)
    assert liveness.check(200.0) == Checkup()


def test_who_is_set_aside_and_let_in_again_is_looked_at_once() -> None:
    registry = Registry(10)
    liveness = Liveness(registry, 30.0, 1000.0)
    client = Client(SessionId(1), A, "127.0.0.1", 0.0, 0.0)
    registry.add(client)
    liveness.watch(client, 0.0)
    registry.remove(client)
    liveness.set_aside(client.session)
    assert liveness.deadline() == 30.0
    registry.add(client)
    liveness.watch(client, 5.0)
    assert [liveness.check(at).ping for at in (30.0, 60.0)] == [[client], [client]]


def test_nor_is_one_forgotten_that_is_let_in_after_its_time() -> None:
    registry = Registry(10)
    liveness = Liveness(registry, 30.0, 1000.0)
    client = Client(SessionId(1), A, "127.0.0.1", 0.0, 0.0)
    registry.add(client)
    liveness.watch(client, 0.0)
    registry.remove(client)
    liveness.set_aside(client.session)
    assert liveness.check(30.0) == Checkup()
    assert liveness.deadline() is None
    registry.add(client)
    liveness.watch(client, 31.0)
    assert liveness.check(62.0).ping == [client]


def test_who_has_waited_for_its_id_was_heard_of_when_it_spoke_not_when_it_was_let_in() -> None:
    desk = Desk(CONFIG)
    former, later = desk.open(A), desk.open(A)
    desk.announce(former)
    desk.announce(later, now=1.0)
    while later not in desk.closed:
        deadline = desk.hub.deadline()
        assert deadline is not None
        desk.tick(deadline)
        last = deadline
    assert desk.closed[former] == (1008, "peerId connected again, no answer here")
    assert desk.closed[later] == (1008, "no answer to pings")
    assert last == 101.0
