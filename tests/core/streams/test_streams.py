"""Streams, fact by fact; ``test_lossy_streams.py`` lets chance play with them."""

from __future__ import annotations

from random import Random

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.outgoing import Failure, Outgoing
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import Ack, Segment
from peerpigeon.core.wire.hub_news import News, Relay
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.reasons import Reason
from tests.core.streams.lossy import HUBS, World, control, number_of, signal

A, B, C = HUBS
X = PeerId("d" * 40)


def sent(answer: Outgoing | Failure | None) -> Segment:
    assert isinstance(answer, Outgoing)
    assert isinstance(answer.body, Segment)
    return answer.body


def send_signals(streams: Streams, count: int, now: float = 0.0) -> list[Segment]:
    return [sent(streams.send(B, 1, signal(i), now, 10.0)) for i in range(count)]


def numbers(news: list[News]) -> list[int]:
    return [number_of(piece) for piece in news]


def sequences(outgoing: list[Outgoing]) -> list[int]:
    return [sent(out).sequence for out in outgoing]


def sequences_of_acks(outgoing: list[Outgoing]) -> list[int]:
    return [out.body.next_sequence for out in outgoing if isinstance(out.body, Ack)]


def reasons(failures: list[Failure]) -> list[tuple[int, str]]:
    return [(number_of(failure.news), failure.reason) for failure in failures]


# The destination


def test_news_is_handed_over_in_the_order_sent_whatever_the_order_of_arrival() -> None:
    first, second, third = send_signals(Streams(), 3)
    hub = Streams()
    assert numbers(hub.on_segment(A, 1, third, 0.0)[0]) == []
    assert numbers(hub.on_segment(A, 1, first, 0.0)[0]) == [0]
    assert numbers(hub.on_segment(A, 1, second, 0.0)[0]) == [1, 2]


def test_a_repeat_is_not_handed_over_again() -> None:
    first, _, third = send_signals(Streams(), 3)
    hub = Streams()
    assert numbers(hub.on_segment(A, 1, first, 0.0)[0]) == [0]
    assert hub.on_segment(A, 1, first, 0.1)[0] == []
    hub.on_segment(A, 1, third, 0.2)
    assert hub.on_segment(A, 1, third, 0.3)[0] == []


def test_a_late_copy_is_not_kept_and_costs_what_comes_later_no_acknowledgement() -> None:
    segments = send_signals(Streams(), 4)
    hub = Streams()
    for segment in segments[:3]:
        hub.on_segment(A, 1, segment, 0.0)
    assert hub.on_segment(A, 1, segments[0], 0.01) == ([], [Outgoing(A, 1, Ack(1, 3))])
    assert hub.on_segment(A, 1, segments[3], 0.02)[1] == []
    assert hub.expire(0.07) == ([Outgoing(A, 1, Ack(1, 4))], [])


def test_one_acknowledgement_after_50_ms_serves_all_that_came() -> None:
    hub = Streams()
    for segment in send_signals(Streams(), 3):
        assert hub.on_segment(A, 7, segment, 1.0)[1] == []
    assert hub.deadline() == 1.05
    assert hub.expire(1.04) == ([], [])
    assert hub.expire(1.05) == ([Outgoing(A, 7, Ack(1, 3))], [])
    assert hub.deadline() is None


def test_of_two_sources_each_is_acknowledged_in_its_own_time() -> None:
    (first,) = send_signals(Streams(), 1)
    hub = Streams()
    hub.on_segment(A, 1, first, 1.0)
    hub.on_segment(C, 1, first, 1.03)
    assert [out.destination for out in hub.expire(1.06)[0]] == [A]
    assert [out.destination for out in hub.expire(1.08)[0]] == [C]


def test_every_64_segments_are_acknowledged_at_once() -> None:
    hub = Streams()
    acks = [hub.on_segment(A, 1, segment, 0.0)[1] for segment in send_signals(Streams(), 130)]
    assert [ack for ack in acks if ack] == [
        [Outgoing(A, 1, Ack(1, 64))],
        [Outgoing(A, 1, Ack(1, 128))],
    ]


