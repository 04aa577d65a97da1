"""One open link to another hub: joins the frames that wait for it into messages."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.config import KIB, MIB
from peerpigeon.core.wire.hub_codec import BATCH_LIMIT, batch

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId

FULL_MESSAGE = 16 * KIB
"""Bytes of frames after which a message is not made any larger by one more."""

CROWDED = 1 * MIB
"""Bytes in a carrier beyond which frames are held back here, where they can be joined."""


class Wire(Protocol):
    """One open connection to another hub."""

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""

    def send(self, message: bytes) -> None:
        """Send one message. Never waits, never raises."""

    def close(self, code: int, reason: str) -> None:
        """Send what is still to be sent, then end the connection; nothing more is told of it."""


class Link:
    """A wire, and the frames that are still to be joined into messages."""

    __slots__ = ("frames", "id", "is_flushing", "queued", "wire")

    def __init__(self, number: LinkId, wire: Wire) -> None:
        self.id = number
        self.wire = wire
        self.frames: deque[bytes] = deque()
        self.queued = 0
        """Bytes in ``frames``."""
        self.is_flushing = False
        """Whether it is to be flushed at the end of this turn of the loop."""

    def flush(self, *, at_once: bool = False) -> None:
        """Send the frames that wait, unless more are in the wire than it can soon send."""
        while self.frames and (at_once or self.wire.buffered < CROWDED):
            frames: list[bytes] = []
            size = 0
            while self.frames and size < FULL_MESSAGE and len(frames) < BATCH_LIMIT:
                frame = self.frames.popleft()
                frames.append(frame)
                size += len(frame)
            self.queued -= size
            self.wire.send(batch(frames))

    def close(self, code: int, reason: str) -> None:
        """Send the frames that wait, then end the connection."""
        self.flush(at_once=True)
        self.wire.close(code, reason)
