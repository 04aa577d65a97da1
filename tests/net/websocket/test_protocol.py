"""One end of a WebSocket, or both, without sockets; the table of RFC 6455 is in `test_rfc6455`."""

from __future__ import annotations

import sys
import tracemalloc
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import peerpigeon
from peerpigeon.net.websocket.frames import BINARY, PING, TEXT
from peerpigeon.net.websocket.protocol import (
    NOTHING,
    PARTS,
    UNDECIDED,
    CloseReceived,
    Event,
    Pinged,
    Ponged,
    State,
    Violation,
    WebSocketProtocol,
)
from tests.net import raw

LIMIT = 1 << 20
PACKAGE = str(Path(peerpigeon.__file__).parent / "*")


def server(kind: int = TEXT) -> WebSocketProtocol:
    return WebSocketProtocol(kind, LIMIT)


def client(kind: int = TEXT) -> WebSocketProtocol:
    keys = count(1)
    return WebSocketProtocol(kind, LIMIT, lambda: next(keys).to_bytes(4, "big"))


def written(protocol: WebSocketProtocol) -> bytes:
    data = b"".join(protocol.outgoing)
    protocol.outgoing = NOTHING
    return data


def read(protocol: WebSocketProtocol, data: bytes) -> list[Event]:
    return [each for each in protocol.receive_data(data) if each is not None]


def pass_on(sender: WebSocketProtocol, receiver: WebSocketProtocol) -> list[Event]:
    """Let one end read what the other one has to say."""
    return read(receiver, written(sender))


# Both ends


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, LIMIT])
def test_a_message_passes_either_way_whatever_its_size(size: int) -> None:
    payload = (bytes(range(256)) * (size // 256 + 1))[:size]
    for sender, receiver in ((server(BINARY), client(BINARY)), (client(BINARY), server(BINARY))):
        sender.send(BINARY, payload)
        assert pass_on(sender, receiver) == [payload]


def test_a_client_masks_each_frame_with_a_key_of_its_own_and_a_server_none() -> None:
    here, there = client(), server()
    here.send(TEXT, b"\0\0\0\0")
    here.send(TEXT, b"\0\0\0\0")
    assert written(here) == b"\x81\x84\0\0\0\x01\0\0\0\x01" + b"\x81\x84\0\0\0\x02\0\0\0\x02"
    there.send(TEXT, b"\0\0\0\0")
    assert written(there) == b"\x81\x04\0\0\0\0"


def test_a_client_masks_what_others_get_in_one_frame_and_nothing_goes_behind_a_close() -> None:
    here, there = client(), server()
    for end in (here, there):
        assert end.send_parts((b"\x81\x04", b"\0\0\0\0"), b"\0\0\0\0")
        assert not end.send_parts((b"\x81\x04\0\0\0\0",), b"\0\0\0\0")
    assert written(here) == b"\x81\x84\0\0\0\x01\0\0\0\x01" + b"\x81\x84\0\0\0\x02\0\0\0\x02"
    assert written(there) == b"\x81\x04\0\0\0\0" * 2
    there.close(1000)
    assert written(there)
    assert not there.send_parts((b"\x81\x04", b"\0\0\0\0"), b"\0\0\0\0")
    assert not written(there)


def test_who_shares_a_frame_with_others_is_sent_more_without_them() -> None:
    one, other = server(), server()
    for end in (one, other):
        assert end.send_parts((b"\x81\x05heard",), b"heard")
    assert not one.send_parts((b"\x81\x04", b"more"), b"more")
    one.send(PING, b"")
    assert not one.send_parts((b"\x81\x05heard",), b"heard")
    frames = [b"\x81\x05heard", b"\x81\x04more", b"\x89\x00", b"\x81\x05heard"]
    assert [b"".join(one.outgoing[at : at + PARTS]) for at in range(0, 4 * PARTS, PARTS)] == frames
    assert written(one) == b"".join(frames)
    assert written(other) == b"\x81\x05heard"


def test_what_is_said_goes_out_in_order_and_nothing_behind_a_close() -> None:
    here = server()
    here.send(TEXT, b"1")
    here.send(PING, b"there?")
    here.send(TEXT, b"2")
    here.close(1008, "go")
    here.send(TEXT, b"never")
    here.send(PING, b"")
    here.close(1000)
    assert written(here) == b"\x81\x011" + b"\x89\x06there?" + b"\x81\x012" + b"\x88\x04\x03\xf0go"


def test_a_ping_is_answered_by_the_protocol_itself() -> None:
    here, there = client(), server()
    here.send(PING, b"there?")
    assert pass_on(here, there) == [Pinged(b"there?")]
    assert pass_on(there, here) == [Ponged(b"there?")]


def test_an_overlong_reason_is_cut_between_two_characters() -> None:
    here, there = server(), client()
    here.close(4000, "a" + "ß" * 100)
    assert pass_on(here, there) == [CloseReceived(4000, "a" + "ß" * 61)]


def test_of_random_messages_cut_anywhere_the_same_comes_as_of_whole_ones() -> None:
    @given(
        payloads=st.lists(st.binary(max_size=300), max_size=6),
        cuts=st.lists(st.integers(1, 400), max_size=20),
    )
    def holds(payloads: list[bytes], cuts: list[int]) -> None:
        sender, receiver = client(BINARY), server(BINARY)
        for payload in payloads:
            sender.send(BINARY, payload)
        data, came = written(sender), []
        for size in cuts:
            came += read(receiver, data[:size])
            data = data[size:]
        assert came + read(receiver, data) == payloads

    holds()


opcodes = st.sampled_from([0, 1, 1, 1, 2, 3, 8, 9, 10, 15])
whole_frames = st.builds(
    raw.frame,
    opcodes,
    st.binary(max_size=200),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 64]),
)
damaged = st.builds(lambda data, at: data[: at % len(data)], whole_frames, st.integers(0, 300))


