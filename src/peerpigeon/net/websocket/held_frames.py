"""Frames that wait because a transport is full (backpressure), in pieces of which each is a write.

A piece ends where a frame ends, so that a control frame may go between any two of them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.net.websocket.protocol import PARTS

if TYPE_CHECKING:
    from peerpigeon.net.websocket.protocol import Parts


class HeldFrames:
    """The frames of one socket that wait, oldest first."""

    __slots__ = ("_pieces", "size")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self.size = 0
        """Bytes of all of them."""

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, outgoing: Parts) -> None:
        """Put frames behind all that wait, in pieces of ``AHEAD`` bytes and one frame at most."""
        piece: list[bytes] = []
        size = 0
        for index in range(0, len(outgoing), PARTS):
            frame = outgoing[index : index + PARTS]
            piece += frame
            size += sum(map(len, frame))
            if size >= AHEAD:
                self._end_piece(piece, size)
                piece, size = [], 0
        if piece:
            self._end_piece(piece, size)

    def _end_piece(self, piece: list[bytes], size: int) -> None:
        self._pieces.append(b"".join(piece))
        self.size += size

    def overtake(self, frame: bytes) -> None:
        """Put a control frame before all that waits."""
        self._pieces.appendleft(frame)
        self.size += len(frame)

    def take(self) -> bytes:
        """Return the first piece, which does not wait any more."""
        piece = self._pieces.popleft()
        self.size -= len(piece)
        return piece

    def take_all(self) -> bytes:
        """Return all that waits, which does not any more."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.size = 0
        return data
