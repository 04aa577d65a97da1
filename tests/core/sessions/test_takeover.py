"""One id, two sockets: the old one keeps it if it is alive, and gives it up if it is not.

Sources: the reference refuses the second with 1008 until TCP gives the first up, so that a client
whose connection broke cannot come back (PeerJS issues 224 and 294); servers that let the second
win hand any id to whoever connects next (PeerJS issue 23).
"""

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.notices import PeerConnected, PeerDisconnected
from peerpigeon.core.sessions.takeover import BACKLOG_MESSAGES, CONTENDERS
from tests.core.harness import A, B, C, Desk

MIB = 1 << 20
BIRD = "\N{BIRD}"
REFUSED = (1008, "Peer already connected")
SILENT = (1008, "peerId connected again, no answer here")


# A handshake tells a stranger nothing


def test_who_has_not_announced_itself_cannot_tell_whether_its_id_is_in_use() -> None:
    desk, heard = Desk(), []
    desk.join(A)
    for peer_id in (A, B):
        session = desk.open(peer_id, now=1.0)
        desk.say(session, {"type": "ping"}, now=1.1)
        desk.say(session, {"type": "goodbye"}, now=1.1)
        desk.say(session, "no json", now=1.1)
        desk.signal(session, C, now=1.2)
        desk.pong(session, now=1.3)
        desk.tick(20.0)
        heard.append([(said["type"], said.get("error")) for said in desk.take(session)])
    assert heard[0] == heard[1]
    assert [kind for kind, _ in heard[0]] == ["connected", "pong", "error", "error"]
    assert desk.closed == {}
    assert desk.pinged == []


def test_the_first_to_announce_itself_has_the_id() -> None:
    desk = Desk()
    idle, first = desk.open(A), desk.open(A, now=1.0)
    desk.announce(first, now=2.0)
    desk.announce(idle, now=3.0)
    assert desk.pinged == [first]
    desk.pong(first, now=3.1)
    assert desk.closed == {idle: REFUSED}


def test_who_has_never_had_its_id_leaves_the_holder_alone() -> None:
    desk = Desk()
    first, b = desk.join(A), desk.join(B)
    idle = desk.open(A, now=1.0)
    desk.lose(idle, now=2.0)
    desk.signal(b, A, now=3.0)
    assert desk.take_types(first)[-1] == "offer"


def test_an_announce_that_is_refused_is_no_claim_to_an_id() -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.open(A, now=1.0)
    desk.announce(second, "x" * 1000, now=1.0)
    assert desk.take_types(second) == ["connected", "error"]
    assert desk.pinged == []
    assert first not in desk.closed


# One wants the id of another


def test_a_second_socket_makes_the_hub_ask_the_first_for_a_sign_of_life() -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.join(A, now=5.0)
    assert desk.pinged == [first]
    assert desk.closed == {}
    assert desk.take_types(second) == ["connected"]
    assert desk.hub.deadline() == 7.0


def test_a_first_socket_that_answers_keeps_its_id() -> None:
    desk = Desk()
    first, _ = desk.join(A), desk.join(B)
    second = desk.join(A.upper(), now=5.0)
    desk.pong(first, now=6.9)
    assert desk.closed == {second: REFUSED}
    desk.tick(7.0)
    desk.signal(first, B, now=8.0)
    assert desk.closed == {second: REFUSED}
    assert desk.take_types(SessionId(2))[-1] == "offer"


def test_an_answer_that_came_while_the_server_stood_still_is_read_before_it_is_too_late() -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.join(A, now=5.0)
    desk.tick(9.0)  # it was stopped, and its timers are first when it goes on
    assert desk.closed == {}
    desk.pong(first, now=9.0)
    assert desk.closed == {second: REFUSED}


def test_that_the_server_stood_still_is_an_excuse_once() -> None:
    desk = Desk()
    first = desk.join(A)
    desk.join(A, now=5.0)
    desk.tick(9.0)
    desk.tick(10.0)
    assert desk.closed == {first: (1008, "peerId connected again, no answer here")}


@pytest.mark.parametrize("late", ["message", "ping", "pong"])
def test_what_a_client_sent_before_it_was_gone_does_not_keep_it_from_coming_back(late: str) -> None:
    """It may have been lost on the way, sent again, and come after the second socket."""
    desk = Desk(ServerConfig(cleanup_interval=4.0))
    first = desk.join(A)
    desk.tick(4.0)
    asked_before = desk.last_ping
    second = desk.join(A, now=5.0)
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
    first = desk.join(A)
    second = desk.join(A, now=5.0)
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
    second = desk.join(A, now=5.0)
    desk.tick(7.0)
    assert desk.closed[first][0] == 1008
    assert desk.take_types(second) == ["connected", "peer-discovered"]
    assert desk.take_types(b) == ["peer-disconnected", "peer-discovered"]
    kinds = [type(n) for n in desk.notices if isinstance(n, PeerConnected | PeerDisconnected)]
    assert kinds == [PeerConnected, PeerDisconnected, PeerDisconnected, PeerConnected]
    desk.signal(b, A, now=8.0)
    assert desk.take_types(second) == ["offer"]


def test_a_first_socket_that_closes_meanwhile_gives_way_at_once() -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.join(A, now=5.0)
    b = desk.join(B, now=5.2)
    desk.lose(first, now=5.5)
    desk.lose(b, now=5.6)
    assert desk.take_types(second) == ["connected", "peer-discovered", "peer-disconnected"]
    assert desk.hub.status.snapshot(6.0).connections == 1


