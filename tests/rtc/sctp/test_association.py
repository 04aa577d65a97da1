"""An SCTP association with another of ours, over a path that may lose, double and reorder."""

import random

import pytest

from peerpigeon.core.config import KIB
from peerpigeon.rtc.interface import MAX_MESSAGE
from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp.incoming import ACKNOWLEDGE_WITHIN
from peerpigeon.rtc.sctp.request import MAX_RETRANSMISSIONS
from tests.rtc.sctp.packets import data, sealed
from tests.rtc.sctp.path import DELAY, MTU, Path, Side

SIZES = (0, 1, 2, 3, 1115, 1116, 1117, 1200, 16 * KIB, MAX_MESSAGE, 0, 5)


def messages(count: int, seed: int = 5) -> list[bytes]:
    rng = random.Random(seed)
    return [rng.randbytes(rng.choice(SIZES[:9])) for _ in range(count)]


def send(side: Side, wanted: list[bytes]) -> None:
    for message in wanted:
        side.association.send(message)


def kinds(packet: bytes) -> list[int]:
    return [kind for kind, _, _ in c.chunks(packet)]


@pytest.mark.parametrize("beginning", [(True, True), (True, False), (False, True)])
def test_either_end_or_both_may_begin(beginning: tuple[bool, bool]) -> None:
    path = Path()
    for side, begins in zip((path.one, path.other), beginning, strict=True):
        if begins:
            side.association.connect(path.now)
    path.run_until(lambda: path.one.is_open and path.other.is_open)
    assert path.now <= 100 + 6 * DELAY
    send(path.one, [b"hello"])
    send(path.other, [b"hi"])
    path.run_until(lambda: bool(path.one.messages and path.other.messages))
    assert (path.one.messages, path.other.messages) == ([b"hi"], [b"hello"])


def test_messages_of_every_size_come_as_they_were() -> None:
    path = Path()
    path.connect()
    wanted = [bytes([number]) * size for number, size in enumerate(SIZES)]
    send(path.one, wanted)
    path.run_until(lambda: len(path.other.messages) == len(wanted))
    assert path.other.messages == wanted
    assert path.one.association.buffered == 0


@pytest.mark.parametrize("lost", range(8))
def test_any_one_packet_may_be_lost_while_it_opens(lost: int) -> None:
    path = Path()
    count = iter(range(1000))
    path.is_lost = lambda _, __: next(count) == lost
    path.connect()
    send(path.one, [b"hello"])
    send(path.other, [b"hello"])
    path.run_until(lambda: bool(path.other.messages and path.one.messages))


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_path_changes_nothing_but_the_time(seed: int) -> None:
    path = Path(seed)
    path.loss, path.doubling, path.jitter = 0.1, 0.1, 0.03
    path.connect()
    there, back = messages(60, seed), messages(60, seed + 100)
    send(path.one, there)
    send(path.other, back)
    path.run_until(lambda: len(path.other.messages) == 60 and len(path.one.messages) == 60)
    assert path.other.messages == there
    assert path.one.messages == back


def test_a_lost_packet_is_sent_again_without_waiting_for_a_timer() -> None:
    path = Path()
    path.connect()
    send(path.one, [bytes(1000)] * 20)
    path.run_until(lambda: len(path.other.messages) == 20)
    begun = path.now
    sent = iter(range(1000))
    path.is_lost = lambda side, _: side is path.one and next(sent) == 1
    send(path.one, [bytes(1000)] * 20)
    path.run_until(lambda: len(path.other.messages) == 40)
    assert path.now - begun < 10 * DELAY


def test_the_last_packet_lost_is_sent_again_when_its_time_is_over() -> None:
    path = Path()
    path.connect()
    path.is_lost = lambda side, _: side is path.one and path.now < 100.05
    send(path.one, [b"hello"])
    path.run_until(lambda: bool(path.other.messages), within=2.0)


def test_what_comes_in_a_turn_is_acknowledged_once() -> None:
    path = Path()
    path.connect()
    path.run(1.0)
    before = path.other.sent
    send(path.one, [bytes(1000)] * 4)
    path.run(ACKNOWLEDGE_WITHIN / 2 + DELAY)
    assert path.other.sent == before + 1


def test_a_single_packet_is_acknowledged_with_the_answer_or_a_little_later() -> None:
    path = Path()
    path.connect()
    path.run(1.0)
    before = path.other.sent
    send(path.one, [b"question"])
    path.run(DELAY + ACKNOWLEDGE_WITHIN / 2)
    assert path.other.sent == before
    send(path.other, [b"answer"])
    path.run(1.0)
    assert path.other.sent == before + 1
    send(path.one, [b"question"])
    path.run(1.0)
    assert path.other.sent == before + 2


