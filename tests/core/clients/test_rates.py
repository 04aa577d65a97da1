"""How often a client may do what costs others, and what happens to one that does it more often."""

from __future__ import annotations

import pytest

from peerpigeon.core.clients.rates import (
    ANNOUNCES,
    FAULTS,
    FORBEARANCE,
    LONGEST,
    SHORTEST,
    UNUSABLE,
    Rate,
)
from peerpigeon.core.interface.events import PeerSent
from tests.core.harness import A, B, C, Desk

GARBAGE = "no JSON"
TURN = 32  # announces, each with a goodbye, that a shell takes at once
AT_ONCE = FAULTS.at_once // UNUSABLE  # messages that make no sense


@pytest.mark.parametrize(
    ("paid_until", "cost", "now", "paid", "excess"),
    [
        (0.0, 1, 100.0, 100.5, -9.5),
        (100.5, 1, 100.0, 101.0, -9.0),
        (109.5, 1, 100.0, 110.0, 0.0),
        (110.0, 1, 100.0, 110.5, 0.5),
        (110.5, 1, 101.0, 111.0, 0.0),
        (110.5, 20, 200.0, 210.0, 0.0),
    ],
)
def test_a_rate_lets_so_much_pass_at_once_and_so_much_a_second(
    paid_until: float, cost: int, now: float, paid: float, excess: float
) -> None:
    rate = Rate(at_once=20, per_second=2)
    assert rate.spend(paid_until, cost, now) == paid
    assert rate.excess(paid, now) == excess


def test_who_announces_itself_as_often_as_real_clients_do_is_never_slowed() -> None:
    desk = Desk()
    client = desk.open(A)
    for number in range(ANNOUNCES.at_once):
        desk.announce(client, f"net{number}", now=1.0)
    for number in range(100):
        desk.announce(client, f"net{number}", now=1.0 + 0.5 * (number + 1))
    assert desk.paused == set()
    assert "error" not in desk.take_types(client)


def test_who_announces_itself_more_often_is_read_later_and_told_once() -> None:
    desk = Desk()
    client = desk.open(A)
    for number in range(ANNOUNCES.at_once + 1):
        desk.announce(client, f"net{number}", now=1.0)
    assert desk.paused == {client}
    [error] = [each for each in desk.take(client) if each["type"] == "error"]
    assert error["error"] == "too many announces; you are read more slowly, and closed if you go on"
    desk.announce(client, "read before that", now=1.0)
    desk.tick(1.49)
    assert desk.paused == {client}
    desk.tick(1.5)
    assert desk.paused == set()
    desk.announce(client, "and on", now=1.5)
    assert desk.paused == {client}
    assert "error" not in desk.take_types(client)


def test_to_leave_and_come_back_counts_as_well() -> None:
    desk = Desk()
    member, client = desk.join(B), desk.open(A)
    for _ in range(ANNOUNCES.at_once + 1):
        desk.announce(client, now=1.0)
        desk.say(client, {"type": "goodbye"}, now=1.0)
    assert desk.paused == {client}
    assert member not in desk.closed


def test_who_keeps_announcing_one_at_a_time_is_slowed_to_the_rate_and_never_closed() -> None:
    desk = Desk()
    client, now = desk.open(A), 1.0
    for number in range(ANNOUNCES.at_once + 200):
        while client in desk.paused:
            now += 0.25
            desk.tick(now)
        desk.announce(client, f"net{number}", now=now)
    assert desk.closed == {}
    assert 100.0 - LONGEST <= now - 1.0 <= 100.0 + LONGEST


