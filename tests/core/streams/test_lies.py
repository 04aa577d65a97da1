"""Segments and acknowledgements that somebody else has made up in the name of a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.ids import PeerId
from peerpigeon.core.streams.limits import StreamLimits
from peerpigeon.core.streams.outgoing import Outgoing
from peerpigeon.core.streams.streams import Streams
from peerpigeon.core.wire.hub_frames import Ack, Segment
from tests.core.streams.lossy import HUBS, control, number_of, signal

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_news import News

A, B, _ = HUBS
LAST = 2**63 - 1
JUMP = StreamLimits().jump


class Pair:
    """A source and a destination; what the one sends reaches the other at once."""

    def __init__(self, first_epoch: int = 70) -> None:
        self.source, self.destination = Streams(first_epoch=first_epoch), Streams()
        self.heard: list[int] = []
        self.now = 0.0

    def send(self, number: int) -> None:
        sent = self.source.send(B, 1, signal(number), self.now, 10.0)
        assert isinstance(sent, Outgoing)
        self._carry([sent])

    def lie(self, segment: Segment) -> None:
        """Let the destination hear what the source has not said."""
        self._answer(*self.destination.on_segment(A, 1, segment, self.now))

    def lie_back(self, ack: Ack) -> None:
        """Let the source hear what the destination has not said."""
        self._carry(self.source.on_ack(B, 1, ack, self.now))

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while True:
            deadlines = (self.source.deadline(), self.destination.deadline())
            self.now = min([until, *(time for time in deadlines if time is not None)])
            if self.now >= until:
                return
            outgoing, failures = self.source.expire(self.now)
            assert failures == []
            self._carry(outgoing)
            self._answer([], self.destination.expire(self.now)[0])

    def _carry(self, outgoing: list[Outgoing]) -> None:
        for out in outgoing:
            assert isinstance(out.body, Segment)
            self._answer(*self.destination.on_segment(A, 1, out.body, self.now))

    def _answer(self, ready: list[News], acks: list[Outgoing]) -> None:
        self.heard += [number_of(news) for news in ready]
        for ack in acks:
            assert isinstance(ack.body, Ack)
            self._carry(self.source.on_ack(B, 1, ack.body, self.now))


@pytest.mark.parametrize("first_epoch", [0, 70, 2**62 - 1])
@pytest.mark.parametrize("epoch", [0, 72, 2**62, 2**62 + 70, LAST - 1, LAST])
def test_an_epoch_that_somebody_has_made_up_is_outdone(first_epoch: int, epoch: int) -> None:
    pair = Pair(first_epoch)
    pair.send(0)
    pair.pass_time(0.5)
    pair.lie(Segment(epoch, 0, 0, signal(666)))
    for number in (1, 2, 3):
        pair.send(number)
        pair.pass_time(1.0)
    assert [number for number in pair.heard if number != 666] == [0, 1, 2, 3]
    assert len(pair.source) == 0


@pytest.mark.parametrize("floor", [5, JUMP, JUMP + 2, LAST])
def test_numbers_that_somebody_has_made_up_make_nobody_deaf(floor: int) -> None:
    pair = Pair()
    pair.send(0)
    pair.lie(Segment(71, floor, floor, signal(666)))
    for number in (1, 2, 3):
        pair.send(number)
        pair.pass_time(1.0)
    assert [number for number in pair.heard if number != 666][-3:] == [1, 2, 3]
    assert len(pair.source) == 0


def test_numbers_beyond_what_can_be_are_not_taken() -> None:
    hub = Streams()
    assert hub.on_segment(A, 1, Segment(1, 0, 0, signal(0)), 0.0)[0] != []
    assert hub.on_segment(A, 1, Segment(1, JUMP + 2, 0, signal(1)), 0.0)[0] == []
    assert hub.on_segment(A, 1, Segment(1, JUMP + 2, JUMP + 2, signal(2)), 0.0)[0] == []
    assert [
        number_of(news) for news in hub.on_segment(A, 1, Segment(1, 1, 1, signal(3)), 0.0)[0]
    ] == [3]


@pytest.mark.parametrize("ack", [Ack(71, 2), Ack(71, LAST), Ack(72, 0), Ack(LAST, LAST)])
@pytest.mark.parametrize("again", [Ack(71, LAST), Ack(72 + 2**62, 0), Ack(71 + 2**61, 0)])
def test_an_acknowledgement_that_somebody_has_made_up_makes_nobody_deaf(
    ack: Ack, again: Ack
) -> None:
    pair = Pair()
    pair.send(0)
    pair.pass_time(0.5)
    for lie in (ack, again):
        pair.lie_back(lie)
        pair.pass_time(2.0)
    for number in (1, 2, 3):
        pair.send(number)
        pair.pass_time(1.1)
    assert pair.heard == [0, 1, 2, 3]
    assert len(pair.source) == 0


def test_what_is_pending_keeps_its_order_and_lifetime_in_the_stream_that_begins_anew() -> None:
    source = Streams(first_epoch=70)
    source.send(B, 1, signal(0), 0.0, 10.0)
    source.send(B, 1, control(1), 0.0, None)
    source.send(B, 1, signal(2), 1.5, 10.0)
    again = source.on_ack(B, 1, Ack(500, 0), 2.0)
    bodies = [out.body for out in again if isinstance(out.body, Segment)]
    assert [(body.epoch, body.sequence, body.floor) for body in bodies] == [
        (501, 0, 0),
        (501, 1, 0),
        (501, 2, 0),
    ]
    assert [number_of(body.news) for body in bodies] == [0, 1, 2]
    failures = [failure for at in (9.9, 10.0) for failure in source.expire(at)[1]]
    assert [number_of(failure.news) for failure in failures] == [0]
    assert source.on_ack(B, 1, Ack(501, 3), 10.5) == []
    assert len(source) == 0


def test_a_stream_begins_anew_once_in_a_second() -> None:
    source = Streams(first_epoch=70)
    source.send(B, 1, signal(0), 0.0, 10.0)
    assert len(source.on_ack(B, 1, Ack(500, 0), 0.1)) == 1
    assert source.on_ack(B, 1, Ack(600, 0), 0.2) == []
    assert len(source.on_ack(B, 1, Ack(600, 0), 1.1)) == 1


def test_a_stream_without_anything_pending_begins_anew_with_what_comes_next() -> None:
    source = Streams(first_epoch=70)
    source.send(B, 1, signal(0), 0.0, 10.0)
    source.on_ack(B, 1, Ack(71, 1), 0.1)
    assert source.on_ack(B, 1, Ack(500, 7), 0.2) == []
    sent = source.send(B, 1, signal(1), 0.3, 10.0)
    assert isinstance(sent, Outgoing)
    assert sent.body == Segment(501, 0, 0, signal(1))


def test_what_waits_for_its_turn_is_bounded_for_all_sources_together() -> None:
    """The longest silent source loses what it has, and may say it again."""
    limits = StreamLimits(waiting_bytes=3 * MIB)
    hub = Streams(limits)
    sources = [PeerId(f"{number:040x}") for number in range(90)]
    for source in sources:
        hub.on_segment(source, 1, Segment(1, 1, 0, signal(1, MIB - 600)), 0.0)
    ready = [
        len(hub.on_segment(source, 1, Segment(1, 0, 0, signal(0)), 1.0)[0]) for source in sources
    ]
    assert ready == [1] * 87 + [2] * 3


def test_what_was_heard_of_a_hub_before_its_advert_does_not_outlast_it() -> None:
    hub = Streams()
    hub.on_segment(A, 9, Segment(8, 0, 0, signal(0)), 0.0)
    hub.send(A, 0, signal(1), 0.0, 10.0)
    hub.rose(A, 2)
    hub.rose(B, 2)
    assert hub.expire(0.1)[1] == []
    (again,) = hub.resend(A, 0.2)
    assert again.incarnation == 2
    ready, _ = hub.on_segment(A, 2, Segment(7, 0, 0, signal(3)), 0.3, 2)
    assert [number_of(news) for news in ready] == [3]
    hub.rose(A, 2)
    assert hub.on_segment(A, 2, Segment(7, 0, 0, signal(3)), 0.4, 2)[0] == []


@pytest.mark.parametrize("made_up", [3, 2**42, 2**43 - 2**16])
@pytest.mark.parametrize("is_same_life", [False, True])
def test_an_incarnation_that_was_believed_for_a_while_does_not_outlast_the_truth(
    made_up: int, is_same_life: bool
) -> None:
    """The true one may seem to be earlier, when somebody has made up several."""
    hub = Streams()
    hub.on_segment(A, made_up, Segment(8, 0, 0, signal(0)), 0.0, made_up)
    hub.send(A, made_up, signal(1), 0.0, 10.0)
    if is_same_life:
        hub.rose(A, 2)
    else:
        assert [number_of(failure.news) for failure in hub.restarted(A, 2)] == [1]
    out = hub.send(A, 2, signal(2), 0.1, 10.0)
    assert isinstance(out, Outgoing)
    assert out.incarnation == 2
    ready, _ = hub.on_segment(A, 2, Segment(7, 0, 0, signal(3)), 0.2, 2)
    assert [number_of(news) for news in ready] == [3]


def test_a_source_whose_incarnation_was_made_up_goes_on_in_its_stream() -> None:
    hub = Streams()
    hub.on_segment(A, 2**42, Segment(8, 0, 0, signal(0)), 0.0, 2**42)
    ready, acks = hub.on_segment(A, 2, Segment(8, 1, 0, signal(1)), 0.1, 2)
    assert [number_of(news) for news in ready] == [1]
    assert [ack.incarnation for ack in acks or hub.expire(0.2)[0]] == [2]


@pytest.mark.parametrize("number", [2**62 + 1, LAST])
def test_a_stream_does_not_begin_with_a_number_to_which_nobody_comes(number: int) -> None:
    hub = Streams()
    assert hub.on_segment(A, 1, Segment(1, number, number, signal(0)), 0.0)[0] == []