def test_a_second_socket_that_closes_meanwhile_is_forgotten() -> None:
    desk = Desk()
    first = desk.join(A)
    second = desk.join(A, now=5.0)
    desk.lose(second, now=5.5)
    desk.tick(7.0)
    assert desk.closed == {}
    desk.signal(first, C, now=8.0)
    assert desk.take_types(first) == ["connected", "error"]


def test_of_two_that_wait_one_may_leave() -> None:
    desk = Desk()
    first = desk.join(A)
    second, third = desk.join(A, now=5.0), desk.join(A, now=5.1)
    desk.lose(second, now=5.5)
    desk.tick(7.0)
    assert desk.closed == {first: SILENT}
    desk.announce(third, now=8.0, name="new")
    assert desk.closed == {first: SILENT}


def test_a_few_wait_for_an_id_and_all_lose_when_its_holder_answers() -> None:
    desk = Desk()
    first = desk.join(A)
    waiting = [desk.join(A, now=5.0) for _ in range(CONTENDERS)]
    assert desk.closed == {}
    assert desk.pinged == [first]
    desk.pong(first, now=5.5)
    assert desk.closed == dict.fromkeys(waiting, REFUSED)


def test_when_the_holder_is_gone_the_first_has_the_id_and_the_others_lose() -> None:
    desk = Desk()
    first = desk.join(A, address="192.0.2.1")
    second, third = desk.join(A, now=5.0, address="192.0.2.2"), desk.join(A, now=5.1)
    desk.tick(7.0)
    assert desk.closed == {first: SILENT, third: REFUSED}
    desk.signal(desk.join(B, now=8.0), A, now=8.0)
    assert desk.take_types(second)[-1] == "offer"


def test_who_comes_from_where_the_holder_was_goes_before_who_was_there_first() -> None:
    desk = Desk()
    first = desk.join(A, address="192.0.2.1")
    squatter = desk.join(A, now=5.0, address="192.0.2.2")
    back = desk.join(A, now=6.0, address="192.0.2.1")
    desk.tick(7.0)
    assert desk.closed == {first: SILENT, squatter: REFUSED}
    desk.signal(desk.join(B, now=8.0), A, now=8.0)
    assert desk.take_types(back)[-1] == "offer"


def test_nobody_keeps_others_from_waiting_by_filling_the_places() -> None:
    desk = Desk()
    desk.join(A, address="192.0.2.1")
    squatters = [desk.join(A, now=5.0, address="192.0.2.2") for _ in range(CONTENDERS)]
    back = desk.join(A, now=5.1, address="192.0.2.1")
    assert desk.closed == {squatters[-1]: REFUSED}
    one_more = desk.join(A, now=5.2, address="192.0.2.2")
    assert desk.closed == {squatters[-1]: REFUSED, one_more: REFUSED}
    desk.tick(7.0)
    assert desk.take_types(back) == ["connected"]
    assert back not in desk.closed


def test_one_that_waits_may_not_fill_the_hubs_memory() -> None:
    desk = Desk()
    desk.join(A)
    second = desk.join(A, now=5.0)
    for _ in range(BACKLOG_MESSAGES - 1):
        desk.say(second, {"type": "ping"}, now=5.1)
    assert desk.closed == {}
    desk.say(second, {"type": "ping"}, now=5.1)
    assert desk.closed == {second: REFUSED}
    desk.say(second, {"type": "ping"}, now=5.2)
    desk.tick(7.0)
    assert desk.take_types(second) == ["connected"], "its greeting; the rest went with it"


def test_one_that_waits_may_not_fill_it_with_a_few_large_messages_either() -> None:
    desk = Desk()
    desk.join(A)
    second = desk.join(A, now=5.0)
    desk.say(second, {"type": "ping", "data": "x" * 40_000}, now=5.1)
    assert desk.closed == {}
    desk.say(second, {"type": "ping", "data": "x" * 40_000}, now=5.1)
    assert desk.closed == {second: REFUSED}


def test_one_that_waits_may_not_fill_it_with_its_announce_either() -> None:
    desk = Desk(ServerConfig(max_connections=2))
    desk.join(A)
    second = desk.open(A, now=5.0)
    waits = desk.open(B, now=5.0)
    desk.say(second, {"type": "announce", "networkName": "n", "junk": "x" * 70_000}, now=5.1)
    assert desk.closed == {second: REFUSED}
    assert desk.pinged[:1] != [], "the longest silent is asked for its place"
    assert desk.take_types(waits) == ["connected"], "the place is free"


def test_all_that_wait_share_the_room_of_signals_that_wait() -> None:
    """Of each character CPython may keep four bytes."""
    config = ServerConfig(max_connections=100, max_memory=8 * MIB)
    desk = Desk(config)
    memory = desk.hub.memory.signals
    ids = [f"{number:040x}" for number in range(10)]
    for peer_id in ids:
        desk.join(peer_id)
    seconds = [desk.join(peer_id, now=5.0) for peer_id in ids]
    for second in seconds:
        desk.say(second, f"""{{"type": "ping", "data": "{BIRD * 60_000}"}}""", now=5.1)
    kept = [second for second in seconds if second not in desk.closed]
    assert len(kept) == 8
    assert 8 * 240_000 < memory.size < 2 * MIB
    desk.tick(7.0)
    assert memory.size == 0


def test_a_client_gets_its_id_back_although_the_server_is_full() -> None:
    desk = Desk(ServerConfig(max_connections=1))
    desk.join(A)
    second = desk.join(A, now=5.0)
    desk.tick(7.0)
    assert desk.take_types(second) == ["connected"]