def test_what_is_out_of_the_row_is_acknowledged_at_once_but_the_same_not_twice_in_50_ms() -> None:
    segments = send_signals(Streams(), 5)
    hub = Streams()
    assert hub.on_segment(A, 1, segments[1], 0.0)[1] == [Outgoing(A, 1, Ack(1, 0))]
    assert hub.on_segment(A, 1, segments[2], 0.01)[1] == []
    assert hub.on_segment(A, 1, segments[0], 0.02)[1] == [Outgoing(A, 1, Ack(1, 3))]
    assert hub.on_segment(A, 1, segments[0], 0.03)[1] == []
    assert hub.on_segment(A, 1, segments[0], 0.08)[1] == [Outgoing(A, 1, Ack(1, 3))]


def test_what_waits_for_its_turn_is_bounded_by_count() -> None:
    limits = StreamLimits(signals=1, control=1)
    segments = send_signals(Streams(), 4)
    hub = Streams(limits)
    for segment in segments[1:]:
        hub.on_segment(A, 1, segment, 0.0)
    assert numbers(hub.on_segment(A, 1, segments[0], 0.0)[0]) == [0, 1, 2]
    assert numbers(hub.on_segment(A, 1, segments[3], 0.0)[0]) == [3]


def test_what_waits_for_its_turn_is_bounded_by_bytes() -> None:
    source, hub = Streams(), Streams(StreamLimits(signal_bytes=500, control_bytes=500))
    segments = [sent(source.send(B, 1, signal(i, size=400), 0.0, 10.0)) for i in range(3)]
    for segment in segments[1:]:
        hub.on_segment(A, 1, segment, 0.0)
    assert numbers(hub.on_segment(A, 1, segments[0], 0.0)[0]) == [0, 1]


def test_a_restarted_source_begins_anew_and_what_its_earlier_life_said_is_ignored() -> None:
    hub = Streams()
    old = send_signals(Streams(first_epoch=70), 1)
    new = send_signals(Streams(first_epoch=7), 1)
    assert numbers(hub.on_segment(A, 1, old[0], 0.0)[0]) == [0]
    assert numbers(hub.on_segment(A, 2, new[0], 0.0)[0]) == [0]
    assert hub.on_segment(A, 1, old[0], 0.1) == ([], [])
    assert hub.expire(0.05)[0] == [Outgoing(A, 2, Ack(8, 1))]


def test_a_life_with_the_incarnation_of_the_one_before_is_not_taken_for_it() -> None:
    old = send_signals(Streams(first_epoch=70), 2)
    for first_epoch, heard in ((7, []), (700, [0])):
        hub = Streams()
        assert numbers(hub.on_segment(A, 1, old[0], 0.0)[0]) == [0]
        (new, _) = send_signals(Streams(first_epoch=first_epoch), 2)
        ready, acks = hub.on_segment(A, 1, new, 0.1)
        told = [] if heard else [Outgoing(A, 1, Ack(71, 1))]
        assert (numbers(ready), acks) == (heard, told)
        # What was not taken is not acknowledged either: it counts when its source has risen.
        assert numbers(hub.on_segment(A, 9, new, 0.2)[0]) == [0][len(heard) :]


def test_a_source_that_goes_on_under_another_incarnation_goes_on_in_its_stream() -> None:
    hub = Streams()
    first, second, third = send_signals(Streams(), 3)
    assert numbers(hub.on_segment(A, 1, first, 0.0)[0]) == [0]
    assert numbers(hub.on_segment(A, 2, first, 0.1)[0]) == []
    assert numbers(hub.on_segment(A, 2, second, 0.1)[0]) == [1]
    assert numbers(hub.on_segment(A, 1, third, 0.2)[0]) == [2]
    assert hub.expire(0.3)[0] == [Outgoing(A, 2, Ack(1, 3))]


