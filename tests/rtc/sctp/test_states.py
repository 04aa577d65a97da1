"""What an association is told, or sent, at a time when it means nothing."""

import random

import pytest

from peerpigeon.rtc.sctp import Association
from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp.incoming import WINDOW
from tests.rtc.sctp.packets import give, opened, sealed
from tests.rtc.sctp.path import Path


def to(association: Association, *parts: bytes, tag: int | None = None) -> bytes:
    """A packet for an association that has heard nothing yet."""
    header = c.HEADER.pack(5000, 5000, association._tag if tag is None else tag)
    return c.packet(header, list(parts))


def new() -> Association:
    return Association(mtu=1160, rng=random.Random(3))


def test_to_begin_twice_sends_nothing_more() -> None:
    path = opened()
    path.one.association.connect(path.now)
    assert path.one.association.packets(path.now) == []


def test_who_has_ended_sends_nothing_and_ends_once() -> None:
    path = opened()
    for _ in range(2):
        path.one.association.abort()
        path.one.association.shutdown(path.now)
        path.one.association.send(b"too late")
    path.one.note()
    assert path.one.reasons == ["closed"]
    assert len(path.one.association.packets(path.now)) == 1
    assert path.one.association.buffered == 0


def test_to_close_twice_is_to_close_once() -> None:
    path = opened()
    path.one.association.send(b"last")
    path.one.association.shutdown(path.now)
    path.one.association.shutdown(path.now)
    path.run_until(lambda: bool(path.other.reasons and path.one.reasons))
    assert path.other.messages == [b"last"]
    path.run(1.0)
    assert path.one.association.deadline() is path.other.association.deadline() is None


def test_what_follows_an_abort_in_its_packet_is_nothing() -> None:
    path = opened()
    give(path.other, path, sealed(path, c.chunk(c.ABORT), c.chunk(c.ABORT)))
    assert path.other.reasons == ["the other hub gave the channel up"]


@pytest.mark.parametrize(
    "chunk",
    [
        b"\0\3\0\xff",  # longer than its packet
        c.chunk(c.COOKIE_ECHO, bytes(16)),
        c.chunk(c.COOKIE_ACK),
        c.chunk(c.SHUTDOWN_ACK),
        c.chunk(c.SHUTDOWN_COMPLETE),
        c.chunk(c.INIT_ACK),
    ],
)
def test_what_means_nothing_now_is_dropped(chunk: bytes) -> None:
    path = opened()
    assert give(path.other, path, sealed(path, chunk)) == []
    assert not path.other.reasons
    path.one.association.send(b"still here")
    path.run_until(lambda: path.other.messages == [b"still here"])


@pytest.mark.parametrize(
    "chunk",
    [
        c.chunk(c.RE_CONFIG, c.parameter(13, c.RESET_BODY.pack(1, 0, 0))),
        c.chunk(c.SACK, c.SACK_BODY.pack(0, 0, 0, 0)),
        c.chunk(c.DATA, bytes(13)),
        c.chunk(c.SHUTDOWN, bytes(4)),
        c.chunk(c.COOKIE_ACK),
    ],
)
def test_what_comes_before_it_is_open_is_dropped(chunk: bytes) -> None:
    association = new()
    association.receive(to(association, chunk), 0.0)
    assert association.events() == []
    assert association.packets(0.0) == []


@pytest.mark.parametrize(
    "numbers", [(0, WINDOW, 1, 1, 7), (9, WINDOW, 0, 1, 7), (9, WINDOW, 1, 0, 7)]
)
def test_a_beginning_without_a_tag_or_streams_ends_it(numbers: tuple[int, ...]) -> None:
    association = new()
    association.receive(to(association, c.chunk(c.INIT, c.INIT_BODY.pack(*numbers)), tag=0), 0.0)
    assert len(association.events()) == 1


def test_a_lost_answer_to_the_cookie_is_given_again() -> None:
    path = Path()
    path.is_lost = lambda side, packet: (
        side is path.other
        and path.now < 101
        and any(kind == c.COOKIE_ACK for kind, _, _ in c.chunks(packet))
    )
    path.one.association.connect(path.now)
    path.run_until(lambda: path.one.is_open and path.other.is_open)
    path.one.association.send(b"open")
    path.run_until(lambda: path.other.messages == [b"open"])
