"""Which streams begin at a hub, and when each is looked at."""

from math import inf

from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.senders import Senders
from peerpigeon.core.wire.hub_frames import SIGNALS
from peerpigeon.core.wire.ranges import EPOCHS
from tests.core.streams.lossy import HUBS, signal

A, B, C = HUBS


def test_no_two_streams_have_the_same_epoch_not_even_to_the_same_hub() -> None:
    senders = Senders(StreamLimits(), SIGNALS, EPOCHS - 2)
    first, second = senders.open(A, 1, 0.0), senders.open(B, 1, 0.0)
    senders.close(first)
    again = senders.open(A, 1, 1.0)
    assert [sender.epoch for sender in (first, second, again)] == [EPOCHS - 1, 0, 1]
    assert (senders.get(A), list(senders)) == (again, [second, again])


def test_with_too_many_an_idle_one_is_surplus_else_the_oldest() -> None:
    senders = Senders(StreamLimits(hubs=2), SIGNALS, 0)
    first = senders.open(A, 1, 0.0)
    first.push(signal(0), 1, 10.0, 0.0)
    assert senders.surplus() is None
    idle = senders.open(B, 1, 0.0)
    assert senders.surplus() is idle
    idle.push(signal(1), 1, 10.0, 0.0)
    assert senders.surplus() is first
    senders.close(first)
    assert senders.surplus() is None


def test_a_stream_is_looked_at_at_the_earliest_of_the_times_it_was_armed_for() -> None:
    senders = Senders(StreamLimits(), SIGNALS, 0)
    one, other = senders.open(A, 1, 0.0), senders.open(B, 1, 0.0)
    for when in (3.0, 2.0, 4.0):
        senders.arm(one, when)
    senders.arm(other, 5.0)
    assert senders.deadline() == 2.0
    assert senders.due(1.9) == []
    assert senders.due(2.0) == [one]
    assert senders.deadline() == 5.0, "until it is armed again"
    senders.arm(one, 6.0)
    assert senders.due(inf) == [other, one]


def test_a_stream_that_is_closed_is_not_looked_at() -> None:
    senders = Senders(StreamLimits(), SIGNALS, 0)
    sender = senders.open(A, 1, 0.0)
    senders.arm(sender, 1.0)
    senders.close(sender)
    assert senders.deadline() is None
    assert senders.get(A) is None


def test_what_is_kept_is_counted_over_all_hubs() -> None:
    senders = Senders(StreamLimits(), SIGNALS, 0)
    for hub, number in ((A, 1), (B, 2)):
        senders.open(hub, 1, 0.0).push(signal(number), 100, 10.0, 0.0)
    assert (senders.unacknowledged, senders.queued, senders.size) == (2, 0, 200)