def test_what_was_sent_to_a_hub_before_it_rose_is_sent_to_it_again() -> None:
    """However that shows: a segment of its, an acknowledgement, or an advert."""
    for shows in ("segment", "acknowledgement", "advert"):
        hub, source = Streams(), Streams()
        (first, second) = send_signals(source, 2)
        hub.on_segment(A, 1, first, 0.0)
        hub.send(A, 1, signal(5), 0.0, 10.0)
        if shows == "segment":
            hub.on_segment(A, 2, second, 0.1)
        elif shows == "acknowledgement":
            hub.send(A, 1, signal(6), 0.0, 10.0)
            hub.on_ack(A, 2, Ack(1, 1), 0.1)
        else:
            hub.rose(A, 2)
        (again,) = hub.resend(A, 0.2)
        assert (again.incarnation, sent(again).epoch) == (2, 1)
        assert reasons(hub.expire(0.2)[1]) == []


def test_an_acknowledgement_of_a_later_life_is_none_of_what_was_sent_to_the_earlier() -> None:
    hub = Streams(first_epoch=70)
    hub.send(A, 1, signal(5), 0.0, 10.0)
    assert hub.on_ack(A, 2, Ack(3, 1), 0.1) == []
    assert reasons(hub.expire(0.1)[1]) == [(5, Reason.RESTARTED)]


def test_a_pending_signal_is_sent_again_as_it_has_to_be_said_by_then() -> None:
    source = Streams()
    send_signals(source, 2)
    source.renew(lambda news: signal(number_of(news) + 10))
    assert [number_of(sent(out).news) for out in source.resend(B, 1.0)] == [10, 11]


def test_a_later_epoch_replaces_an_earlier_one_and_not_the_other_way_round() -> None:
    hub = Streams()
    assert numbers(hub.on_segment(A, 1, Segment(1, 5, 5, signal(0)), 0.0)[0]) == [0]
    assert numbers(hub.on_segment(A, 1, Segment(3, 0, 0, signal(1)), 0.0)[0]) == [1]
    where_it_stands = [Outgoing(A, 1, Ack(3, 1))]
    assert hub.on_segment(A, 1, Segment(2, 0, 0, signal(2)), 0.0) == ([], where_it_stands)
    assert hub.on_segment(A, 1, Segment(2, 0, 0, signal(2)), 0.04) == ([], [])
    assert hub.on_segment(A, 1, Segment(2, 0, 0, signal(2)), 0.06) == ([], where_it_stands)


def test_a_destination_that_has_lost_its_memory_goes_on_where_the_source_stands() -> None:
    source = Streams()
    send_signals(source, 3)
    source.on_ack(B, 1, Ack(1, 3), 0.1)
    fourth = sent(source.send(B, 1, signal(3), 0.2, 10.0))
    fresh = Streams()
    assert numbers(fresh.on_segment(A, 1, fourth, 0.2)[0]) == [3]


def test_only_so_many_sources_are_remembered_the_longest_silent_is_forgotten_first() -> None:
    hub = Streams(StreamLimits(hubs=2))
    (first,) = send_signals(Streams(), 1)
    for at, source in enumerate([A, C]):
        hub.on_segment(source, 1, first, float(at))
    hub.expire(2.0)
    hub.on_segment(A, 1, first, 3.0)  # a repeat: A is not silent
    hub.on_segment(X, 1, first, 4.0)
    assert hub.on_segment(A, 1, first, 5.0)[0] == []
    assert numbers(hub.on_segment(C, 1, first, 5.0)[0]) == [0]


def test_a_source_that_is_gone_for_good_is_forgotten_when_nothing_of_it_can_come_again() -> None:
    hub, limits = Streams(), StreamLimits()
    (first,) = send_signals(Streams(), 1)
    hub.on_segment(A, 1, first, 0.0)
    hub.forget_source(A, 2 * limits.silence)
    assert len(hub._receivers) == 1, "it is owed an acknowledgement"
    assert sequences_of_acks(hub.expire(1.0)[0]) == [1]
    hub.forget_source(A, limits.silence)
    assert hub.on_segment(A, 1, first, limits.silence)[0] == [], "it could still come again"
    hub.forget_source(A, 2 * limits.silence - 1.0)
    assert len(hub._receivers) == 1, "it came again"
    for source in (A, C):
        hub.forget_source(source, 2 * limits.silence)
    assert len(hub._receivers) == 0
    assert hub.size == 0


# What will not come


