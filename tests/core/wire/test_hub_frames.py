"""What hubs say survives the way over the wire, and what is no frame is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from peerpigeon.core.wire.hub_codec import (
    BATCH_LIMIT,
    FrameError,
    batch,
    decode,
    encode,
    frame_count,
)
from peerpigeon.core.wire.hub_frames import Frame, Heartbeat, Hello, Readable, Routed
from tests.core.frame_values import ANY

frames = ANY.frames()


@given(frames)
def test_a_frame_arrives_as_it_was_sent(frame: Frame) -> None:
    assert decode(batch([encode(frame)]))[0] == frame


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    try:
        found = decode(data)
    except FrameError:
        return
    assert decode(batch([encode(frame) for frame in found])) == found


@given(frames, st.integers(0, 100), st.integers(0, 255))
def test_no_damage_does_more_than_be_refused(frame: Frame, place: int, byte: int) -> None:
    data = bytearray(batch([encode(frame)]))
    data[place % len(data)] = byte
    try:
        decode(bytes(data))
    except FrameError as error:
        assert "not a message of frames" in str(error)  # noqa: PT017 - that it may not be refused is the point


@pytest.mark.parametrize(
    "data", [b"", b"\xc0", b"\x92", b"\x91\x63", b"\x91" * 5000, msgspec.msgpack.encode({"a": 1})]
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError, match="not a message of frames"):
        decode(data)


def test_a_later_version_may_add_fields_at_the_end() -> None:
    fields = msgspec.msgpack.decode(encode(Heartbeat(5)))
    assert decode(msgspec.msgpack.encode([[*fields, "something new"]])) == [Heartbeat(5)]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 255, 256, BATCH_LIMIT])
def test_a_message_carries_frames_in_order(count: int) -> None:
    frames = [Heartbeat(number) for number in range(count)]
    assert decode(batch([encode(frame) for frame in frames])) == frames


@pytest.mark.parametrize("width", [2, 4])
def test_of_a_message_with_too_many_frames_none_is_read(width: int) -> None:
    many, one = BATCH_LIMIT + 1, encode(Heartbeat(5))
    header = (b"\xdc" if width == 2 else b"\xdd") + many.to_bytes(width, "big")
    with pytest.raises(FrameError, match="more than 1024 frames"):
        decode(header + one * many)
    most = BATCH_LIMIT.to_bytes(4, "big")
    assert len(decode(b"\xdd" + most + one * BATCH_LIMIT)) == BATCH_LIMIT


def nested(depth: int) -> bytes:
    """Return a message with a routed frame whose body nobody can read."""
    head = msgspec.msgpack.encode([6, "a" * 40, 1, "b" * 40, 0, 9])
    return b"\x91\x97" + head[1:] + b"\x91" * depth + b"\x00"


def decoded_within(calls: int, message: bytes) -> int:
    """Return how many frames are read from a stack that is deeper by so many calls."""
    return decoded_within(calls - 1, message) if calls else len(decode(message))


@pytest.mark.parametrize("calls", [0, 60])
def test_how_deep_a_hub_can_look_is_no_fault_of_the_one_that_passes_something_on(
    calls: int,
) -> None:
    read = [decoded_within(calls, nested(depth)) for depth in range(100, 2000, 10)]
    assert set(read) <= {0, 1}, "some Pythons look deeper than others, and none finds a fault"
    assert read[0] == 1
    assert decoded_within(calls, nested(100_000)) == 0


def test_a_heartbeat_is_small() -> None:
    """It is what hubs say most."""
    assert len(encode(Heartbeat(2**64 - 1))) <= 11


def test_every_kind_of_frame_is_tried() -> None:
    kinds = inspect.type_info(Readable)
    assert isinstance(kinds, inspect.UnionType)
    assert {Hello, Heartbeat, Routed} <= {
        kind.cls for kind in kinds.types if isinstance(kind, inspect.StructType)
    }


@pytest.mark.parametrize("count", [0, 1, 15, 16, BATCH_LIMIT, 70_000])
def test_how_many_frames_a_message_has_is_known_from_its_head(count: int) -> None:
    message = msgspec.msgpack.encode([0] * count)
    assert frame_count(message) == count


@pytest.mark.parametrize("message", [b"", b"\x01", b"\xc1\x00", b"\x81\x01\x02"])
def test_what_is_no_message_of_frames_has_none(message: bytes) -> None:
    assert frame_count(message) == 0