@given(st.lists(st.one_of(whole_frames, damaged, st.binary(max_size=40)), max_size=8))
def test_no_bytes_raise_and_however_they_are_cut_the_same_comes_of_them(
    noise: list[bytes],
) -> None:
    at_once, in_pieces, bytewise = server(), server(), server()
    data = b"".join(noise)
    events = read(at_once, data)
    assert [each for piece in noise for each in read(in_pieces, piece)] == events
    assert [each for byte in data for each in read(bytewise, bytes((byte,)))] == events
    assert at_once.outgoing == in_pieces.outgoing == bytewise.outgoing


# The closing handshake


def test_whoever_closes_waits_for_the_other_ones_close() -> None:
    here, there = server(), client()
    states = [(here.state, there.state)]
    here.close(1001, "bye")
    states.append((here.state, there.state))
    assert pass_on(here, there) == [CloseReceived(1001, "bye")]
    states.append((here.state, there.state))
    there.close(1001)
    states.append((here.state, there.state))
    assert pass_on(there, here) == [CloseReceived(1001, "")]
    states.append((here.state, there.state))
    assert states == [
        (State.OPEN, State.OPEN),
        (State.CLOSING, State.OPEN),
        (State.CLOSING, State.CLOSE_OWED),
        (State.CLOSING, State.CLOSED),
        (State.CLOSED, State.CLOSED),
    ]


def test_an_end_that_closes_may_hear_the_other_one_out() -> None:
    here, there = server(), client()
    read(here, raw.frame(raw.TEXT, b"be", fin=False))
    here.close(1012, "bye", is_heard=True)
    states = [here.state]
    there.send(TEXT, b"one")
    rest = raw.frame(raw.CONTINUATION, b"gun") + written(there)
    assert read(here, rest[:4]) + read(here, rest[4:]) == ["begun", "one"]
    assert read(here, raw.frame(raw.PING, b"?")) == [Pinged(b"?")]
    assert pass_on(here, there) == [CloseReceived(1012, "bye")]  # and no pong
    there.close(1012)
    assert pass_on(there, here) == [CloseReceived(1012, "")]
    assert [*states, here.state] == [State.PARTING, State.CLOSED]
    assert read(here, raw.frame(raw.TEXT, b"late")) == []


def test_an_end_that_hears_the_other_one_out_can_still_have_enough() -> None:
    here = server()
    here.close(1012, is_heard=True)
    here.close(1013)
    assert here.state is State.CLOSING
    assert read(here, raw.frame(raw.TEXT, b"late")) == []


def test_what_has_to_go_before_the_answer_to_a_close_still_goes() -> None:
    here, there = server(), client()
    there.close(1000)
    pass_on(there, here)
    here.send(TEXT, b"last")
    here.close(1000)
    assert pass_on(here, there) == [CloseReceived(1000, "")]  # it reads no more messages
    assert read(there, b"\x81\x04late") == []


