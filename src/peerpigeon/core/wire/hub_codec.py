"""Frames as bytes, and the messages of a link that carry them: MessagePack."""

from __future__ import annotations

import msgspec

from peerpigeon.core.wire.hub_frames import Frame

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Frame]] = msgspec.msgpack.Decoder(list[Frame])

_FEW = 16
BATCH_LIMIT = 0xFFFF
"""How many frames one message may carry."""


class FrameError(Exception):
    """What came over a hub link is no message of frames."""


def encode(frame: Frame) -> bytes:
    """Return a frame for the wire; ``batch`` makes a message of some."""
    return _encoder.encode(frame)


def batch(frames: list[bytes]) -> bytes:
    """Return the message of a link that carries encoded frames, ``BATCH_LIMIT`` at most.

    Messages cost far more than bytes, above all on data channels.
    """
    count = len(frames)
    header = bytes((0x90 | count,)) if count < _FEW else b"\xdc" + count.to_bytes(2, "big")
    return header + b"".join(frames)  # a MessagePack array


def decode(message: bytes) -> list[Frame]:
    """Return the frames in one message of a link; raise ``FrameError`` if it is none."""
    try:
        return _decoder.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"not a message of frames: {error}") from None
