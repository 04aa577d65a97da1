"""WebSocket frames (RFC 6455, section 5.2) as bytes: read, and built. No I/O, clock or chance.

A client masks its frames with a key of four bytes that is new for each, a server does not. That is
all the difference: whoever reads or builds a frame says who sends it, ``CLIENT`` or ``SERVER``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from peerpigeon.core.interface.close_codes import MESSAGE_TOO_BIG, PROTOCOL_ERROR
from peerpigeon.net.websocket.masking import apply_mask

if TYPE_CHECKING:
    from typing import TypeAlias

    Payload: TypeAlias = bytes | bytearray
    """What a frame carries: an array of bytes of its own if it was masked."""

    Frame: TypeAlias = tuple[int, Payload, int]
    """The first byte, the payload, and where the frame ends."""

# The first bytes of whole frames, reserved bits unset.
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A
FIN = 0x80
OPCODE = 0x0F
# Those of messages may be cut into several frames, those of control frames not.
_KNOWN = frozenset((0x00, 0x01, 0x02, CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CONTROL = 0x08
MAX_REASON = 123  # bytes (RFC 6455, section 5.5)

CLIENT, SERVER = 0x80, 0x00
"""Who sends a frame: the bit beside its length that says whether it is masked."""

KEY_SIZE = 4
"""Bytes of a masking key."""

MAX_HEADER = 10 + KEY_SIZE
"""Bytes of the longest header."""

_LONG, _LONGER = 126, 127  # in place of a length: it follows in two bytes, in eight
_LONG_HEAD = 4  # bytes before a payload, or its key, if its length is in two bytes
_pack_long, _pack_longer = struct.Struct("!BBH").pack, struct.Struct("!BBQ").pack


class FrameError(Exception):
    """The bytes are no frame, or one that is too large; ``code`` is the code to close with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"close with {code}")
        self.code = code


def read_frame(data: bytes, start: int, sender: int, max_size: int) -> Frame:
    """Return the frame that begins at ``start``.

    If the end returned lies beyond the data, the frame is not whole; it ends there at the earliest,
    and its payload is empty. Raise ``FrameError`` as soon as the bytes show that they are no frame
    of this sender, or that its payload has more than ``max_size`` bytes.
    """
    available = len(data)
    if available < start + 2:
        return 0, b"", start + 2
    first, size = data[start], data[start + 1] ^ sender
    if size > _LONGER or first not in _KNOWN:
        raise FrameError(PROTOCOL_ERROR)
    head = start + 2
    if size >= _LONG:
        if first & _CONTROL:
            raise FrameError(PROTOCOL_ERROR)
        head += 2 if size == _LONG else 8
        if available < head:
            return first, b"", head
        if size == _LONG:
            size = data[start + 2] << 8 | data[start + 3]
            is_long_enough = size >= _LONG
        else:
            size = int.from_bytes(data[start + 2 : head], "big")
            is_long_enough = 1 << 16 <= size < 1 << 63
        if not is_long_enough:
            raise FrameError(PROTOCOL_ERROR)
    if size > max_size:
        raise FrameError(MESSAGE_TOO_BIG)
    start = head + KEY_SIZE if sender else head
    end = start + size
    if available < end:
        return first, b"", end
    payload = data[start:end]
    key = data[head:start]
    return first, apply_mask(bytearray(payload), key) if sender else payload, end


def is_unwanted(first: int, size: int) -> bool:
    """Tell whether nothing of a frame matters to who awaits a close frame, but where it ends.

    Given its first byte and the ``size`` that ``read_frame`` says it has at least: one that may
    still be a header without its length is wanted.
    """
    return not first & _CONTROL and size > MAX_HEADER


def lone_message(data: bytes, first: int, sender: int, max_size: int) -> Payload | None:
    """Return the payload if ``data`` is one frame that begins so, its length given in two bytes.

    Most reads are. ``None`` for everything else, also if the payload has more than ``max_size``
    bytes: that is for ``read_frame``, which takes a third longer.
    """
    start = _LONG_HEAD + KEY_SIZE if sender else _LONG_HEAD
    size = len(data) - start
    if (
        _LONG <= size <= max_size
        and data[0] == first
        and data[1] == sender | _LONG
        and data[2] << 8 | data[3] == size
    ):
        if not sender:
            return data[start:]
        payload = bytearray(data)
        del payload[:start]  # to do without what is in front takes no copy
        return apply_mask(payload, data[_LONG_HEAD:start])
    return None


def frame_header(first: int, sender: int, size: int) -> bytes:
    """Return what stands before a payload of ``size`` bytes, or before its key."""
    if size < _LONG:
        return bytes((first, sender | size))
    if size < 1 << 16:
        return _pack_long(first, sender | _LONG, size)
    return _pack_longer(first, sender | _LONGER, size)


def close_payload(code: int, reason: str) -> bytes:
    """Return the payload of a close frame; a reason too long is cut between two characters."""
    text = reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore").encode()
    return code.to_bytes(2, "big") + text
