"""What another end may make an association keep, send or do, whatever it sends."""

import random
import sys

import pytest

from peerpigeon.core.config import KIB
from peerpigeon.rtc.interface import MAX_MESSAGE
from peerpigeon.rtc.sctp import Association, Received
from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp.association import MAX_REPLIES
from peerpigeon.rtc.sctp.incoming import OVERHEAD, WINDOW
from tests.rtc.sctp.packets import data, give, opened, sealed


def test_fragments_beyond_a_gap_are_few_however_small() -> None:
    path = opened()
    for ahead in range(1, 20_000):
        path.other.association.receive(data(path, b"x", ahead=ahead), path.now)
    incoming = path.other.association._incoming
    assert len(incoming._beyond) == WINDOW // (OVERHEAD + 13)
    assert incoming._beyond_size <= WINDOW


def test_large_fragments_beyond_a_gap_fill_the_window_and_no_more() -> None:
    path = opened()
    for ahead in range(1, 5_000):
        path.other.association.receive(data(path, bytes(1000), ahead=ahead), path.now)
    assert WINDOW - 2000 < path.other.association._incoming._beyond_size <= WINDOW
    ((_, _, body),) = give(path.other, path)
    assert c.SACK_BODY.unpack_from(body)[1] < 2000


def test_what_no_acknowledgement_can_tell_of_is_dropped() -> None:
    path = opened()
    give(path.other, path, data(path, b"far", ahead=1 << 16), data(path, b"far", ahead=1 << 20))
    assert not path.other.association._incoming._beyond


def test_a_message_that_never_ends_ends_the_association() -> None:
    path = opened()
    ahead = 0
    while not path.other.reasons:
        part = data(path, bytes(1000), ahead=ahead, flags=c.FIRST if ahead == 0 else 0)
        give(path.other, path, part)
        kept = path.other.association._incoming._parts
        assert sys.getsizeof(kept) < 3 * MAX_MESSAGE
        ahead += 1
    assert path.other.reasons == ["the other hub sent a message that is too long"]
    assert ahead == MAX_MESSAGE // 1000 + 1


@pytest.mark.parametrize("flags", [(0,), (c.LAST,), (c.FIRST, c.FIRST), (c.FIRST, 3)])
def test_parts_that_do_not_fit_together_end_it(flags: tuple[int, ...]) -> None:
    path = opened()
    for ahead, each in enumerate(flags):
        give(path.other, path, data(path, b"part", ahead=ahead, flags=each))
    assert path.other.reasons == ["the other hub sent parts of messages that do not fit together"]


def test_what_came_twice_is_told_within_bounds_and_kept_once() -> None:
    path = opened()
    give(path.other, path, *[data(path, b"once")] * 1000)
    assert path.other.messages == [b"once"]
    ((kind, _, body),) = give(path.other, path, *[data(path, b"once")] * 1000)
    assert kind == c.SACK
    assert len(body) == 12 + 4 * 16


@pytest.mark.parametrize("size", [4, 100, 1100])
@pytest.mark.parametrize("kind", [c.HEARTBEAT, 0xFF, 0x7F])
def test_a_flood_of_what_is_to_be_answered_is_answered_within_bounds(kind: int, size: int) -> None:
    path = opened()
    answers = give(path.other, path, *[sealed(path, c.chunk(kind, bytes(size)))] * 2000)
    assert len(answers) == MAX_REPLIES


def test_what_would_make_an_answer_larger_than_a_packet_is_not_answered() -> None:
    path = opened()
    assert give(path.other, path, sealed(path, c.chunk(c.HEARTBEAT, bytes(4000)))) == []
    assert give(path.other, path, sealed(path, c.chunk(0xFF, bytes(4000)))) == []


def test_a_flood_of_beginnings_is_answered_within_bounds_and_changes_nothing() -> None:
    path = opened()
    before = path.other.association._their_tag
    header = c.HEADER.pack(5000, 5000, 0)
    inits = [
        c.packet(header, [c.chunk(c.INIT, c.INIT_BODY.pack(tag, WINDOW, 1, 1, 7))])
        for tag in (before, *range(1, 1000))
    ]
    assert len(give(path.other, path, *inits)) == 1
    assert path.other.association._their_tag == before
    path.one.association.send(b"still here")
    path.run_until(lambda: path.other.messages == [b"still here"])


def test_a_cookie_that_fits_no_packet_ends_it() -> None:
    association = Association(mtu=1160, rng=random.Random(4))
    association.connect(0.0)
    body = c.INIT_BODY.pack(9, WINDOW, 1, 1, 7) + c.parameter(c.COOKIE, bytes(1200))
    header = c.HEADER.pack(5000, 5000, association._tag)
    association.packets(0.0)
    association.receive(c.packet(header, [c.chunk(c.INIT_ACK, body)]), 0.0)
    assert len(association.events()) == 1
    assert all(len(packet) <= 1160 for packet in association.packets(0.0))


def test_who_does_not_read_stops_the_other_end_and_goes_on() -> None:
    path = opened()
    taken: list[bytes] = []
    count = 400
    for number in range(count):
        path.one.association.send(number.to_bytes(2, "big") * (4 * KIB))
    kept: list[bytes] = []
    for _ in range(3000):
        for side, target in ((path.one, path.other), (path.other, path.one)):
            events = side.association.events()
            kept += [event.message for event in events if isinstance(event, Received)]
            path.other.association.keep(sum(map(len, kept)))
            for packet in side.association.packets(path.now):
                target.association.receive(packet, path.now)
            side.association.tick(path.now)
        path.now += 0.05
    assert WINDOW <= sum(map(len, kept)) < WINDOW + 80 * KIB
    assert not path.one.reasons + path.other.reasons
    taken, kept = kept, []
    path.other.association.keep(0)
    begun = path.now
    path.run_until(lambda: len(taken) + len(path.other.messages) == count)
    assert path.now - begun < 2.0
    assert [each[:2] for each in taken + path.other.messages] == [
        number.to_bytes(2, "big") for number in range(count)
    ]


def test_who_ignores_the_window_is_not_taken_more_from_in_a_turn() -> None:
    path = opened()
    for ahead in range(3000):
        path.other.association.receive(data(path, bytes(1000), ahead=ahead), path.now)
    messages = path.other.association.events()
    assert len(messages) * 1000 < WINDOW + 1001