def test_the_destination_does_not_wait_for_what_was_given_up() -> None:
    hub = Streams()
    hub.on_segment(A, 1, Segment(1, 0, 0, signal(0)), 0.0)
    assert hub.on_segment(A, 1, Segment(1, 2, 1, signal(2)), 0.0)[0] == []
    assert numbers(hub.on_segment(A, 1, Segment(1, 3, 2, signal(3)), 0.1)[0]) == [2, 3]


def test_what_waits_and_was_given_up_is_not_handed_over_any_more() -> None:
    hub = Streams()
    for sequence in (1, 2, 6):
        hub.on_segment(A, 1, Segment(1, sequence, 0, signal(sequence)), 0.0)
    assert numbers(hub.on_segment(A, 1, Segment(1, 5, 5, signal(5)), 0.1)[0]) == [5, 6]
    hub.on_segment(A, 1, Segment(1, 9, 7, signal(9)), 0.2)
    assert numbers(hub.on_segment(A, 1, Segment(1, 8, 8, signal(8)), 0.2)[0]) == [8, 9]
    hub.on_segment(A, 1, Segment(1, 11, 10, signal(11)), 0.3)
    hub.on_segment(A, 1, Segment(1, 13, 10, signal(13)), 0.3)
    assert numbers(hub.on_segment(A, 1, Segment(1, 14, 12, signal(14)), 0.3)[0]) == []


def test_a_signal_fails_when_its_lifetime_ends_and_those_behind_it_go_on() -> None:
    source, hub = Streams(), Streams()
    source.send(B, 1, signal(0), 0.0, 0.5)
    second = sent(source.send(B, 1, signal(1), 0.0, 10.0))
    hub.on_segment(A, 1, second, 0.01)
    assert source.deadline() == 0.5
    assert source.expire(0.5) == ([], [Failure(B, signal(0), Reason.EXPIRED)])
    # The floor has moved: the destination hears so, but no sooner than a time-out.
    assert source.deadline() == 1.0
    again = source.expire(1.0)[0]
    assert numbers(hub.on_segment(A, 1, sent(again[0]), 1.01)[0]) == [1]


def test_later_news_tells_of_the_moved_floor_without_waiting() -> None:
    source, hub = Streams(), Streams()
    source.send(B, 1, signal(0), 0.0, 0.5)
    source.expire(0.5)
    assert source.deadline() == 60.0  # nothing to send again
    third = sent(source.send(B, 1, signal(1), 0.6, 10.0))
    assert numbers(hub.on_segment(A, 1, third, 0.61)[0]) == [1]


def test_an_acknowledgement_up_to_a_gap_brings_the_news_that_the_gap_is_closed() -> None:
    source = Streams()
    source.send(B, 1, control(0), 0.0, None)
    source.send(B, 1, signal(1), 0.0, 0.5)
    source.send(B, 1, control(2), 0.0, None)
    assert reasons(source.expire(0.5)[1]) == [(1, Reason.EXPIRED)]
    again = source.on_ack(B, 1, Ack(1, 1), 0.6)
    assert [(sent(out).sequence, sent(out).floor) for out in again] == [(2, 2)]


def test_a_signal_is_not_sent_again_so_late_that_its_acknowledgement_would_be_too_late() -> None:
    source = Streams()
    send_signals(source, 2)
    source.send(B, 1, control(2), 0.0, None)
    assert sequences(source.resend(B, 8.9)) == [0, 1, 2]
    assert sequences(source.resend(B, 9.1)) == [2]


def test_signals_whose_lifetime_is_nearly_over_are_given_up_with_one_before_them() -> None:
    """Behind the gap, they would be delivered when it is closed: too late to learn of it."""
    source = Streams()
    for number, lifetime in enumerate((10.0, 10.9, 11.1)):
        source.send(B, 1, signal(number), 0.0, lifetime)
    assert reasons(source.expire(10.0)[1]) == [(0, Reason.EXPIRED), (1, Reason.EXPIRED)]


def test_a_signal_that_was_acknowledged_takes_no_other_with_it() -> None:
    source = Streams()
    source.send(B, 1, signal(0), 0.0, 10.0)
    source.send(B, 1, signal(1), 0.0, 10.9)
    source.on_ack(B, 1, Ack(1, 1), 0.1)
    assert reasons(source.expire(10.0)[1]) == []


