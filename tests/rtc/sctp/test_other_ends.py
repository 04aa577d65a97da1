"""What libraries of others send and expect, byte by byte where it matters."""

import pytest

from peerpigeon.rtc.sctp import chunks as c
from tests.rtc.sctp.packets import data, give, opened, sealed


def test_who_opens_the_channel_is_told_so_once() -> None:
    """RFC 8832, though both ends know the channel."""
    path = opened()
    ask = bytes.fromhex("030000000000000000010000") + b"x"
    answers = give(path.other, path, data(path, ask, protocol=50))
    (answer,) = [body for kind, _, body in answers if kind == c.DATA]
    assert answer[4:].hex() == "000000000000003202"
    again = give(path.other, path, data(path, ask, protocol=50, ahead=1))
    assert not [body for kind, _, body in again if kind == c.DATA]
    assert not path.other.messages


@pytest.mark.parametrize(
    ("kind", "is_told", "is_next_read"),
    [(0x3E, False, False), (0x7E, True, False), (0xBE, False, True), (0xFE, True, True)],
)
def test_the_upper_bits_of_an_unknown_chunk_say_what_is_done(
    kind: int, is_told: bool, is_next_read: bool
) -> None:
    path = opened()
    packet = sealed(path, c.chunk(kind, b"what"), c.chunk(c.HEARTBEAT, b"there?"))
    answers = give(path.other, path, packet)
    told = [(c.ERROR, 0, bytes.fromhex("0006000c") + c.chunk(kind, b"what"))]
    read = [(c.HEARTBEAT_ACK, 0, b"there?")]
    assert answers == told * is_told + read * is_next_read


@pytest.mark.parametrize("kind", [c.HEARTBEAT_ACK, c.ERROR, 12, 13])
def test_what_needs_no_answer_gets_none(kind: int) -> None:
    path = opened()
    packet = sealed(path, c.chunk(kind, b"xxxx"), c.chunk(c.HEARTBEAT, b"there?"))
    assert give(path.other, path, packet) == [(c.HEARTBEAT_ACK, 0, b"there?")]


def test_another_stream_may_be_reset_and_nothing_happens() -> None:
    path = opened()
    request = c.RESET_BODY.pack(1, 0, 0) + c.STREAM_NUMBER.pack(5)
    packet = sealed(path, c.chunk(c.RE_CONFIG, c.parameter(13, request)))
    ((kind, _, body),) = give(path.other, path, packet)
    assert kind == c.RE_CONFIG
    assert c.parameters(body) == [(16, c.PAIR.pack(1, 0))]
    assert not path.other.reasons


def test_an_answer_to_a_reset_is_not_answered() -> None:
    path = opened()
    packet = sealed(path, c.chunk(c.RE_CONFIG, c.parameter(16, c.PAIR.pack(1, 1))))
    assert give(path.other, path, packet) == []
    assert not path.other.reasons


def test_data_that_asks_for_it_is_acknowledged_at_once() -> None:
    """RFC 7053."""
    path = opened()
    assert give(path.other, path, data(path, b"later")) == []
    ((kind, _, _),) = give(path.other, path, data(path, b"now", flags=3 | 8, ahead=1))
    assert kind == c.SACK


@pytest.mark.parametrize("changed", [0, 1, 4])
def test_packets_with_another_port_or_tag_are_dropped(changed: int) -> None:
    path = opened()
    header = bytearray(path.one.association._header)
    header[changed] ^= 1
    stray = c.packet(bytes(header), [c.chunk(c.ABORT)])
    assert give(path.other, path, stray) == []
    assert not path.other.reasons


def test_an_abort_may_bear_the_other_tag() -> None:
    path = opened()
    header = c.HEADER.pack(5000, 5000, path.other.association._their_tag)
    give(path.other, path, c.packet(header, [c.chunk(c.ABORT, flags=1)]))
    assert path.other.reasons == ["the other hub gave the channel up"]


def test_an_end_that_answered_a_shutdown_waits_for_nothing_else() -> None:
    path = opened()
    path.other.association.send(b"not acknowledged yet")
    path.other.association.packets(path.now)
    packets = (data(path, b"last"), sealed(path, c.chunk(c.SHUTDOWN, c.WORD.pack(0))))
    cumulative = path.other.association._outgoing.next_tsn - 2
    shutdown = sealed(path, c.chunk(c.SHUTDOWN, c.WORD.pack(cumulative % (1 << 32))))
    answers = give(path.other, path, packets[0], shutdown)
    assert [kind for kind, _, _ in answers] == [c.SHUTDOWN_ACK]
    deadline = path.other.association.deadline()
    assert deadline is not None
    assert deadline > path.now + 0.3
    path.now = deadline
    path.other.association.tick(path.now)
    assert (path.other.association.deadline() or 0) > path.now


def test_what_was_told_of_beyond_a_gap_may_be_thrown_away() -> None:
    """RFC 9260, section 6.2.1."""
    path = opened()
    path.is_lost = lambda side, packet: side is path.one
    for number in range(4):
        path.one.association.send(bytes([number]) * 900)
    path.run(0.01)
    header = path.other.association._header
    cumulative = path.other.association._incoming.cumulative
    told = c.SACK_BODY.pack(cumulative, 1 << 20, 1, 0) + c.GAP.pack(2, 3)
    path.one.association.receive(c.packet(header, [c.chunk(c.SACK, told)]), path.now)
    path.is_lost = lambda _, __: False
    path.run_until(lambda: len(path.other.messages) == 4)
    assert path.other.messages == [bytes([number]) * 900 for number in range(4)]


def test_packets_may_become_larger() -> None:
    path = opened()
    path.one.association.mtu = 1400
    assert path.one.association.mtu == 1400
    path.one.association.send(bytes(5000))
    sizes = [len(packet) for packet in path.one.association.packets(path.now)]
    assert max(sizes) == 1384
