"""Whose an id is: a resume key, or a proof that a shell has seen, gives it back at once."""

from random import Random

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.events import Permits
from peerpigeon.core.owners import (
    NOBODY,
    REMEMBERED,
    RecentOwners,
    draw_key,
    is_key,
    owner_of_key,
    owner_of_subject,
    same_owner,
)
from tests.core.harness import A, B, C, Desk

REFUSED = (1008, "Peer already connected")
RESUMED = (1008, "resumed by another connection")
FULL = (1008, "Maximum connections reached")
MINE, ANOTHER = "m" * 22, "o" * 22
TOKEN = Permits(A, ("net1",), 1000.0)


def key_given(desk: Desk, session: int) -> str:
    (greeting, *_) = desk.take(session)  # type: ignore[arg-type]
    return str(greeting["data"]["resumeKey"])


# Keys


def test_a_key_is_128_bits_of_chance_that_a_url_takes_as_they_are() -> None:
    keys = {draw_key(Random(seed)) for seed in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 22 and is_key(key) for key in keys)


@pytest.mark.parametrize("text", ["", "short", "a" * 21, "a" * 129, "a" * 21 + "!", "a" * 21 + "é"])
def test_what_is_no_key_is_refused(text: str) -> None:
    assert not is_key(text)
    if text:
        desk = Desk()
        assert desk.closed == {desk.open(A, resume_key=text): (1008, "Invalid resumeKey format")}


def test_owner_marks_are_of_one_client_if_they_are_the_same_and_of_somebody() -> None:
    assert same_owner(owner_of_key(MINE), owner_of_key(MINE))
    assert not same_owner(owner_of_key(MINE), owner_of_key(ANOTHER))
    assert not same_owner(owner_of_key(MINE), owner_of_subject(MINE))
    assert not same_owner(NOBODY, NOBODY)


def test_each_client_is_given_a_key_and_who_has_one_is_not() -> None:
    desk = Desk()
    keys = {key_given(desk, desk.open(peer)) for peer in (A, B)}
    assert len(keys) == 2
    (greeting,) = desk.take(desk.open(C, resume_key=MINE))
    assert greeting["data"] == {"peerId": C}
    (greeting,) = desk.take(desk.open(A, permits=TOKEN))
    assert greeting["data"] == {"peerId": A}
    bearer = Permits(None, ("net1",), 1000.0)
    assert len(key_given(desk, desk.open(A, permits=bearer))) == 22, "it names no id"


# Resumption


def test_the_owner_has_its_id_back_at_once_and_no_ping_is_asked() -> None:
    desk = Desk()
    first, b = desk.join(A), desk.join(B)
    key = key_given(desk, first)
    desk.clear()
    second = desk.open(A.upper(), now=5.0, resume_key=key)
    assert desk.closed == {first: RESUMED}
    desk.announce(second, now=5.1)
    assert desk.pinged == []
    assert desk.take_types(second) == ["connected", "peer-discovered"]
    assert desk.take_types(b) == ["peer-disconnected", "peer-discovered"]
    desk.signal(b, A, now=6.0)
    assert desk.take_types(second) == ["offer"]


def test_a_key_stays_the_same_over_resumptions() -> None:
    desk = Desk()
    first = desk.join(A)
    key = key_given(desk, first)
    second = desk.join(A, now=5.0, resume_key=key)
    third = desk.join(A, now=6.0, resume_key=key)
    assert desk.closed == {first: RESUMED, second: RESUMED}
    assert third not in desk.closed


def test_a_token_that_names_the_id_counts_as_a_key() -> None:
    desk = Desk()
    first = desk.open(A, permits=TOKEN)
    desk.announce(first)
    stranger = desk.join(A, now=5.0, resume_key=MINE)
    desk.open(A.upper(), now=5.5, permits=TOKEN)
    assert desk.closed == {first: RESUMED, stranger: REFUSED}


def test_who_has_a_token_for_an_id_goes_before_who_only_came_first() -> None:
    desk = Desk()
    squatter = desk.join(A, resume_key=MINE)
    owner = desk.open(A, now=5.0, permits=TOKEN)
    assert desk.closed == {squatter: RESUMED}
    back = desk.join(A, now=6.0, resume_key=MINE)
    desk.pong(owner, now=6.1)
    assert desk.closed == {squatter: RESUMED, back: REFUSED}


def test_another_key_is_no_proof() -> None:
    desk = Desk()
    first = desk.join(A, resume_key=MINE)
    second = desk.join(A, now=5.0, resume_key=ANOTHER)
    assert desk.pinged == [first]
    desk.pong(first, now=5.1)
    assert desk.closed == {second: REFUSED}


def test_those_that_wait_for_an_id_lose_when_its_owner_comes() -> None:
    desk = Desk()
    first = desk.join(A, resume_key=MINE)
    squatters = [desk.join(A, now=5.0) for _ in range(2)]
    second = desk.open(A, now=5.5, resume_key=MINE)
    assert desk.closed == {first: RESUMED} | dict.fromkeys(squatters, REFUSED)
    desk.tick(9.0)
    assert desk.pinged == [first]
    assert second not in desk.closed


def test_who_opens_twice_before_it_announces_itself_is_one_client() -> None:
    desk = Desk()
    first, second = (desk.open(A, resume_key=MINE) for _ in range(2))
    desk.announce(first)
    desk.announce(second, now=1.0)
    assert desk.closed == {first: RESUMED}
    assert desk.pinged == []