def test_nothing_expires_before_what_came_meanwhile_was_heard() -> None:
    source = Streams()
    send_signals(source, 1)
    source.keep_all_until(21.0)
    assert source.expire(20.0)[1] == []
    assert source.deadline() == 21.0
    assert reasons(source.expire(21.0)[1]) == [(0, Reason.EXPIRED)]


def test_a_hub_that_stops_owes_no_acknowledgement() -> None:
    hub = Streams()
    first, second, third = send_signals(Streams(), 3)
    hub.on_segment(A, 1, first, 0.0)
    assert hub.drain(0.01) == [Outgoing(A, 1, Ack(1, 1))]
    assert hub.on_segment(A, 1, second, 0.02)[1] == [Outgoing(A, 1, Ack(1, 2))]
    assert hub.on_segment(A, 1, third, 0.02)[1] == [Outgoing(A, 1, Ack(1, 3))]
    assert hub.deadline() is None


def test_a_lifetime_that_is_over_fails_at_once() -> None:
    assert Streams().send(B, 1, signal(0), 5.0, 0.0) == Failure(B, signal(0), Reason.EXPIRED)


# Sending again


def test_what_is_not_acknowledged_is_sent_again_after_1_3_6_and_9_seconds() -> None:
    source = Streams()
    source.send(B, 1, control(0), 0.0, None)
    times = []
    while (now := source.deadline()) is not None and now < 12.0:
        times.extend([now] * len(source.expire(now)[0]))
    assert times == [1.0, 3.0, 6.0, 9.0]


def test_a_dead_route_is_not_flooded_with_all_that_waits() -> None:
    source = Streams(StreamLimits(fewest_signals=4096))
    send_signals(source, 4000)
    repeats = 0
    while (now := source.deadline()) is not None and now < 10.0:
        repeats += len(source.expire(now)[0])
    assert repeats == 4 * 32
    assert len(source.expire(10.0)[1]) == 4000
    assert len(source) == 0


def test_a_route_that_works_again_is_filled_quickly() -> None:
    world = World(Random(1), [A, B], StreamLimits(), loss=1.0)
    for _ in range(3000):
        world.send(A, B, lifetime=10.0)
    world.run(1.5)
    world.loss = 0.0
    world.carry(A, world.streams[A].resend(B, 1.5))
    world.run(2.5)
    assert sorted(world.delivered[A, B]) == list(range(3000))


def test_large_news_is_sent_again_in_smaller_numbers() -> None:
    source = Streams(StreamLimits(fewest_signals=4096))
    for number in range(5):
        source.send(B, 1, signal(number, size=120_000), 0.0, 10.0)
    assert sequences(source.expire(1.0)[0]) == [0, 1]
    assert sequences(source.on_ack(B, 1, Ack(1, 2), 1.1)) == [2, 3]


def test_the_time_out_follows_the_measured_round_trip() -> None:
    source = Streams()
    for number in range(3):
        source.send(B, 1, control(number), number * 10.0, None)
        source.on_ack(B, 1, Ack(1, number + 1), number * 10.0 + 0.8)
    source.send(B, 1, control(3), 30.0, None)
    source.expire(30.8)
    # RFC 6298: 0.8 and 0.4 after the first, then the deviation shrinks by a quarter each time.
    due = 30.0 + 0.8 + 4 * 0.4 * 0.75**2
    assert source.deadline() == pytest.approx(due)
    assert sequences(source.expire(due - 0.001)[0]) == []
    assert sequences(source.expire(due + 0.001)[0]) == [3]


def test_a_repeated_segment_tells_nothing_about_the_round_trip() -> None:
    source = Streams()
    source.send(B, 1, control(0), 0.0, None)
    source.expire(1.0)
    source.on_ack(B, 1, Ack(1, 1), 2.9)
    source.send(B, 1, control(1), 5.0, None)
    source.on_ack(B, 1, Ack(1, 2), 5.1)
    source.send(B, 1, control(2), 6.0, None)
    assert sequences(source.expire(7.0)[0]) == [2]


