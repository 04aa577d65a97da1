"""A full hub: ghosts make room for newcomers, live clients do not, and nobody makes a ping storm.

A ghost is a client that went without a word, as when its network broke: its socket stays open here.
"""

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import SessionId
from peerpigeon.core.sessions.places import APPLICANTS, PINGS
from peerpigeon.core.sessions.takeover import BACKLOG_MESSAGES, BACKLOG_SIZE
from tests.core.harness import A, B, C, D, Desk

REFUSED = (1008, "Maximum connections reached")
GHOST = (1008, "server is full, no answer here")


def client(number: int) -> str:
    return f"{number:040x}"


def full(places: int = 2) -> tuple[Desk, list[SessionId]]:
    """A full hub whose clients came one in each tenth of a second, from 0.1 on."""
    desk = Desk(ServerConfig(max_connections=places))
    clients = [desk.open(client(number), now=number / 10) for number in range(1, places + 1)]
    desk.clear()
    return desk, clients


def test_a_newcomer_at_a_full_hub_makes_it_ask_who_is_alive() -> None:
    desk, clients = full()
    newcomer = desk.open(A, now=5.0)
    assert desk.pinged == clients
    assert desk.closed == {}
    assert desk.take(newcomer) == []
    assert desk.hub.deadline() == 7.0


def test_a_ghost_makes_room_after_the_takeover_timeout() -> None:
    desk, (first, second) = full()
    newcomer = desk.open(A, now=5.0)
    desk.pong(first, now=5.1)
    desk.tick(7.0)
    assert desk.closed == {second: GHOST}
    assert desk.take_types(newcomer) == ["connected"]
    assert desk.hub.status.snapshot(7.0).connections == 2


def test_when_all_have_answered_the_newcomer_is_refused_at_once() -> None:
    desk, (first, second) = full()
    newcomer = desk.open(A, now=5.0)
    desk.pong(first, now=5.1)
    assert desk.closed == {}
    desk.pong(second, now=5.2)
    assert desk.closed == {newcomer: REFUSED}
    desk.tick(7.0)
    assert desk.closed == {newcomer: REFUSED}


def test_a_client_that_talks_keeps_its_place_though_it_is_slow_to_answer() -> None:
    """Unlike an id, nobody wants just this place: to let a live client go gains nothing."""
    desk, (first, second) = full()
    newcomer = desk.open(A, now=5.0)
    for talker in (first, second):
        desk.say(talker, {"type": "cleanup"}, now=6.0)
    desk.tick(7.0)
    assert desk.closed == {newcomer: REFUSED}


def test_a_place_that_comes_free_meanwhile_is_given_to_who_waits() -> None:
    desk, (first, _) = full()
    newcomer = desk.open(A, now=5.0)
    desk.lose(first, now=5.5)
    assert desk.take_types(newcomer) == ["connected"]
    desk.tick(7.0)
    assert desk.closed == {}


def test_what_a_newcomer_says_while_it_waits_is_heeded_when_it_is_in() -> None:
    desk, (first, second) = full()
    desk.announce(first, now=5.0)
    newcomer = desk.open(A, now=5.0)
    desk.announce(newcomer, now=5.1)
    desk.pong(first, now=5.2)
    desk.tick(7.0)
    assert list(desk.closed) == [second]
    assert desk.take_types(newcomer) == ["connected", "peer-discovered"]
    assert desk.take_types(first) == ["peer-discovered"]


def test_one_that_waits_may_not_fill_the_hubs_memory() -> None:
    desk, (first, second) = full()
    newcomer = desk.open(A, now=5.0)
    for _ in range(BACKLOG_MESSAGES):
        desk.say(newcomer, {"type": "ping"}, now=5.1)
    assert desk.closed == {}
    desk.say(newcomer, {"type": "ping"}, now=5.1)
    assert desk.closed == {newcomer: REFUSED}
    desk.say(newcomer, {"type": "ping"}, now=5.2)
    desk.tick(7.0)
    assert desk.take(newcomer) == []
    assert not {first, second} & set(desk.closed)


def test_no_more_ghosts_are_let_go_than_newcomers_wait_and_the_longest_silent_first() -> None:
    desk, clients = full(4)
    newcomer = desk.open(A, now=5.0)
    desk.tick(7.0)
    assert desk.closed == {clients[0]: GHOST}
    assert desk.take_types(newcomer) == ["connected"]


