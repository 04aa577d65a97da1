"""Messages of any size over a channel whose messages may not be large.

A message that is too large goes in pieces. A piece begins with a byte that begins no MessagePack
value, and a byte that says whether more follow; what begins otherwise is a whole message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = 0xC1
"""The one byte that MessagePack leaves unused."""

_MORE, _LAST = bytes((MARK, 1)), bytes((MARK, 0))


class ChunkError(Exception):
    """The pieces that came cannot be put together."""


def split(message: bytes, size: int) -> Iterator[bytes]:
    """Yield the pieces, of at most ``size`` bytes each, in which a message is to be sent."""
    if len(message) <= size:
        yield message
        return
    step = size - len(_MORE)
    for start in range(0, len(message), step):
        is_last = start + step >= len(message)
        yield (_LAST if is_last else _MORE) + message[start : start + step]


class Joiner:
    """Puts pieces together again; a message has at most ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces = bytearray()

    def take(self, piece: bytes) -> bytes | None:
        """Return the message that ends with this piece; ``None`` if more must come.

        Raises ``ChunkError`` for what ``split`` cannot have made, and for a message over the limit.
        """
        if piece[:1] != _LAST[:1]:
            if self._pieces:
                raise ChunkError("a message within another")
            return piece
        if piece[:2] not in (_MORE, _LAST):
            raise ChunkError("a piece is neither the last one nor another one")
        self._pieces += piece[2:]
        if len(self._pieces) > self._limit:
            raise ChunkError(f"a message over {self._limit} bytes")
        if piece[:2] == _MORE:
            return None
        message = bytes(self._pieces)
        self._pieces.clear()
        return message
