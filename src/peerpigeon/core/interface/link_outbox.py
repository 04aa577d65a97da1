"""What waits to be sent over a link: in which order it leaves, in which messages, what is dropped.

``Hello`` and ``Proof`` go before all others, each in a message of its own: the other end takes
small messages only until it has read them.

Urgent frames go first: all that is small but signals, ``Bye`` excepted, which is the last word of a
link. Everything else is bulk, in the order in which it came. A bulk frame that is larger than
``PIECE`` is cut up, and urgent frames go between its pieces. So an urgent frame waits for little
more than one piece here, and for what the carrier has already: the shell hands on no more while
that has ``AHEAD`` bytes that are not sent.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.config.quantities import KIB
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.link_pieces import LAST, MORE, PIECE
from peerpigeon.core.wire.hub_codec import BATCH_LIMIT, batch, encode
from peerpigeon.core.wire.hub_frames import SIGNALS, Bye, Hello, Proof, Routed, Segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.wire.hub_frames import Frame

AHEAD = 64 * KIB
"""Bytes that a carrier may have and not have sent: nothing can be put before them any more."""

_Name: TypeAlias = tuple[PeerId, int, PeerId, int, int]
"""Of a signal's segment: source, its incarnation, destination, epoch and sequence."""


def is_urgent(frame: Frame, size: int) -> bool:
    """Tell whether a frame, of ``size`` bytes, goes before those that are not."""
    if size > PIECE:
        return False
    if isinstance(frame, Routed):  # as most are
        body = frame.body
        return not isinstance(body, Segment) or body.lane != SIGNALS
    return not isinstance(frame, Bye)


def _name_of(frame: Frame) -> _Name | None:
    if isinstance(frame, Routed) and isinstance(body := frame.body, Segment):
        source, destination = frame.source, frame.destination
        return source, frame.source_incarnation, destination, body.epoch, body.sequence
    return None


class LinkOutbox:
    """What waits at one end of a link.

    Of either kind at most ``limit`` bytes wait, the option ``max_link_outbox_size``. A frame beyond
    is dropped as a whole, and the hub is not told: the streams send again what matters, adverts are
    compared, and a link that carries nothing more is ended by its heartbeats. An empty outbox takes
    any frame, as one larger than the limit would never be sent otherwise.
    """

    __slots__ = (
        "_bulk", "_bulk_size", "_cut", "_cut_at", "_cut_name", "_greetings", "_has_room", "_limit",
        "_named", "_urgent", "_urgent_size",
    )  # fmt: skip

    def __init__(self, limit: int, has_room: Callable[[int], bool] | None = None) -> None:
        self._limit = limit
        self._has_room = has_room or _is_unlimited
        self._greetings: deque[bytes] = deque()
        self._urgent: deque[bytes] = deque()
        self._urgent_size = 0
        self._bulk: deque[tuple[bytes, _Name | None]] = deque()
        self._bulk_size = 0  # with what is left of the message that is being cut up
        self._named: set[_Name] = set()
        self._cut = b""  # the message that is being cut up, from _cut_at on
        self._cut_at = 0
        self._cut_name: _Name | None = None

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return sum(map(len, self._greetings)) + self._urgent_size + self._bulk_size

    def add(self, frame: Frame, ahead: float) -> bool:
        """Take a frame; return whether there was room.

        ``ahead``: bytes that the carrier has and has not sent. A large segment that waits here
        already is not taken twice: it is sent again because it takes so long, and sending it twice
        would take longer still.
        """
        data = encode(frame)
        size = len(data)
        if is_urgent(frame, size):
            if not _has_room(self._urgent_size, size, self._limit):
                return False
            if isinstance(frame, Hello | Proof):
                self._greetings.append(data)
                return True
            self._urgent.append(data)
            self._urgent_size += size
            return True
        name = _name_of(frame) if size > PIECE else None
        if name is not None and name in self._named:
            return True
        if not _has_room(self._bulk_size + ahead, size, self._limit):
            return False
        if self._bulk_size and not self._has_room(size):
            return False
        if name is not None:
            self._named.add(name)
        self._bulk.append((data, name))
        self._bulk_size += size
        return True

    def next(self) -> bytes | None:
        """Take out the next message for the carrier; ``None`` if nothing waits."""
        if self._greetings:
            return batch([self._greetings.popleft()])
        frames: list[bytes] = []
        size = 0
        urgent, bulk = self._urgent, self._bulk
        while urgent and size < PIECE and len(frames) < BATCH_LIMIT:
            frame = urgent.popleft()
            frames.append(frame)
            size += len(frame)
        self._urgent_size -= size
        if not self._cut:
            while bulk and size < PIECE and len(frames) < BATCH_LIMIT:
                frame = bulk[0][0]
                if len(frame) > PIECE:
                    break
                bulk.popleft()
                frames.append(frame)
                size += len(frame)
                self._bulk_size -= len(frame)
        if frames:
            return batch(frames)
        return self._piece() if self._cut or bulk else None

    def _piece(self) -> bytes:
        if not self._cut:
            frame, self._cut_name = self._bulk.popleft()
            self._cut, self._cut_at = batch([frame]), 0
            self._bulk_size += len(self._cut) - len(frame)
        start, end = self._cut_at, self._cut_at + PIECE - len(MORE)
        piece = self._cut[start:end]
        self._bulk_size -= len(piece)
        if end < len(self._cut):
            self._cut_at = end
            return MORE + piece
        self._cut = b""
        if self._cut_name is not None:
            self._named.discard(self._cut_name)
        return LAST + piece


def _is_unlimited(size: int) -> bool:
    del size
    return True


def _has_room(waiting: float, size: int, limit: int) -> bool:
    return not waiting or waiting + size <= limit
