"""Hubs that do not keep up with what they are told are waited for, but not for ever."""

from __future__ import annotations

from peerpigeon.core.ids import PeerId
from peerpigeon.core.lagging import BEHIND, FAR_BEHIND, PATIENCE, Lagging
from peerpigeon.core.streams.limits import StreamLimits

A, B = PeerId("a" * 40), PeerId("b" * 40)


def test_a_hub_is_behind_while_more_than_so_much_waits_for_it() -> None:
    lagging = Lagging()
    lagging.told(A, BEHIND, 1.0)
    assert lagging.until(A) is None
    lagging.told(A, BEHIND + 1, 2.0)
    assert lagging.until(A) == 2.0 + PATIENCE
    assert lagging.until(B) is None
    lagging.heard(A, BEHIND, 3.0)
    assert lagging.until(A) is None


def test_it_is_waited_for_for_as_long_as_it_takes_something() -> None:
    lagging = Lagging()
    lagging.told(A, BEHIND + 2, 1.0)
    lagging.told(A, BEHIND + 3, 5.0)
    assert lagging.until(A) == 1.0 + PATIENCE
    lagging.heard(A, BEHIND + 1, 9.0)
    assert lagging.until(A) == 9.0 + PATIENCE


def test_what_it_takes_while_it_is_not_behind_is_not_remembered() -> None:
    lagging = Lagging()
    lagging.heard(A, BEHIND + 1, 1.0)
    assert lagging.until(A) is None


def test_those_far_behind_are_told_apart() -> None:
    lagging = Lagging()
    lagging.told(A, FAR_BEHIND, 1.0)
    lagging.told(B, FAR_BEHIND + 1, 1.0)
    assert lagging.far_behind() == [B]
    lagging.forget(B)
    assert lagging.far_behind() == []


def test_it_is_waited_for_long_before_anything_is_given_up() -> None:
    assert StreamLimits().control_bytes >= FAR_BEHIND * 4