def test_small_messages_share_packets() -> None:
    path = Path()
    path.connect()
    path.run(1.0)
    before = path.one.sent
    send(path.one, [bytes(50)] * 60)
    path.run_until(lambda: len(path.other.messages) == 60)
    assert path.one.sent - before == 4


def test_who_closes_sends_all_before_and_both_hear_the_end() -> None:
    path = Path()
    path.loss = 0.1
    path.connect()
    wanted = messages(30)
    send(path.one, wanted)
    path.one.association.shutdown(path.now)
    path.run_until(lambda: bool(path.other.reasons))
    assert path.other.messages == wanted
    assert path.other.reasons == ["the other hub closed the channel"]
    path.run_until(lambda: bool(path.one.reasons))


@pytest.mark.parametrize("loss", [0.0, 0.2])
def test_both_may_close_at_once_and_all_comes(loss: float) -> None:
    path = Path(3)
    path.connect()
    path.loss = loss
    there, back = messages(20), messages(20, 6)
    send(path.one, there)
    send(path.other, back)
    path.one.association.shutdown(path.now)
    path.other.association.shutdown(path.now)
    path.run_until(lambda: bool(path.one.reasons and path.other.reasons))
    assert path.other.messages == there
    assert path.one.messages == back


def test_closing_before_it_is_open_ends_it() -> None:
    path = Path()
    path.one.association.connect(path.now)
    path.one.association.shutdown(path.now)
    path.one.note()
    assert len(path.one.reasons) == 1
    assert path.one.association.deadline() is None


def test_the_other_end_hears_of_an_abort() -> None:
    path = Path()
    path.connect()
    path.one.association.abort()
    path.run_until(lambda: bool(path.other.reasons))
    assert path.other.association.deadline() is None


def test_an_end_that_is_gone_is_given_up() -> None:
    path = Path()
    path.connect()
    path.is_lost = lambda _, __: True
    send(path.one, [b"anybody?"])
    begun = path.now
    path.run_until(lambda: bool(path.one.reasons))
    assert path.one.reasons == ["the connection to the other hub broke"]
    assert 10 < path.now - begun < 10 * MAX_RETRANSMISSIONS


def test_nobody_who_answers_is_given_up_too() -> None:
    path = Path()
    path.is_lost = lambda _, __: True
    path.one.association.connect(path.now)
    path.run_until(lambda: bool(path.one.reasons))
    assert path.one.reasons == ["the connection to the other hub broke"]
    assert path.one.sent == 1 + MAX_RETRANSMISSIONS


def test_a_path_that_comes_back_is_used_again() -> None:
    path = Path()
    path.connect()
    path.is_lost = lambda _, __: 101 < path.now < 111
    wanted = messages(400)
    send(path.one, wanted[:200])
    path.run(5.0)
    send(path.one, wanted[200:])
    path.run_until(lambda: len(path.other.messages) == 400)
    assert path.other.messages == wanted


def test_garbage_is_dropped() -> None:
    path = Path()
    path.connect()
    rng = random.Random(9)
    send(path.one, [b"real"])
    real = path.one.association.packets(path.now)
    for packet in (b"", b"x", rng.randbytes(12), rng.randbytes(100), real[0][:-1]):
        path.other.association.receive(packet, path.now)
    for _ in range(500):
        at = rng.randrange(len(real[0]))
        broken = real[0][:at] + bytes([real[0][at] ^ 1 << rng.randrange(8)]) + real[0][at + 1 :]
        path.other.association.receive(broken, path.now)
    path.other.note()
    assert not path.other.reasons + path.other.messages
    path.other.association.receive(real[0], path.now)
    path.other.note()
    assert path.other.messages == [b"real"]


@pytest.mark.parametrize("protocol", [51, 56])
def test_text_ends_it(protocol: int) -> None:
    path = Path()
    path.connect()
    path.other.association.receive(data(path, b"text", protocol=protocol), path.now)
    path.other.note()
    assert path.other.reasons == ["the other hub sent text"]


def test_what_is_for_another_stream_or_protocol_is_dropped() -> None:
    for changed in ({"stream": 1}, {"protocol": 50}):
        path = Path()
        path.connect()
        path.other.association.receive(data(path, b"what?", **changed), path.now)
        path.other.note()
        assert not path.other.reasons + path.other.messages
        assert path.other.association.packets(path.now + 1) or path.other.association.deadline()


def test_a_message_that_is_too_long_ends_it() -> None:
    path = Path()
    path.connect()
    send(path.one, [bytes(MAX_MESSAGE + 1)])
    path.run_until(lambda: bool(path.other.reasons))
    assert path.other.reasons == ["the other hub sent a message that is too long"]
    assert not path.other.messages


