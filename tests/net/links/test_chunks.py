"""Messages in pieces: whole again at the other end, and nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.net.links.chunks import MARK, ChunkError, Joiner, split

FRAMES = st.binary(max_size=300).filter(lambda message: message[:1] != bytes((MARK,)))


@given(st.lists(FRAMES), st.integers(3, 64))
def test_messages_arrive_whole_and_in_order(messages: list[bytes], size: int) -> None:
    joiner = Joiner(300)
    pieces = [piece for message in messages for piece in split(message, size)]
    assert all(len(piece) <= size for piece in pieces)
    arrived = [message for piece in pieces if (message := joiner.take(piece)) is not None]
    assert arrived == messages


def test_a_small_message_goes_as_it_is() -> None:
    assert list(split(b"abc", 3)) == [b"abc"]
    assert list(split(b"abcd", 3)) == [b"\xc1\x01a", b"\xc1\x01b", b"\xc1\x01c", b"\xc1\x00d"]


@pytest.mark.parametrize(
    ("pieces", "fault"),
    [
        ([b"\xc1\x01ab", b"cd"], "within another"),
        ([b"\xc1\x02ab"], "neither"),
        ([b"\xc1"], "neither"),
        ([b"\xc1\x01" + b"x" * 6, b"\xc1\x00" + b"x" * 5], "over 10 bytes"),
    ],
)
def test_what_makes_no_message_is_refused(pieces: list[bytes], fault: str) -> None:
    joiner = Joiner(10)
    for piece in pieces[:-1]:
        joiner.take(piece)
    with pytest.raises(ChunkError, match=fault):
        joiner.take(pieces[-1])