def test_when_the_route_changes_what_is_unacknowledged_goes_again_at_once() -> None:
    source = Streams()
    send_signals(source, 3)
    source.on_ack(B, 1, Ack(1, 1), 0.1)
    assert sequences(source.resend(B, 0.2)) == [1, 2]


def test_route_changes_in_quick_succession_send_again_once_more_at_the_end_of_100_ms() -> None:
    source = Streams()
    send_signals(source, 2)
    assert sequences(source.resend(B, 0.2)) == [0, 1]
    assert source.resend(B, 0.22) == []
    assert source.resend(B, 0.25) == []
    assert source.deadline() == pytest.approx(0.3)
    assert sequences(source.expire(0.31)[0]) == [0, 1]


def test_a_route_change_concerns_only_hubs_for_which_something_waits() -> None:
    source = Streams()
    assert source.resend(B, 0.0) == []
    send_signals(source, 1)
    source.on_ack(B, 1, Ack(1, 1), 0.1)
    assert source.resend(B, 0.2) == []


def test_acknowledgements_that_say_nothing_new_are_ignored() -> None:
    source = Streams()
    send_signals(source, 2)
    source.on_ack(B, 1, Ack(1, 1), 0.1)
    for ack in (Ack(1, 1), Ack(1, 0), Ack(0, 2)):
        assert source.on_ack(B, 1, ack, 0.2) == []
    assert source.on_ack(C, 1, Ack(1, 2), 0.2) == []
    assert len(source) == 1


def test_an_idle_stream_is_closed_and_the_next_one_has_another_epoch() -> None:
    source, hub = Streams(), Streams()
    (first,) = send_signals(source, 1)
    assert numbers(hub.on_segment(A, 1, first, 0.0)[0]) == [0]
    source.on_ack(B, 1, Ack(1, 1), 0.1)
    assert source.deadline() == 1.0
    source.expire(1.0)
    assert source.deadline() == 60.0
    source.expire(60.0)
    assert source.deadline() is None
    second = sent(source.send(B, 1, signal(1), 61.0, 10.0))
    assert second == Segment(2, 0, 0, signal(1))
    assert numbers(hub.on_segment(A, 1, second, 61.0)[0]) == [1]


def test_only_what_is_unacknowledged_takes_memory() -> None:
    source = Streams()
    for number in range(1000):
        source.send(B, 1, signal(number), 0.001 * number, 10.0)
        source.on_ack(B, 1, Ack(1, number + 1), 0.001 * number)
    sender = source._senders.get(B)
    assert sender is not None
    assert len(sender.pending) == 0
    assert len(sender._expiry) <= 66


# Limits


NARROW = StreamLimits(signals=2, fewest_signals=2)
"""Two signals may be unacknowledged, and no more wait than in any stream."""


def senders(outgoing: list[Outgoing]) -> str:
    """Return the first digit of the id of whoever sent each signal."""
    news = [sent(out).news for out in outgoing]
    return "".join(piece.sender[0] for piece in news if isinstance(piece, Relay))


def test_a_signal_waits_while_too_many_are_unacknowledged() -> None:
    source = Streams(NARROW)
    send_signals(source, 2)
    assert source.send(B, 1, signal(2), 0.1, 10.0) is None
    assert len(source) == 3
    assert source.size == 3 * size_of(signal(2))
    assert isinstance(source.send(C, 1, signal(3), 0.1, 10.0), Outgoing)
    (third,) = source.on_ack(B, 1, Ack(1, 1), 0.2)
    assert sent(third) == Segment(1, 2, 1, signal(2))
    assert source.on_ack(B, 1, Ack(1, 2), 0.3) == []
    assert sent(source.send(B, 1, signal(4), 0.3, 10.0)).sequence == 3


def test_a_signal_waits_while_too_many_bytes_are_unacknowledged() -> None:
    source = Streams(StreamLimits(signal_bytes=2000, fewest_signals=4096))
    assert isinstance(source.send(B, 1, signal(0, size=9000), 0.0, 10.0), Outgoing)
    assert source.send(B, 1, signal(1), 0.1, 10.0) is None
    assert source.send(B, 1, signal(2, size=9000), 0.1, 10.0) is None
    assert sequences(source.on_ack(B, 1, Ack(1, 1), 0.2)) == [1]
    assert sequences(source.on_ack(B, 1, Ack(1, 2), 0.3)) == [2]


