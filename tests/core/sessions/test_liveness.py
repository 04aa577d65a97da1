"""Silent, half-open clients are found by ping and dropped within ``peer_timeout`` (S28)."""

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.notices import PeerDisconnected
from peerpigeon.core.sessions.liveness import LOOKS, Checkup, Liveness
from peerpigeon.core.sessions.registry import Registry
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


def test_a_client_that_talks_is_not_pinged() -> None:
    desk = Desk(CONFIG)
    a = desk.open(A)
    desk.say(a, {"type": "ping"}, now=29.0)
    desk.tick(30.0)
    assert desk.pinged == []
    deadline = desk.hub.deadline()
    assert deadline is not None
    assert 59.0 <= deadline < 59.0 + 30.0 / LOOKS
    desk.tick(deadline)
    assert desk.pinged == [a]


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
    liveness.watch(SessionId(1), 0.0)
    assert liveness.check(200.0) == Checkup()
