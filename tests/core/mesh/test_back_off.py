"""Pauses double with each time that something has come to nothing, each kind on its own."""

from __future__ import annotations

from random import Random

from peerpigeon.core.mesh.back_off import BackOff
from peerpigeon.core.mesh.limits import MeshLimits


class Middle(Random):
    """Chance that always takes the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def fresh(limits: MeshLimits | None = None) -> BackOff:
    return BackOff(Middle(), limits or MeshLimits(), channel_at=10.0)


def test_nothing_has_failed_at_first() -> None:
    back_off = fresh()
    assert (back_off.channel_at, back_off.dial_at) == (10.0, 0.0)
    assert not back_off.has_failed
    assert not back_off.needs_socket


def test_a_channel_that_failed_calls_for_a_socket_at_once() -> None:
    back_off = fresh()
    back_off.channel_failed(20.0)
    assert back_off.channel_at == 35.0
    assert back_off.has_failed
    assert back_off.needs_socket


def test_declined_offers_call_for_a_socket_when_there_are_several_and_are_no_failure() -> None:
    back_off = fresh(MeshLimits(offers_before_fallback=2))
    needed = []
    for now in (20.0, 30.0):
        back_off.declined(now)
        needed.append(back_off.needs_socket)
    assert needed == [False, True]
    assert back_off.channel_at == 32.0
    assert not back_off.has_failed


def test_pauses_have_a_longest_one() -> None:
    back_off = fresh(MeshLimits(longest_pause=3.0))
    for now in (20.0, 30.0, 40.0):
        back_off.declined(now)
    assert back_off.channel_at == 43.0


def test_the_pause_of_a_failed_dial_begins_anew_with_its_end_and_is_no_longer() -> None:
    back_off = fresh()
    back_off.dialled(20.0)
    back_off.dialled(21.0)
    assert back_off.dial_at == 23.0
    back_off.dial_failed(26.0)
    assert back_off.dial_at == 28.0


def test_a_link_makes_dials_quick_again() -> None:
    back_off = fresh()
    back_off.dialled(20.0)
    back_off.dialled(21.0)
    back_off.linked()
    back_off.dialled(40.0)
    assert back_off.dial_at == 41.0