def test_a_ghost_that_is_known_makes_room_for_the_next_one_at_once() -> None:
    desk, clients = full(4)
    desk.open(A, now=5.0)
    desk.tick(7.0)
    desk.pong(clients[1], now=8.0)
    desk.say(clients[2], {"type": "cleanup"}, now=8.0)
    pings = len(desk.pinged)
    newcomer = desk.open(B, now=9.0)
    assert desk.closed == {clients[0]: GHOST, clients[3]: GHOST}
    assert desk.take_types(newcomer) == ["connected"]
    assert len(desk.pinged) == pings


def test_a_hub_that_stood_still_hears_the_answers_that_have_come_before_it_judges() -> None:
    desk, clients = full()
    newcomer = desk.open(A, now=5.0)
    second = desk.open(B, now=9.0)  # before the answers, in the order of sockets
    for session in clients:
        desk.pong(session, now=9.0)
    desk.tick(9.0)
    assert desk.closed[newcomer] == REFUSED
    assert not set(clients) & set(desk.closed)
    assert desk.take(second) == []


def test_a_search_that_nobody_waits_for_any_more_is_judged_when_somebody_does() -> None:
    desk, (first, second) = full()
    newcomer = desk.open(A, now=5.0)
    desk.lose(newcomer, now=5.5)
    desk.pong(second, now=5.6)
    desk.tick(7.0)
    assert desk.closed == {}
    newcomer = desk.open(B, now=9.0)
    assert desk.closed == {first: GHOST}
    assert desk.take_types(newcomer) == ["connected"]


def test_who_came_first_gets_the_place() -> None:
    desk, (first, second) = full()
    newcomers = [desk.open(peer, now=5.0) for peer in (A, B, C)]
    desk.lose(first, now=5.5)
    assert [desk.take_types(one) for one in newcomers] == [["connected"], [], []]
    desk.tick(7.0)
    assert [desk.take_types(one) for one in newcomers] == [[], ["connected"], []]
    assert desk.closed == {second: GHOST}
    for session in newcomers[:2]:  # the third came after the search for the first had begun
        desk.pong(session, now=7.1)
    assert desk.closed == {second: GHOST, newcomers[2]: REFUSED}


def test_a_storm_of_newcomers_is_no_storm_of_pings() -> None:
    """One search at a time, and one in a takeover timeout, however quickly all answer."""
    desk, clients = full(3 * PINGS)
    for millisecond in range(4000):
        now = 30.2 + millisecond / 1000
        deadline = desk.hub.deadline()
        if deadline is not None and deadline <= now:
            desk.tick(now)
        desk.open(client(1000 + millisecond), now=now)
        for session in desk.pinged[-PINGS:]:
            desk.pong(SessionId(session), now=now)
    regular = len(clients)  # each is pinged once in its 30 s anyhow
    assert 2 * PINGS <= len(desk.pinged) <= 2 * PINGS + regular
    assert not set(clients) & set(desk.closed)


def test_the_longest_silent_are_asked_first_and_others_in_the_next_search() -> None:
    desk, clients = full(PINGS + 10)
    desk.open(A, now=8.0)
    assert desk.pinged == clients[:PINGS]
    for session in clients[:PINGS]:
        desk.pong(session, now=8.1)
    assert list(desk.closed.values()) == [REFUSED]
    second = desk.open(B, now=8.2)
    assert len(desk.pinged) == PINGS
    assert desk.hub.deadline() == 10.0
    desk.tick(10.0)
    assert desk.pinged[PINGS : PINGS + 10] == clients[PINGS:]
    desk.tick(12.0)
    assert desk.closed[clients[PINGS]] == GHOST
    assert desk.take_types(second) == ["connected"]


def test_only_so_many_may_wait() -> None:
    desk, clients = full()
    newcomers = [desk.open(client(100 + number), now=5.0) for number in range(APPLICANTS + 1)]
    assert desk.closed == {newcomers[-1]: REFUSED}
    for session in clients:
        desk.pong(session, now=5.1)
    # The search was begun for the first one; the others hope for the next.
    assert desk.closed == {newcomers[-1]: REFUSED, newcomers[0]: REFUSED}
    desk.tick(7.0)
    for session in clients:
        desk.pong(session, now=7.1)
    assert set(desk.closed) == set(newcomers)
    assert set(desk.closed.values()) == {REFUSED}
    assert desk.hub.status.snapshot(7.1).connections == 2


