"""What is given up again and again is said the more seldom."""

from __future__ import annotations

from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.unheard import FIRST_PAUSE, LONGEST_PAUSE, QUIET, Unheard

A, B = PeerId("a" * 40), PeerId("b" * 40)


def test_a_hub_is_asked_once_for_all_that_is_given_up_at_a_time() -> None:
    unheard = Unheard()
    assert unheard.note(A, 1.0) == FIRST_PAUSE
    assert unheard.note(A, 1.25) == FIRST_PAUSE - 0.25
    assert unheard.deadline() == 1.0 + FIRST_PAUSE
    assert unheard.take(1.25) == []
    assert unheard.take(1.5) == [A]
    assert unheard.take(2.0) == []
    assert unheard.deadline() is None


def test_each_time_it_takes_twice_as_long_but_not_for_ever() -> None:
    unheard = Unheard()
    now, pauses = 0.0, []
    for _ in range(9):
        pauses.append(unheard.note(A, now))
        now += pauses[-1]
        assert unheard.take(now) == [A]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, LONGEST_PAUSE]


def test_after_a_quiet_time_the_pause_is_short_again() -> None:
    unheard = Unheard()
    unheard.note(A, 0.0)
    unheard.take(FIRST_PAUSE)
    assert unheard.note(A, FIRST_PAUSE + QUIET) == FIRST_PAUSE


def test_hubs_do_not_wait_for_each_other() -> None:
    unheard = Unheard()
    for now in (0.0, 1.0):
        unheard.note(A, now)
        unheard.take(now + FIRST_PAUSE)
    assert unheard.note(B, 1.0) == FIRST_PAUSE
    assert unheard.take(1.5) == [B]


def test_a_hub_that_is_gone_is_asked_nothing() -> None:
    unheard = Unheard()
    unheard.note(A, 0.0)
    unheard.forget(A)
    assert unheard.take(1.0) == []
    assert unheard.note(A, 1.0) == FIRST_PAUSE
