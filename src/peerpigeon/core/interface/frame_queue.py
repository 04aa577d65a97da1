"""Frames that wait for a link, in turns between the streams that they belong to.

The turns go by bytes, as in deficit round robin (Shreedhar and Varghese, 1995): each stream sends
until it has sent a ``PIECE``, and then it is the next one's turn. Of the room none has more than it
leaves free, as in ``Shares``; it is written out here because each frame between hubs goes through.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.interface.link_pieces import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import PeerId

Way: TypeAlias = "tuple[PeerId, PeerId, int] | None"
"""Source, destination and lane of a routed frame; ``None`` for what the two ends of a link say."""


class _Line:
    """The frames of one stream."""

    __slots__ = ("frames", "size", "way")

    def __init__(self, way: Way) -> None:
        self.way = way
        self.frames: deque[bytes] = deque()
        self.size = 0


class FrameQueue:
    """Frames, encoded: at most ``limit`` bytes of a stream, less than twice that of all."""

    __slots__ = ("_has_memory", "_lines", "_room", "_served", "_turns", "size")

    def __init__(self, limit: int, has_memory: Callable[[int], bool] | None = None) -> None:
        self._has_memory = has_memory
        self._room = 2 * limit
        self._lines: dict[Way, _Line] = {}  # that have something
        self._turns: deque[_Line] = deque()  # the same
        self._served = 0  # bytes that the first of them has sent in this turn
        self.size = 0
        """How many bytes wait."""

    def add(self, way: Way, frame: bytes, ahead: float) -> bool:
        """Let a frame wait behind those of its stream; return whether there was room.

        The carrier has so many bytes ``ahead``. Where nothing waits or is ahead any frame may.
        """
        line = self._lines.get(way)
        size = len(frame)
        held = line.size if line is not None else 0
        if held + 2 * (size + ahead) > self._room - self.size and (self.size or ahead):
            return False
        if self.size and self._has_memory is not None and not self._has_memory(size):
            return False
        if line is None:
            line = self._lines[way] = _Line(way)
            self._turns.append(line)
        line.frames.append(frame)
        line.size += size
        self.size += size
        return True

    def holds(self, way: Way) -> bool:
        """Tell whether something of a stream waits."""
        return way in self._lines

    def fill(self, frames: list[bytes], size: int) -> int:
        """Move frames into a message of ``size`` bytes until it has a ``PIECE``; return its size.

        Ends before one that is larger than a ``PIECE`` itself.
        """
        turns = self._turns
        while turns and size < PIECE:
            line = turns[0]
            waiting, before = line.frames, size
            while waiting and size < PIECE and len(waiting[0]) <= PIECE:
                frame = waiting.popleft()
                frames.append(frame)
                size += len(frame)
            if not self._take(line, size - before) and size < PIECE:
                break
        return size

    def _take(self, line: _Line, size: int) -> bool:
        """Note what has left; return whether it is another one's turn by that."""
        line.size -= size
        self.size -= size
        self._served += size
        if not line.frames:
            del self._lines[line.way]
            self._turns.popleft()
            self._served = 0
            return True
        if self._served < PIECE:
            return False
        self.pass_turn()
        return True

    @property
    def way(self) -> Way:
        """Whose turn it is; something waits."""
        return self._turns[0].way

    def first(self) -> bytes:
        """Return the frame whose turn it is, without taking it out; something waits."""
        return self._turns[0].frames[0]

    def pop(self) -> None:
        """Take out the frame whose turn it is."""
        line = self._turns[0]
        self._take(line, len(line.frames.popleft()))

    def pass_turn(self) -> None:
        """Let it be the next one's turn."""
        self._turns.rotate(-1)
        self._served = 0
