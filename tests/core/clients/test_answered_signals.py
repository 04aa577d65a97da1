"""Each signal that was sent to another hub is answered by at most one error."""

import pytest

from peerpigeon.core.clients import answered_signals
from peerpigeon.core.clients.answered_signals import AnsweredSignals


def test_a_signal_is_answered_once() -> None:
    answered = AnsweredSignals(10.0)
    assert answered.note(7, 0.0)
    assert not answered.note(7, 1.0)
    assert answered.note(8, 1.0)


def test_a_signal_that_never_left_needs_no_number() -> None:
    answered = AnsweredSignals(10.0)
    assert answered.note(0, 0.0)
    assert answered.note(0, 0.0)
    assert not answered.is_too_old(0)


def test_it_is_remembered_for_the_lifetime_of_a_signal_and_half_a_minute() -> None:
    answered = AnsweredSignals(10.0)
    answered.note(7, 0.0)
    answered.forget(39.9)
    assert not answered.note(7, 39.9)
    answered.forget(40.0)
    assert len(answered) == 0


def test_what_comes_back_as_old_as_what_was_forgotten_is_too_old() -> None:
    answered = AnsweredSignals(10.0)
    answered.note(7, 0.0)
    answered.note(5, 0.0)
    assert not answered.is_too_old(7)
    answered.forget(40.0)
    assert answered.is_too_old(6)
    assert answered.is_too_old(7)
    assert not answered.is_too_old(8)


def test_if_too_many_fail_the_oldest_are_forgotten_and_others_are_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answered_signals, "MAX_ANSWERED", 2)
    answered = AnsweredSignals(10.0)
    for number in (1, 2, 3):
        answered.note(number, 0.0)
    assert len(answered) == 2
    assert not answered.note(3, 0.0)
    assert not answered.is_too_old(1)
