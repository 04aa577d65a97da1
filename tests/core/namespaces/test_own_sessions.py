"""The sessions of a hub's clients go on under other numbers when it rises."""

from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.namespaces.own_sessions import REMEMBERED, OwnSessions
from peerpigeon.core.wire.ranges import LAST_INCARNATION

S = first_session(1)


def test_each_session_is_another_one_and_belongs_to_the_incarnation() -> None:
    sessions = OwnSessions(5)
    assert [sessions.take_next() for _ in range(3)] == [5 * S + 1, 5 * S + 2, 5 * S + 3]


def test_all_sessions_go_on_when_the_hub_rises() -> None:
    sessions = OwnSessions(5)
    first = sessions.take_next()
    sessions.rise(70)
    second = sessions.take_next()
    sessions.rise(900)
    assert (first, second) == (5 * S + 1, 70 * S + 2)
    assert [sessions.current(each) for each in (first, second, 70 * S + 1, 900 * S + 1)] == [
        900 * S + 1,
        900 * S + 2,
        900 * S + 1,
        900 * S + 1,
    ]
    assert sessions.take_next() == 900 * S + 3


def test_a_session_from_before_this_life_is_left_as_it_is() -> None:
    sessions = OwnSessions(5)
    sessions.rise(70)
    assert [sessions.current(each) for each in (0, 4 * S + 9)] == [0, 4 * S + 9]


def test_only_the_last_incarnations_are_remembered() -> None:
    sessions = OwnSessions(5)
    for number in range(REMEMBERED):
        sessions.rise(100 + number)
    assert sessions.current(5 * S + 1) == 5 * S + 1
    assert sessions.current(100 * S + 1) == (99 + REMEMBERED) * S + 1


def test_the_last_incarnation_has_room_for_its_sessions() -> None:
    assert first_session(LAST_INCARNATION) + 2**36 <= 2**63
