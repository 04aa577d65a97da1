"""Frames as bytes, and the messages of a link that carry them: MessagePack.

What a newer hub of the same version says and this hub does not know costs neither the link nor
what comes with it: frames of unknown kinds and adverts that cannot be used are left out, and the
body of a routed frame stays sealed (``hub_frames.Sealed``).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, get_args

import msgspec

from peerpigeon.core.wire.hub_frames import Advert, Adverts, Frame, Readable, Routed, Sealed
from peerpigeon.core.wire.hub_validation import UNREADABLE, is_valid, is_valid_advert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peerpigeon.core.wire.hub_frames import Body

_FEW = 16
BATCH_LIMIT = 1024
"""How many frames one message may carry. A frame is cheap to send and dear to read, and a hub
joins frames of 16 KiB at most, of which there are fewer than this in practice."""

_FIX_ARRAY, _ARRAY_16, _ARRAY_32 = 0x90, 0xDC, 0xDD
_ONE, _ROUTED = b"\x91", bytes((6,))
"""How a message with one frame begins, and after one byte more a routed frame."""


class FrameError(Exception):
    """What came over a hub link is no message of frames."""


class _RawAdverts(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """An ``Adverts`` frame whose adverts are not read yet."""

    adverts: list[msgspec.Raw]
    is_urgent: bool = False
    is_for_all: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[list[Readable]] = msgspec.msgpack.Decoder(list[Readable])
# For what that one cannot read.
_splitter = msgspec.msgpack.Decoder(list[msgspec.Raw])
_readable: msgspec.msgpack.Decoder[Readable] = msgspec.msgpack.Decoder(Readable)
_kind = msgspec.msgpack.Decoder(int)
_sealed = msgspec.msgpack.Decoder(Sealed)
_raw_adverts = msgspec.msgpack.Decoder(_RawAdverts)
_advert = msgspec.msgpack.Decoder(Advert)

_KINDS = frozenset(kind.__struct_config__.tag for kind in get_args(Readable))


def encode(frame: Frame) -> bytes:
    """Return a frame for the wire; ``batch`` makes a message of some."""
    return _encoder.encode(frame)


def encode_part(part: Advert | Body | msgspec.Raw) -> bytes:
    """Return part of a frame as it stands on the wire: what is signed, or tagged."""
    return _encoder.encode(part)


def batch(frames: list[bytes]) -> bytes:
    """Return the message of a link that carries encoded frames, ``BATCH_LIMIT`` at most.

    Messages cost far more than bytes, above all on data channels.
    """
    count = len(frames)
    header = bytes((_FIX_ARRAY | count,)) if count < _FEW else b"\xdc" + count.to_bytes(2, "big")
    return header + b"".join(frames)  # a MessagePack array


def decode(message: bytes) -> Sequence[Frame]:
    """Return the frames in one message of a link; raise ``FrameError`` if it is none.

    All their values are valid, but for bodies of routed frames: see ``hub_validation.opened``.
    A body that is nested too deeply to be read is left out. Of a message with more than
    ``BATCH_LIMIT`` frames none is read.
    """
    if len(message) > BATCH_LIMIT and frame_count(message) > BATCH_LIMIT:
        raise FrameError(f"a message of more than {BATCH_LIMIT} frames")
    try:
        frames = _decoder.decode(message)
        for frame in frames:
            if not is_valid(frame):
                break
        else:
            return frames
    except UNREADABLE:
        pass
    try:
        return [frame for data in _splitter.decode(message) for frame in _decode_one(data)]
    except RecursionError:
        # How deep one can look depends on the caller's stack, so that the neighbour may have seen
        # nothing wrong and passed it on. It is sealed then, and comes alone (``LinkOutbox``).
        if message[:1] == _ONE and message[2:3] == _ROUTED:
            return ()
        raise FrameError("not a message of frames: nested too deeply") from None
    except UNREADABLE as error:
        raise FrameError(f"not a message of frames: {error}") from None


def frame_count(message: bytes) -> int:
    """Return how many frames the head of a message says that it has; 0 if it is no such head."""
    if not message:
        return 0
    head = message[0]
    if head & 0xF0 == _FIX_ARRAY:
        return head & 0x0F
    if head == _ARRAY_16:
        return int.from_bytes(message[1:3], "big")
    return int.from_bytes(message[1:5], "big") if head == _ARRAY_32 else 0


def _decode_one(data: msgspec.Raw) -> list[Frame]:
    """Return the frame, or none if it is of a kind that only newer hubs know."""
    first = _splitter.decode(data)[:1]
    kind = _kind.decode(first[0] if first else b"")
    if kind not in _KINDS:
        return []
    if kind == Adverts.__struct_config__.tag:
        return [_decode_adverts(data)]
    frame: Frame
    try:
        frame = _readable.decode(data)
    except UNREADABLE:
        if kind != Routed.__struct_config__.tag:
            raise
        frame = _sealed.decode(data)
    if not is_valid(frame):
        raise FrameError(f"not a message of frames: {type(frame).__name__} has a wrong value")
    return [frame]


def _decode_adverts(data: msgspec.Raw) -> Adverts:
    """Return those adverts that are valid: the neighbour cannot answer for other hubs' words."""
    raw = _raw_adverts.decode(data)
    adverts: list[Advert] = []
    for one in raw.adverts:
        with suppress(*UNREADABLE):
            adverts.append(_advert.decode(one))
    return Adverts(tuple(filter(is_valid_advert, adverts)), raw.is_urgent, raw.is_for_all)