@pytest.mark.parametrize(
    "chunk",
    [
        c.chunk(c.DATA, b"\0" * 12),
        c.chunk(c.DATA, b""),
        c.chunk(c.SACK, b"\0"),
        c.chunk(c.SHUTDOWN, b""),
        c.chunk(c.RE_CONFIG, c.GAP.pack(13, 400)),
        c.chunk(c.RE_CONFIG, c.parameter(13, b"\0")),
    ],
)
def test_what_no_end_sends_ends_it(chunk: bytes) -> None:
    path = Path()
    path.connect()
    path.other.association.receive(sealed(path, chunk), path.now)
    path.run_until(lambda: bool(path.other.reasons and path.one.reasons))


def test_to_acknowledge_what_was_not_sent_ends_it() -> None:
    path = Path()
    path.connect()
    ahead = path.other.association._outgoing.next_tsn
    false = c.chunk(c.SACK, c.SACK_BODY.pack(ahead, 1 << 20, 0, 0))
    path.other.association.receive(sealed(path, false), path.now)
    path.run_until(lambda: bool(path.other.reasons and path.one.reasons))


def test_a_heartbeat_is_answered() -> None:
    path = Path()
    path.connect()
    path.run(1.0)
    path.other.association.receive(sealed(path, c.chunk(c.HEARTBEAT, b"\0\1\0\5x")), path.now)
    (answer,) = path.other.association.packets(path.now)
    assert c.chunks(answer) == [(c.HEARTBEAT_ACK, 0, b"\0\1\0\5x")]


def test_a_flood_of_what_is_to_be_answered_is_answered_within_bounds() -> None:
    path = Path()
    path.connect()
    for _ in range(10_000):
        path.other.association.receive(sealed(path, c.chunk(c.HEARTBEAT, b"x" * 100)), path.now)
    assert len(path.other.association.packets(path.now)) <= 64


def test_a_stream_that_is_reset_ends_it_once_all_before_has_come() -> None:
    """As aiortc, libdatachannel and browsers close a channel (RFC 8831, section 6.7)."""
    path = Path()
    path.connect()
    path.run(1.0)
    next_tsn = path.one.association._outgoing.next_tsn
    request = c.parameter(13, c.RESET_BODY.pack(1, 0, next_tsn) + c.STREAM_NUMBER.pack(0))
    reset = sealed(path, c.chunk(c.RE_CONFIG, request))
    path.other.association.receive(reset, path.now)
    path.other.note()
    assert not path.other.reasons
    (answer,) = path.other.association.packets(path.now)
    ((kind, _, body),) = c.chunks(answer)
    assert (kind, c.parameters(body)) == (c.RE_CONFIG, [(16, c.PAIR.pack(1, 6))])
    path.other.association.receive(data(path, b"last"), path.now)
    path.other.association.receive(reset, path.now)
    path.other.note()
    assert path.other.messages == [b"last"]
    assert path.other.reasons == ["the other hub closed the channel"]
    (answer,) = path.other.association.packets(path.now)
    ((kind, _, body),) = c.chunks(answer)
    (_, performed), (kind, own) = c.parameters(body)
    assert performed == c.PAIR.pack(1, 1)
    assert kind == 13
    assert own.endswith(c.STREAM_NUMBER.pack(0))


def test_the_other_ends_window_is_kept_and_asked_after() -> None:
    path = Path()
    path.connect()
    path.run(1.0)
    shut = c.SACK_BODY.pack(path.other.association._incoming.cumulative, 0, 0, 0)
    header = path.other.association._header
    path.one.association.receive(c.packet(header, [c.chunk(c.SACK, shut)]), path.now)
    send(path.one, [bytes(1000)] * 50)
    assert len(path.one.association.packets(path.now)) == 1
    path.run_until(lambda: len(path.other.messages) == 0, within=0.1)


def test_numbers_go_round() -> None:
    for first in (2**32 - 1, 2**32 - 30, 2**31 - 5, 0):
        path = Path()
        for side in (path.one, path.other):
            side.association._outgoing._next = first
            side.association._first = first
        path.loss = 0.05
        path.connect()
        wanted = messages(40)
        send(path.one, wanted)
        path.run_until(lambda: len(path.other.messages) == 40)  # noqa: B023
        assert path.other.messages == wanted


def test_packets_are_no_larger_than_they_may_be() -> None:
    path = Path(mtu=600)
    path.connect()
    send(path.one, messages(20))
    sizes: list[int] = []
    path.is_lost = lambda _, packet: bool(sizes.append(len(packet)))  # type: ignore[func-returns-value]
    path.run_until(lambda: len(path.other.messages) == 20)
    assert max(sizes) <= 600 < MTU
