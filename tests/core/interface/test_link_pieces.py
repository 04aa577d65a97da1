"""Messages in pieces: whole again at the other end, and nothing else gets through."""

import pytest

from peerpigeon.core.interface.link_pieces import LAST, MORE, Joiner, PieceError
from peerpigeon.core.wire.hub_codec import batch, encode
from peerpigeon.core.wire.hub_frames import Heartbeat


def test_what_is_kept_of_a_message_is_counted() -> None:
    joiner = Joiner(1000)
    joiner.take(MORE + b"\x91" * 300)
    joiner.take(b"\x90")
    assert joiner.size == 300
    joiner.take(LAST + b"x")
    assert joiner.size == 0


def test_a_whole_message_comes_as_it_is() -> None:
    assert Joiner(10).take(b"abcd") == b"abcd"
    assert Joiner(10).take(b"") == b""


def test_pieces_are_put_together_and_whole_messages_may_come_between_them() -> None:
    joiner = Joiner(10)
    assert joiner.take(b"\xc1\x01\x91b") is None
    assert joiner.take(b"urgent") == b"urgent"
    assert joiner.take(b"\xc1\x01cd") is None
    assert joiner.take(b"\xc1\x00e") == b"\x91bcde"
    assert joiner.take(b"\xc1\x00\x91") == b"\x91"


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_a_message_in_pieces_has_one_frame(frames: int) -> None:
    """Of several that come with the last piece no turn of the event loop would be the end."""
    joiner = Joiner(1000)
    whole = batch([encode(Heartbeat(number)) for number in range(frames)])
    assert joiner.take(whole) == whole
    assert joiner.take(MORE + whole[:1]) is None
    if frames == 1:
        assert joiner.take(LAST + whole[1:]) == whole
    else:
        with pytest.raises(PieceError, match="one frame"):
            joiner.take(LAST + whole[1:])


@pytest.mark.parametrize(
    ("pieces", "fault"),
    [
        ([b"\xc1\x02ab"], "neither"),
        ([b"\xc1"], "neither"),
        ([b"\xc1\x01" + b"x" * 6, b"\xc1\x00" + b"x" * 5], "over 10 bytes"),
    ],
)
def test_what_makes_no_message_is_refused(pieces: list[bytes], fault: str) -> None:
    joiner = Joiner(10)
    for piece in pieces[:-1]:
        joiner.take(piece)
    with pytest.raises(PieceError, match=fault):
        joiner.take(pieces[-1])
