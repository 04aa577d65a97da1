"""A window is as wide as the way takes without a queue."""

from __future__ import annotations

from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.window import Window

LIMITS = StreamLimits(signals=4096, signal_bytes=4 << 20, fewest_signals=256)


def measured(*round_trips: float, count: int = 4096) -> int:
    """Return how many signals a window has room for after round trips in which some had to wait.

    So many were unacknowledged meanwhile.
    """
    window = Window(LIMITS)
    window.count = count
    for elapsed in round_trips:
        window.refuse()
        window.measure(elapsed)
    assert window.most_bytes == 4 << 20
    return window.most


def test_it_begins_as_narrow_as_it_can_be() -> None:
    assert measured() == 256


def test_it_becomes_wider_with_each_round_trip_that_it_was_too_narrow_for() -> None:
    widths = [measured(*[0.1] * count) for count in range(1, 9)]
    assert widths == [384, 576, 864, 1296, 1944, 2916, 4096, 4096]


def test_it_stays_as_it_is_while_nobody_has_to_wait() -> None:
    window = Window(LIMITS)
    window.count = 200
    window.measure(0.1)
    window.refuse()
    window.measure(0.1)
    window.measure(0.1)
    assert window.most == 384


def test_it_stays_as_it_is_while_what_waits_is_too_large_for_it() -> None:
    assert measured(0.1, 0.1, count=128) == 256
    assert measured(0.1, count=129) == 384


def test_it_is_halved_by_a_round_trip_that_has_waited_in_a_queue() -> None:
    assert measured(*[0.1] * 8, 0.29) == 4096
    assert measured(*[0.1] * 8, 0.31) == 2048
    assert measured(*[0.1] * 8, *[0.31] * 9) == 256


def test_a_long_way_is_no_queue() -> None:
    assert measured(*[0.7] * 7, 0.8) == 4096


def test_after_a_change_of_the_way_the_shortest_round_trip_is_another() -> None:
    window = Window(LIMITS)
    window.count = 4096
    window.refuse()
    window.measure(0.1)
    window.rerouted()
    window.measure(0.5)
    assert window.most == 384
    window.measure(0.71)
    assert window.most == 256
