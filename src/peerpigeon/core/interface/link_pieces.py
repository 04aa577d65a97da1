"""Large messages of a link in pieces, with whole messages between them.

A piece begins with a byte that begins no MessagePack value, and a byte that says whether more
follow; what begins otherwise is a whole message. One message at a time is in pieces, so there is
never more than one that is not finished. It has one frame: of a thousand small ones all of a turn's
work, a thousand times, would come with the last piece. Who cuts is ``LinkOutbox``.
"""

from __future__ import annotations

from peerpigeon.core.config.quantities import KIB, MIB
from peerpigeon.core.wire.hub_codec import frame_count

PIECE = 16 * KIB
"""Bytes of the largest piece, its mark included."""

MAX_MESSAGE = 16 * MIB
"""Bytes of the largest message that another hub may send. A signal of ``max_message_size``, the
adverts of some thousand hubs and the members of a namespace have to fit into one."""

STRANGER_MESSAGE = 4 * KIB
"""Bytes of the largest message of a hub that has not proved itself. It says ``Hello`` and
``Proof``, each in a message of its own (``LinkOutbox``) and of at most 2 KiB."""

STRANGER_MESSAGES = 4
"""How many messages such a hub may send, which needs two."""

WHOLE_MESSAGE = 4 * PIECE
"""Bytes of the largest message that a link carries: more than any that a hub does not cut up."""

MARK = 0xC1
"""The one byte that MessagePack leaves unused."""

MORE, LAST = bytes((MARK, 1)), bytes((MARK, 0))


class PieceError(Exception):
    """The pieces that came cannot be put together."""


class Joiner:
    """Puts pieces together again; a message has at most ``limit`` bytes."""

    __slots__ = ("_limit", "_pieces")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces = bytearray()

    @property
    def size(self) -> int:
        """How many bytes are kept of a message that is not whole."""
        return len(self._pieces)

    def take(self, message: bytes) -> bytes | None:
        """Return a whole message, or the one that ends with this piece; ``None`` if more must come.

        Raises ``PieceError`` for what no outbox has made, such as several frames in pieces, and for
        a message over the limit.
        """
        if message[:1] != LAST[:1]:
            return message
        mark = message[:2]
        if mark not in (MORE, LAST):
            raise PieceError("a piece is neither the last one nor another one")
        self._pieces += message[2:]
        if len(self._pieces) > self._limit:
            raise PieceError(f"a message over {self._limit} bytes")
        if mark == MORE:
            return None
        whole = bytes(self._pieces)
        self._pieces.clear()
        if frame_count(whole) != 1:
            raise PieceError("a message in pieces has one frame")
        return whole