def test_the_answer_to_a_close_without_a_code_has_none() -> None:
    here = server()
    assert read(here, raw.frame(raw.CLOSE)) == [CloseReceived(1005, "")]
    here.close(1005)
    assert written(here) == b"\x88\x00"


def test_after_our_close_only_theirs_counts() -> None:
    here = server()
    here.close(1001)
    written(here)
    late = raw.frame(raw.TEXT, b"late") + raw.frame(raw.TEXT, b"\xff") + raw.frame(raw.PING)
    assert read(here, late + raw.frame(raw.BINARY)) == []
    assert read(here, raw.close_frame(1001)) == [CloseReceived(1001, "")]
    assert not here.outgoing


def test_both_may_close_at_once() -> None:
    here, there = server(), client()
    here.close(1001)
    there.close(1000)
    to_there = written(here)
    assert pass_on(there, here) == [CloseReceived(1000, "")]
    assert read(there, to_there) == [CloseReceived(1001, "")]
    assert (here.state, there.state) == (State.CLOSED, State.CLOSED)
    here.close(1000)
    assert not here.outgoing
    assert not there.outgoing


def test_after_our_close_what_is_no_frame_ends_it_at_once() -> None:
    here = server()
    here.close(1001)
    assert read(here, b"\xff\xff") == [Violation(1002, "protocol error")]
    assert here.state is State.CLOSED


def test_after_a_violation_nothing_is_read() -> None:
    here = server()
    assert read(here, b"\xff\xff") == [Violation(1002, "protocol error")]
    assert read(here, raw.frame(raw.TEXT, b"late") + raw.frame(raw.PING)) == []
    assert not here.outgoing


def test_an_end_without_a_closing_handshake_leaves_nothing_to_say_or_read() -> None:
    here = server()
    here.send(TEXT, b"lost")
    read(here, raw.frame(raw.TEXT, b"begun", fin=False))
    here.end()
    here.send(TEXT, b"never")
    here.close(1000)
    assert not here.outgoing
    assert read(here, raw.frame(raw.CONTINUATION, b"late")) == []


# Kinds


def test_messages_are_of_one_kind() -> None:
    here = server(BINARY)
    assert read(here, raw.frame(raw.BINARY, b"\xff")) == [b"\xff"]
    assert read(here, raw.frame(raw.TEXT)) == [Violation(1003, "binary messages only")]


@pytest.mark.parametrize(("opcode", "kind"), [(raw.TEXT, TEXT), (raw.BINARY, BINARY)])
@pytest.mark.parametrize("fin", [True, False], ids=["whole", "in fragments"])
def test_the_kind_may_be_that_of_the_first_message(opcode: int, kind: int, fin: bool) -> None:
    here = server(UNDECIDED)
    assert read(here, raw.frame(raw.PING)) == [Pinged(b"")]
    message = raw.frame(opcode, b"a", fin=fin) + (b"" if fin else raw.frame(raw.CONTINUATION))
    assert read(here, message * 2) == (["a", "a"] if kind == TEXT else [b"a", b"a"])
    assert here.kind == kind
    other = raw.TEXT + raw.BINARY - opcode
    (violation,) = read(here, raw.frame(other))
    assert isinstance(violation, Violation)
    assert violation.code == 1003


def test_a_larger_message_is_let_in_as_soon_as_the_limit_is_raised() -> None:
    here = WebSocketProtocol(TEXT, 10)
    here.max_message_size = 200
    assert read(here, raw.frame(raw.TEXT, b"*" * 200)) == ["*" * 200]
    violation = Violation(1009, "message too big")
    assert read(here, raw.frame(raw.TEXT, b"*" * 201)) == [violation]


# What is kept


def test_a_declared_length_allocates_nothing() -> None:
    """As in aiohttp PYSEC-2026-4395: a length near 2^63."""
    here = server()
    assert read(here, b"\x81\xff" + LIMIT.to_bytes(8, "big") + b"mask" + b"12345") == []
    assert here._begun is not None
    assert sys.getsizeof(here._begun) < 100


def test_of_whole_frames_nothing_is_kept() -> None:
    here = server()
    for size in (10, 10_000, LIMIT):
        data = raw.frame(raw.TEXT, b"*" * size)
        assert read(here, data[:8]) == []
        assert read(here, data[8:]) == ["*" * size]
        assert here._begun is None