def test_clients_that_wait_have_turns_and_each_its_own_order() -> None:
    source = Streams(NARROW)
    send_signals(source, 2)
    for number in range(3):
        source.send(B, 1, signal(number, sender="f"), 0.1, 10.0)
    for number in range(2):
        source.send(B, 1, signal(number, sender="e"), 0.1, 10.0)
    went = [source.on_ack(B, 1, Ack(1, 2 * n + 2), 0.2 + n) for n in range(3)]
    assert "".join(map(senders, went)) == "fefef"
    news = [sent(out).news for outgoing in went for out in outgoing]
    assert numbers(news) == [0, 0, 1, 1, 2]


def test_one_client_finds_half_of_the_room_and_another_what_is_left() -> None:
    source = Streams(StreamLimits(signals=1, fewest_signals=1, queued=8))
    send_signals(source, 1)
    flood = [source.send(B, 1, signal(n, sender="f"), 0.1, 10.0) for n in range(6)]
    refused = [Failure(B, signal(n, sender="f"), Reason.OVERLOADED) for n in (4, 5)]
    assert flood == [None] * 4 + refused
    assert [source.send(B, 1, signal(n, sender="e"), 0.2, 10.0) for n in range(2)] == [None] * 2


def test_what_waits_is_given_up_when_its_acknowledgement_would_come_too_late() -> None:
    source = Streams(NARROW)
    send_signals(source, 2)
    source.send(B, 1, signal(2), 0.5, 10.0)
    while (now := source.deadline()) is not None and now < 9.5:
        assert source.expire(now)[1] == []
    assert now == 9.5
    assert reasons(source.expire(9.5)[1]) == [(2, Reason.EXPIRED)]
    assert len(source) == 2


def test_what_waits_fails_with_what_is_under_way_when_the_hub_was_restarted() -> None:
    source = Streams(NARROW)
    for number in range(3):
        source.send(B, 1, signal(number), 0.0, 10.0)
    assert reasons(source.restarted(B, 2)) == [(n, Reason.RESTARTED) for n in range(3)]
    assert source.size == source._queued.size == 0


def test_what_waits_is_renewed_as_well() -> None:
    source = Streams(NARROW)
    send_signals(source, 2)
    source.send(B, 1, signal(2), 0.1, 10.0)
    source.renew(lambda news: signal(number_of(news) + 50))
    assert numbers([sent(out).news for out in source.on_ack(B, 1, Ack(1, 2), 0.2)]) == [52]


def test_what_waits_goes_when_what_was_before_it_has_expired() -> None:
    source = Streams(NARROW)
    for number in range(2):
        source.send(B, 1, signal(number), 0.0, 3.0)
    source.send(B, 1, signal(2), 0.0, 10.0)
    assert sequences(source.expire(3.0)[0]) == [2]


def test_control_news_is_never_refused_but_too_much_of_it_is_given_up_together() -> None:
    source = Streams(StreamLimits(control=2, signals=1))
    source.send(B, 1, control(0), 0.0, None)
    source.send(B, 1, signal(1), 0.0, 10.0)
    source.send(B, 1, control(2), 0.0, None)
    third = sent(source.send(B, 1, control(3), 0.1, None))
    assert third.floor == 1  # the signal is still tried
    assert source.deadline() == 0.1
    assert reasons(source.expire(0.1)[1]) == [(0, Reason.OVERLOADED), (2, Reason.OVERLOADED)]
    assert len(source) == 2


def test_with_too_many_destinations_an_idle_one_is_dropped_first_then_the_oldest() -> None:
    source = Streams(StreamLimits(hubs=2))
    source.send(B, 1, signal(0), 0.0, 10.0)
    source.send(C, 1, signal(1), 0.0, 10.0)
    source.on_ack(C, 1, Ack(2, 1), 0.1)
    source.send(X, 1, control(2), 0.2, None)
    assert source.expire(0.2)[1] == []
    source.send(C, 1, signal(3), 0.3, 10.0)
    assert source.expire(0.3)[1] == [Failure(B, signal(0), Reason.OVERLOADED)]