def test_at_a_full_hub_the_owner_gets_its_own_place_and_nobody_else_has_it() -> None:
    desk = Desk(ServerConfig(max_connections=1))
    first = desk.join(A, resume_key=MINE)
    waiting = desk.open(B, now=4.0)
    second = desk.open(A, now=5.0, resume_key=MINE)
    assert desk.closed == {first: RESUMED}
    assert desk.take_types(second) == ["connected"]
    assert desk.take(waiting) == []
    assert desk.hub.status.snapshot(5.0).connections == 1


# After the owner is gone


def test_who_takes_an_id_while_its_owner_is_away_gives_it_back() -> None:
    desk = Desk()
    first = desk.join(A, resume_key=MINE)
    desk.lose(first, now=300.0)
    squatter = desk.join(A, now=301.0)
    back = desk.join(A, now=500.0, resume_key=MINE)
    assert desk.closed == {squatter: RESUMED}
    assert back not in desk.closed


def test_who_has_lost_a_contest_because_it_slept_gets_its_id_back() -> None:
    desk = Desk()
    desk.join(A, resume_key=MINE)
    thief = desk.join(A, now=100.0)
    desk.tick(102.0)
    desk.open(A, now=150.0, resume_key=MINE)
    assert desk.closed[thief] == RESUMED


def test_an_owner_is_remembered_for_as_long_as_it_was_there_and_minutes_at_most() -> None:
    for stayed, away, is_remembered in (
        (10.0, 9.0, True),
        (10.0, 10.0, False),
        (9000.0, REMEMBERED - 1, True),
        (9000.0, REMEMBERED, False),
    ):
        desk = Desk()
        desk.lose(desk.join(A, resume_key=MINE), now=stayed)
        other = desk.join(A, now=stayed)
        desk.open(A, now=stayed + away, resume_key=MINE)
        assert (other in desk.closed) == is_remembered


def test_who_was_never_granted_its_id_is_not_remembered_as_its_owner() -> None:
    desk = Desk()
    idle = desk.open(A, resume_key=ANOTHER)
    first = desk.join(A, now=1.0, resume_key=MINE)
    desk.lose(idle, now=100.0)
    desk.open(A, now=101.0, resume_key=ANOTHER)
    assert desk.closed == {}
    assert desk.pinged == []
    assert first not in desk.closed


def test_of_several_owners_within_that_time_the_first_is_remembered() -> None:
    recent: RecentOwners[str] = RecentOwners()
    first, second = owner_of_key(MINE), owner_of_key(ANOTHER)
    recent.note(A, first, 0.0, 100.0)
    recent.note(A, second, 110.0, 150.0)
    assert recent.had(A, first, 199.0)
    assert not recent.had(A, second, 199.0)
    recent.note(A, first, 190.0, 199.0)
    assert recent.had(A, first, 207.0)
    recent.note(A, second, 200.0, 219.0)
    assert recent.had(A, second, 237.0)
    recent.note(B, NOBODY, 0.0, 300.0)
    assert not recent.had(B, NOBODY, 301.0)


def test_who_comes_and_goes_keeps_what_is_left_of_the_time_for_which_it_is_remembered() -> None:
    recent: RecentOwners[str] = RecentOwners()
    owner = owner_of_key(MINE)
    recent.note(A, owner, 0.0, 100.0)
    recent.note(A, owner, 150.0, 151.0)
    assert recent.had(A, owner, 201.9)
    assert not recent.had(A, owner, 202.1)
    recent.note(A, owner, 300.0, 310.0)
    assert not recent.had(A, owner, 320.1)
    recent.note(A, owner, 310.0, 900.0)
    assert not recent.had(A, owner, 900.0 + REMEMBERED)


def test_no_more_owners_are_remembered_than_a_limit_and_the_first_noted_goes() -> None:
    recent: RecentOwners[str] = RecentOwners(most=2)
    for name in ("x", "y", "x", "z"):
        recent.note(name, owner_of_key(MINE), 0.0, 100.0)
    assert len(recent) == 2
    assert [recent.had(name, owner_of_key(MINE), 100.0) for name in "xyz"] == [True, False, True]


def test_owners_whose_time_is_long_over_are_forgotten_when_others_are_remembered() -> None:
    """Else a hub would hold some megabytes of those who were there hours ago."""
    recent: RecentOwners[int] = RecentOwners()
    for number in range(5):
        recent.note(number, owner_of_key(MINE), since=0.0, now=1000.0 + number)
    recent.learn(5, owner_of_key(MINE), now=1005.0)
    recent.note(6, owner_of_key(MINE), since=0.0, now=1003.0 + 2 * REMEMBERED)
    assert len(recent) == 3
    recent.learn(7, owner_of_key(MINE), now=1006.0 + 2 * REMEMBERED)
    assert len(recent) == 2


def test_who_stays_longer_than_it_is_remembered_loses_nothing_by_what_is_forgotten() -> None:
    recent: RecentOwners[int] = RecentOwners()
    recent.note(1, owner_of_key(MINE), since=0.0, now=REMEMBERED)
    back = 2 * REMEMBERED - 1.0
    recent.note(2, owner_of_key(ANOTHER), since=back, now=back + REMEMBERED + 1.0)
    recent.note(1, owner_of_key(MINE), since=back, now=back + REMEMBERED + 2.0)
    assert recent.had(1, owner_of_key(MINE), back + 2 * REMEMBERED + 1.0)
    assert not recent.had(1, owner_of_key(MINE), back + 2 * REMEMBERED + 2.0)