def test_one_that_waits_and_closes_is_forgotten() -> None:
    desk, (first, _) = full()
    newcomer = desk.open(A, now=5.0)
    desk.lose(newcomer, now=5.5)
    desk.lose(first, now=5.6)
    desk.tick(7.0)
    assert desk.closed == {}
    assert desk.take(newcomer) == []
    assert desk.hub.status.snapshot(7.0).connections == 1


@pytest.mark.parametrize("spell", [str.lower, str.upper])
def test_only_one_may_wait_with_an_id(spell: object) -> None:
    """Else a client that tries again and again would take the places of others in the row."""
    assert callable(spell)
    desk, (first, _) = full()
    newcomer = desk.open(A, now=5.0)
    again = desk.open(spell(A), now=5.1)
    assert desk.closed == {again: REFUSED}
    desk.lose(first, now=5.5)
    assert desk.take_types(newcomer) == ["connected"]


def test_who_comes_back_with_its_id_waits_for_that_and_needs_no_place() -> None:
    desk, (first, second) = full()
    desk.announce(first, now=1.0)
    other = desk.open(A, now=5.0)
    back = desk.join(client(1), now=5.1)
    desk.pong(second, now=5.2)
    desk.tick(7.0)
    # The one search finds the ghost whose id is wanted: its place goes with the id.
    assert desk.closed == {first: GHOST, other: REFUSED}
    assert desk.take_types(back) == ["connected"]
    assert desk.take(other) == []


def test_whose_id_is_wanted_is_asked_for_that_alone() -> None:
    desk, (first, second) = full()
    desk.announce(first, now=0.1)
    back = desk.join(client(1), now=5.0)
    other = desk.open(A, now=5.1)
    assert desk.pinged == [first, second, first]
    desk.tick(7.0)
    assert desk.closed == {first: (1008, "peerId connected again, no answer here"), second: GHOST}
    assert desk.take_types(back) == ["connected"]
    assert desk.take_types(other) == ["connected"]


def test_who_waits_for_an_id_keeps_the_place_that_it_has() -> None:
    desk = Desk(ServerConfig(max_connections=2))
    first = desk.join(A)
    desk.join(A, now=5.0)
    other = desk.open(B, now=5.1)
    assert desk.pinged == [first], "nobody but who is asked for its id already"
    assert desk.closed == {other: REFUSED}


@pytest.mark.parametrize("end", ["answered", "lost", "too much"])
def test_the_place_of_who_has_not_got_its_id_is_given_to_who_waits(end: str) -> None:
    desk = Desk(ServerConfig(max_connections=3))
    first, _, second = desk.join(A), desk.open(D), desk.join(A, now=5.0)
    other = desk.open(B, now=5.1)
    assert desk.take(other) == []
    if end == "answered":
        desk.pong(first, now=5.2)
    elif end == "lost":
        desk.lose(second, now=5.2)
    else:
        desk.say(second, {"type": "ping", "data": "x" * BACKLOG_SIZE}, now=5.2)
    assert desk.take_types(other) == ["connected"]
    assert desk.hub.status.snapshot(5.2).connections == 3


def test_who_waits_for_a_place_wants_its_id_from_its_announce_on() -> None:
    desk, (first, second) = full()
    desk.announce(first, now=0.1)
    back = desk.open(client(1), now=5.0)
    for text in ("no json", '{"type": "ping"}'):
        desk.say(back, text, now=5.0)
        assert desk.pinged == [first, second]
    desk.announce(back, now=5.0)
    assert desk.pinged == [first, second, first]


def test_one_address_waits_once_for_a_place_with_an_id_and_keeps_no_other_out() -> None:
    desk, _ = full()
    waiting = [desk.open(A, now=5.0, address=a) for a in ("192.0.2.1", "192.0.2.1", "192.0.2.2")]
    assert desk.closed == {waiting[1]: REFUSED}


def test_those_that_knew_a_ghost_are_told_once() -> None:
    desk, (first, second) = full()
    desk.announce(first, now=1.0)
    desk.announce(second, now=1.0)
    desk.clear()
    desk.open(D, now=5.0)
    desk.pong(second, now=5.1)
    desk.tick(7.0)
    assert desk.take_types(second) == ["peer-disconnected"]
    desk.lose(first, now=8.0)
    assert desk.take(second) == []