# Hubs that restart, and hubs that are gone


def test_signals_to_a_hub_that_restarted_fail_and_control_news_is_dropped() -> None:
    source = Streams()
    source.send(B, 1, control(0), 0.0, None)
    source.send(B, 1, signal(1), 0.0, 10.0)
    assert source.restarted(B, 1) == []
    assert source.restarted(B, 2) == [Failure(B, signal(1), Reason.RESTARTED)]
    assert source.restarted(B, 2) == []
    assert source.deadline() is None
    assert source.send(B, 2, signal(2), 0.1, 10.0) == Outgoing(B, 2, Segment(2, 0, 0, signal(2)))


def test_a_restart_noticed_when_sending_fails_what_was_on_its_way() -> None:
    source = Streams()
    source.send(B, 1, signal(0), 0.0, 10.0)
    assert source.send(B, 2, signal(1), 0.1, 10.0) == Outgoing(B, 2, Segment(2, 0, 0, signal(1)))
    assert source.deadline() == 0.1
    assert reasons(source.expire(0.1)[1]) == [(0, Reason.RESTARTED)]


def test_a_restart_noticed_by_a_segment_or_an_acknowledgement_counts_too() -> None:
    source = Streams()
    source.send(B, 1, signal(0), 0.0, 10.0)
    source.send(C, 1, signal(1), 0.0, 10.0)
    source.on_segment(B, 2, Segment(1, 0, 0, signal(9)), 0.1)
    assert source.on_ack(C, 2, Ack(7, 1), 0.1) == []
    assert reasons(source.expire(0.1)[1]) == [(0, Reason.RESTARTED), (1, Reason.RESTARTED)]


def test_an_outdated_incarnation_is_corrected_by_what_is_known_of_the_hub() -> None:
    source = Streams()
    source.on_segment(B, 2, Segment(1, 0, 0, signal(9)), 0.0)
    answer = source.send(B, 1, signal(0), 0.0, 10.0)
    assert isinstance(answer, Outgoing)
    assert answer.incarnation == 2
    assert source.on_ack(B, 1, Ack(1, 1), 0.1) == []
    assert len(source) == 1


def test_an_incarnation_that_was_not_known_is_no_restart() -> None:
    source = Streams()
    source.send(B, 0, signal(0), 0.0, 10.0)
    assert source.on_ack(B, 5, Ack(1, 1), 0.1) == []
    assert len(source) == 0
    answer = source.send(B, 0, signal(1), 0.2, 10.0)
    assert answer == Outgoing(B, 5, Segment(1, 1, 1, signal(1)))
    source.send(C, 0, signal(2), 0.3, 10.0)
    assert source.restarted(C, 7) == []
    assert [out.incarnation for out in source.resend(C, 0.4)] == [7]


def test_to_a_hub_that_is_gone_signals_are_tried_on_and_control_news_is_not() -> None:
    source = Streams()
    source.send(B, 1, control(0), 0.0, None)
    source.send(B, 1, signal(1), 0.0, 10.0)
    source.send(B, 1, control(2), 0.0, None)
    source.forget(B, 0.5)
    source.forget(C, 0.5)
    again = source.expire(1.0)[0]
    assert [(sent(out).sequence, sent(out).floor) for out in again] == [(1, 1)]
    while (now := source.deadline()) is not None and now < 10.0:
        assert source.expire(now)[1] == []
    assert reasons(source.expire(10.0)[1]) == [(1, Reason.EXPIRED)]


def test_a_hub_that_comes_back_goes_on_without_repeats() -> None:
    world = World(Random(1), [A, B])
    world.send(A, B, lifetime=10.0)
    world.run(0.03)
    world.loss = 1.0  # before the acknowledgement
    world.send(A, B)
    world.forget(A, B)
    world.run(8.0)
    world.loss = 0.0
    world.send(A, B)
    world.carry(A, world.streams[A].resend(B, 8.0))
    world.run(8.1)
    assert world.delivered[A, B] == [0, 2]