def test_the_members_of_a_namespace_are_told_of_a_storm_at_the_rate_and_its_author_is_closed() -> (
    None
):
    desk = Desk()
    member, client = desk.join(B), desk.open(A)
    desk.clear()
    now, told = 1.0, 0
    while client not in desk.closed:
        for _ in range(TURN):
            desk.announce(client, now=now)
            desk.say(client, {"type": "goodbye"}, now=now)
        told += len(desk.take(member))
        now += LONGEST
        desk.tick(now)
    assert desk.closed[client] == (1008, "too many announces")
    assert now <= 20.0
    assert told <= 3 * (ANNOUNCES.at_once + ANNOUNCES.per_second * (now + FORBEARANCE))
    assert member not in desk.closed


def test_some_messages_that_make_no_sense_are_each_answered_and_more_slow_their_author() -> None:
    desk = Desk()
    client = desk.open(A)
    desk.clear()
    for _ in range(AT_ONCE):
        desk.say(client, GARBAGE, now=1.0)
    assert desk.paused == set()
    assert desk.take_types(client) == ["error"] * AT_ONCE
    desk.say(client, GARBAGE, now=1.0)
    assert desk.paused == {client}
    assert [each["error"] for each in desk.take(client)][1:] == [
        "too many messages that cannot be used; you are read more slowly, and closed if you go on"
    ]


def test_who_sends_nothing_but_nonsense_is_closed_in_the_end() -> None:
    desk = Desk()
    client, other = desk.open(A), desk.open(B)
    now, sent = 1.0, 0
    while client not in desk.closed:
        for _ in range(2 * TURN):
            sent += client not in desk.closed
            desk.say(client, GARBAGE, now=now)
        now += LONGEST
        desk.tick(now)
    assert desk.closed == {client: (1008, "too many messages that cannot be used")}
    assert 10.0 < now < 30.0
    assert sent <= AT_ONCE + FAULTS.per_second // UNUSABLE * (now + FORBEARANCE)
    desk.say(other, {"type": "ping"}, now=now)
    assert desk.take_types(other)[-1] == "pong"


def test_what_was_read_with_the_message_that_closes_a_client_is_not_heeded() -> None:
    desk = Desk()
    client = desk.open(A)
    for _ in range(2 * AT_ONCE + 10 * FAULTS.per_second):
        desk.hub.take(PeerSent(client, GARBAGE), 1.0)
    desk.tick(1.0)
    assert client in desk.closed
    assert desk.hub.status.peers() == []


def test_signals_to_nobody_may_be_as_many_as_a_crowd_leaves_behind() -> None:
    desk = Desk()
    client = desk.join(A)
    for _ in range(FAULTS.at_once):
        desk.signal(client, C, "ice-candidate", now=1.0)
    assert desk.paused == set()
    desk.signal(client, C, "ice-candidate", now=1.0)
    assert desk.paused == {client}
    desk.tick(1.0 + SHORTEST)
    assert desk.paused == set()


def test_who_was_slowed_and_stops_is_forgiven() -> None:
    desk = Desk()
    client = desk.open(A)
    now = 1.0
    for _ in range(10):
        for _ in range(2 * AT_ONCE):
            desk.say(client, GARBAGE, now=now)
        told = [each["error"] for each in desk.take(client) if "too many" in str(each)]
        assert len(told) == 1
        now += 100.0
        desk.tick(now)
    assert client not in desk.closed


def test_a_client_that_leaves_while_it_is_slowed_leaves_nothing_behind() -> None:
    desk = Desk()
    client = desk.open(A)
    for _ in range(AT_ONCE + 1):
        desk.say(client, GARBAGE, now=1.0)
    desk.lose(client, now=1.5)
    desk.paused.clear()
    desk.tick(1.0 + LONGEST)
    assert desk.hub.deadline() is None


def test_whose_id_somebody_else_wants_is_read_again_so_that_it_can_answer() -> None:
    desk = Desk()
    client = desk.join(A)
    for _ in range(AT_ONCE + 1):
        desk.say(client, GARBAGE, now=1.0)
    assert desk.paused == {client}
    thief = desk.join(A, now=1.1)
    assert desk.paused == set()
    desk.pong(client, now=1.2)
    assert list(desk.closed) == [thief]
