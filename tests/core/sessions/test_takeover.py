"""One id, two sockets: the old one keeps it if it is alive, and gives it up if it is not.

Sources: the reference refuses the second with 1008 until TCP gives the first up, so that a client
whose connection broke cannot come back (PeerJS issues 224 and 294); servers that let the second
win hand any id to whoever connects next (PeerJS issue 23).
"""

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.notices import PeerConnected, PeerDisconnected
from peerpigeon.core.sessions.takeover import BACKLOG_MESSAGES
from tests.core.harness import A, B, C, Desk

REFUSED = (1008, "Peer already connected")


def test_a_second_socket_makes_the_hub_ask_the_first_for_a_sign_of_life() -> None:
    desk = Desk()
    first = desk.open(A)
    second = desk.open(A, now=5.0)
    assert desk.pinged == [first]
    assert desk.closed == {}
    assert desk.take(second) == []
    assert desk.hub.deadline() == 7.0


def test_a_first_socket_that_answers_keeps_its_id() -> None:
    desk = Desk()
    first, _ = desk.join(A), desk.join(B)
    second = desk.open(A.upper(), now=5.0)
    desk.pong(first, now=6.9)
    assert desk.closed == {second: REFUSED}
    desk.tick(7.0)
    desk.signal(first, B, now=8.0)
    assert desk.closed == {second: REFUSED}
    assert desk.take_types(SessionId(2))[-1] == "offer"


def test_an_answer_that_came_while_the_server_stood_still_is_read_before_it_is_too_late() -> None:
    desk = Desk()
    first = desk.open(A)
    second = desk.open(A, now=5.0)
    desk.tick(9.0)  # it was stopped, and its timers are first when it goes on
    assert desk.closed == {}
    desk.pong(first, now=9.0)
    assert desk.closed == {second: REFUSED}


def test_that_the_server_stood_still_is_an_excuse_once() -> None:
    desk = Desk()
    first = desk.open(A)
    desk.open(A, now=5.0)
    desk.tick(9.0)
    desk.tick(10.0)
    assert desk.closed == {first: (1008, "peerId connected again, no answer here")}


@pytest.mark.parametrize("late", ["message", "ping", "pong"])
def test_what_a_client_sent_before_it_was_gone_does_not_keep_it_from_coming_back(late: str) -> None:
    """It may have been lost on the way, sent again, and come after the second socket."""
    desk = Desk(ServerConfig(cleanup_interval=4.0))
    first = desk.open(A)
    desk.tick(4.0)
    asked_before = desk.last_ping
    second = desk.open(A, now=5.0)
    assert desk.pinged == [first, first]
    if late == "message":
        desk.say(first, {"type": "ping"}, now=5.1)
    else:
        desk.pong(first, now=5.1, number=asked_before if late == "pong" else 0)
    desk.tick(7.0)
    assert desk.closed == {first: (1008, "peerId connected again, no answer here")}
    assert desk.take_types(second) == ["connected"]


def test_the_answer_to_a_later_ping_counts_for_all_before_it() -> None:
    """RFC 6455, section 5.5.3: of several pings, only the last one need be answered."""
    desk = Desk(ServerConfig(cleanup_interval=6.0))
    first = desk.open(A)
    second = desk.open(A, now=5.0)
    asked = desk.last_ping
    desk.tick(6.0)
    assert desk.pinged == [first, first]
    assert desk.last_ping > asked
    desk.pong(first, now=6.5)
    assert desk.closed == {second: REFUSED}


def test_a_first_socket_that_is_silent_gives_way() -> None:
    desk = Desk()
    first, b = desk.join(A), desk.join(B)
    desk.clear()
    second = desk.open(A, now=5.0)
    desk.announce(second, now=5.1)
    desk.tick(7.0)
    assert desk.closed[first][0] == 1008
    assert desk.take_types(second) == ["connected", "peer-discovered"]
    assert desk.take_types(b) == ["peer-disconnected", "peer-discovered"]
    assert [type(notice) for notice in desk.notices[:2]] == [PeerDisconnected, PeerConnected]
    desk.signal(b, A, now=8.0)
    assert desk.take_types(second) == ["offer"]


def test_a_first_socket_that_closes_meanwhile_gives_way_at_once() -> None:
    desk = Desk()
    first = desk.open(A)
    second = desk.open(A, now=5.0)
    desk.lose(first, now=5.5)
    assert desk.take_types(second) == ["connected"]
    assert desk.hub.snapshot(6.0).connections == 1


def test_a_second_socket_that_closes_meanwhile_is_forgotten() -> None:
    desk = Desk()
    first = desk.open(A)
    second = desk.open(A, now=5.0)
    desk.lose(second, now=5.5)
    desk.tick(7.0)
    assert desk.closed == {}
    desk.signal(first, C, now=8.0)
    assert desk.take_types(first) == ["connected", "error"]


def test_a_third_socket_is_refused_while_a_second_one_waits() -> None:
    desk = Desk()
    desk.open(A)
    second = desk.open(A, now=5.0)
    third = desk.open(A, now=5.1)
    assert desk.closed == {third: REFUSED}
    desk.tick(7.0)
    assert desk.take_types(second) == ["connected"]


def test_one_that_waits_may_not_fill_the_hubs_memory() -> None:
    desk = Desk()
    desk.open(A)
    second = desk.open(A, now=5.0)
    for _ in range(BACKLOG_MESSAGES):
        desk.say(second, {"type": "ping"}, now=5.1)
    assert desk.closed == {}
    desk.say(second, {"type": "ping"}, now=5.1)
    assert desk.closed == {second: REFUSED}
    desk.say(second, {"type": "ping"}, now=5.2)
    desk.tick(7.0)
    assert desk.take(second) == []


def test_one_that_waits_may_not_fill_it_with_a_few_large_messages_either() -> None:
    desk = Desk()
    desk.open(A)
    second = desk.open(A, now=5.0)
    desk.say(second, {"type": "ping", "data": "x" * 40_000}, now=5.1)
    assert desk.closed == {}
    desk.say(second, {"type": "ping", "data": "x" * 40_000}, now=5.1)
    assert desk.closed == {second: REFUSED}


def test_a_client_gets_its_id_back_although_the_server_is_full() -> None:
    desk = Desk(ServerConfig(max_connections=1))
    desk.open(A)
    second = desk.open(A, now=5.0)
    desk.tick(7.0)
    assert desk.take_types(second) == ["connected"]
