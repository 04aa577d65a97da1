"""Frames that wait for a full transport: their order, their size, and what may overtake them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.net.websocket.held_frames import HeldFrames

frames = st.tuples(st.binary(min_size=2, max_size=4), st.sampled_from([b"", b"a", b"b" * 20_000]))


def parts(*frames: tuple[bytes, bytes]) -> list[bytes]:
    return [part for frame in frames for part in frame]


@given(st.lists(st.one_of(st.lists(frames), st.binary(min_size=1, max_size=9), st.none())))
def test_what_waits_is_taken_in_order_and_counted(steps: list[object]) -> None:
    held, model = HeldFrames(), b""
    for step in steps:
        if step is None:
            if held:
                piece = held.take()
                assert model.startswith(piece)
                model = model[len(piece) :]
        elif isinstance(step, bytes):
            held.overtake(step)
            model = step + model
        else:
            held.add(parts(*step))  # type: ignore[misc]
            model += b"".join(parts(*step))  # type: ignore[misc]
        assert held.size == len(model)
        assert bool(held) == bool(model)
    assert held.take_all() == model
    assert not held
    assert held.size == 0


def test_a_piece_ends_with_the_frame_that_fills_it() -> None:
    held, frame = HeldFrames(), (b"head", b"x" * (AHEAD // 2))
    held.add(parts(frame, frame, frame))
    assert held.take() == b"".join(frame * 2)
    held.overtake(b"ping")
    assert held.take() == b"ping"
    assert held.take() == b"".join(frame)
    assert not held
