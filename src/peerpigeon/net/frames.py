"""WebSocket frames (RFC 6455, section 5) as bytes: a client's are read, a server's are built.

A client masks what it sends. To undo that takes C: the one of ``websockets`` is used, and nothing
else of that library. A server's frame is not masked: a header, then the payload.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from peerpigeon.core.interface.close_codes import MESSAGE_TOO_BIG, PROTOCOL_ERROR

try:
    from websockets.speedups import apply_mask
except ImportError:  # where there is no build of it: slow, and as right
    from websockets.utils import apply_mask

if TYPE_CHECKING:
    from typing import TypeAlias

    Frame: TypeAlias = tuple[int, bytes, int]
    """The first byte, the payload, and where the frame ends."""

# The first bytes of whole frames, reserved bits unset.
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A
FIN = 0x80
OPCODE = 0x0F
# Those of messages may be cut into several frames, those of control frames not.
_KNOWN = frozenset((0x00, 0x01, 0x02, CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CONTROL = 0x08
_MASKED = 0x80
MAX_REASON = 123  # bytes (RFC 6455, section 5.5)

_LONG, _LONGER = 126, 127  # in place of a length: it follows in two bytes, in eight
_LONG_HEAD = 8  # bytes before a client's payload if its length is in two bytes
_pack_long, _pack_longer = struct.Struct("!BBH").pack, struct.Struct("!BBQ").pack


class FrameError(Exception):
    """What a client sends is no frame, or too large a one; ``code`` is what to close with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"close with {code}")
        self.code = code


def read_frame(data: bytes, start: int, max_size: int) -> Frame:
    """Return the frame of a client that begins at ``start``.

    If the end returned lies beyond the data, the frame is not whole; it ends there at the earliest,
    and its payload is empty. Raise ``FrameError`` as soon as it can be told that it is none, or
    that its payload has more than ``max_size`` bytes.
    """
    available = len(data)
    if available < start + 2:
        return 0, b"", start + 2
    first, size = data[start], data[start + 1] - _MASKED
    if size < 0 or first not in _KNOWN:
        raise FrameError(PROTOCOL_ERROR)
    mask = start + 2
    if size >= _LONG:
        if first & _CONTROL:
            raise FrameError(PROTOCOL_ERROR)
        mask += 2 if size == _LONG else 8
        if available < mask:
            return first, b"", mask
        if size == _LONG:
            size = data[start + 2] << 8 | data[start + 3]
            is_long_enough = size >= _LONG
        else:
            size = int.from_bytes(data[start + 2 : mask], "big")
            is_long_enough = 1 << 16 <= size < 1 << 63
        if not is_long_enough:
            raise FrameError(PROTOCOL_ERROR)
    if size > max_size:
        raise FrameError(MESSAGE_TOO_BIG)
    payload = mask + 4
    end = payload + size
    if available < end:
        return first, b"", end
    return first, apply_mask(data[payload:end], data[mask:payload]), end


def lone_message(data: bytes, first: int, max_size: int) -> bytes | None:
    """Return the payload if ``data`` is one frame that begins so, its length given in two bytes.

    Most reads are. ``None`` for everything else, also if the payload has more than ``max_size``
    bytes: that is for ``read_frame``, which would take twice as long for this, too.
    """
    if len(data) < _LONG_HEAD or data[0] != first or data[1] != _MASKED | _LONG:
        return None
    size = data[2] << 8 | data[3]
    if len(data) != _LONG_HEAD + size or not _LONG <= size <= max_size:
        return None
    return apply_mask(data[_LONG_HEAD:], data[4:_LONG_HEAD])


def message_header(first: int, size: int) -> bytes:
    """Return what stands before the payload of a message of ``size`` bytes.

    ``first`` is ``TEXT`` or ``BINARY``.
    """
    if size < _LONG:
        return bytes((first, size))
    if size < 1 << 16:
        return _pack_long(first, _LONG, size)
    return _pack_longer(first, _LONGER, size)


def control_frame(first: int, payload: bytes) -> bytes:
    """Return a ping, pong or close frame; the payload has at most 125 bytes."""
    return bytes((first, len(payload))) + payload


def close_frame(code: int, reason: str) -> bytes:
    """Return a close frame; a reason that is too long is cut between two characters."""
    text = reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore").encode()
    return control_frame(CLOSE, code.to_bytes(2, "big") + text)