def test_a_frame_that_comes_in_tiny_pieces_is_not_read_again_for_each() -> None:
    """As in PYSEC-2026-4389: what is kept grows until the frame is whole."""
    here = server()
    whole = raw.frame(raw.TEXT, b"*" * 1000)
    read(here, whole[:4])
    kept = here._begun
    for place in range(4, len(whole) - 1):
        read(here, whole[place : place + 1])
        assert here._begun is kept, place
    assert read(here, whole[-1:]) == ["*" * 1000]


def test_a_close_of_ours_frees_the_message_that_had_begun() -> None:
    here = server()
    read(here, raw.frame(raw.TEXT, b"*" * 1000, fin=False))
    assert here.kept == 1000
    here.close(1001)
    assert here.kept == 0
    assert here._fragments is None


@pytest.mark.parametrize("already", [1, 2, 5, 9, 13, 14, 15, 5_000, 99_999, 100_013])
def test_after_our_close_nothing_is_kept_of_a_message_but_the_close_behind_it_is_read(
    already: int,
) -> None:
    here = server()
    data = raw.frame(raw.TEXT, b"*" * 100_000)
    read(here, data[:already])
    here.close(1008)
    assert here.kept <= 14
    for start in range(already, len(data), 997):
        assert read(here, data[start : start + 997]) == []
        assert here.kept <= 14
    assert read(here, raw.frame(raw.TEXT, b"*" * 500)[:300]) == []
    assert here.kept == 0
    end = raw.frame(raw.TEXT, b"*" * 500)[300:] + raw.close_frame(1008)
    assert read(here, end) == [CloseReceived(1008, "")]
    assert here.state is State.CLOSED


@given(
    sizes=st.lists(st.integers(0, 70_000), max_size=4),
    pings=st.lists(st.binary(max_size=125), max_size=2),
    cuts=st.lists(st.integers(1, 40_000), min_size=1, max_size=20),
    closing_after=st.integers(0, 19),
)
def test_wherever_our_close_falls_theirs_is_found_behind_what_was_under_way(
    sizes: list[int], pings: list[bytes], cuts: list[int], closing_after: int
) -> None:
    here = server()
    data = b"".join(raw.frame(raw.TEXT, b"*" * size) for size in sizes)
    data += b"".join(raw.frame(raw.PING, payload) for payload in pings) + raw.close_frame(1000)
    before: list[Event] = []
    after: list[Event] = []
    for number, cut in enumerate([*cuts, len(data)]):
        if number == min(closing_after, len(cuts)) and here.state is State.OPEN:
            here.close(1008)
            assert here.kept <= 131
        (before if here.state is State.OPEN else after).extend(read(here, data[:cut]))
        if here.state is State.CLOSING:
            assert here.kept <= 131, "a ping, or the header of a message"
        data = data[cut:]
    assert here.state in (State.CLOSED, State.CLOSE_OWED)
    assert [each for each in before + after if isinstance(each, CloseReceived)] == [
        CloseReceived(1000, "")
    ]
    assert all(isinstance(each, CloseReceived) for each in after)


def test_what_is_kept_of_a_message_is_counted_until_it_is_whole() -> None:
    here = server()
    first, last = (
        raw.frame(raw.TEXT, b"*" * 1000, fin=False),
        raw.frame(raw.CONTINUATION, b"+" * 50),
    )
    counts = []
    for piece in (first[:4], first[4:600], first[600:], last[:40], last[40:]):
        read(here, piece)
        counts.append(here.kept)
    assert counts == [4, 600, 1000, 1040, 0]
    read(here, first[:600])
    read(here, b"\xff" * 2000)
    assert here.kept == 0, "what breaks the protocol is not kept"


@pytest.mark.parametrize(
    "flood",
    [
        raw.frame(raw.CONTINUATION, b"", fin=False) * 2000,
        raw.frame(raw.CONTINUATION, b"*", fin=False) * 100,
    ],
    ids=["empty fragments", "fragments of a byte"],
)
def test_memory_does_not_grow_with_the_number_of_frames(flood: bytes) -> None:
    """As in undici CVE-2026-9675 (fragments) and CVE-2026-54274."""
    here = server()
    read(here, raw.frame(raw.TEXT, b"", fin=False) + flood)
    tracemalloc.start()
    for _ in range(10):
        read(here, flood)
    taken = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = taken.filter_traces([tracemalloc.Filter(inclusive=True, filename_pattern=PACKAGE)])
    assert sum(each.size for each in grown.statistics("filename")) < 10_000
