"""What waits to be sent over a link: in which order it leaves, in which messages, what is dropped.

``Hello`` and ``Proof`` go before all others, each in a message of its own: the other end takes
small messages only until it has read them.

What this hub cannot read and passes on goes in messages of its own too, and every other one while
there is something else: how deep it is nested shows only where it is read, and the other end may
then not be able to take apart the message that it comes in.

Urgent frames go first: all that is small but signals, ``Bye`` excepted, which is the last word of a
link. Everything else is bulk. When a crowd comes, hubs have megabytes of small news for each other;
so what is urgent may fill every other message alone, and no more. Of either kind the streams
between hubs have turns (``FrameQueue``), signals and control news of one hub too, and the frames of
each keep their order. Small control news goes behind large one of the same hub, as the other end
can do nothing with it before. A bulk frame that is larger than
``PIECE`` is cut up, and urgent frames, and small ones of other streams, go between its pieces. One
is cut up at a time, in the order in which they came: each of them gets there sooner than if all had
turns. So an urgent frame waits for little more than one piece here, and for what the carrier has
already: the shell hands on no more while that has ``AHEAD`` bytes that are not sent.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.config.quantities import KIB
from peerpigeon.core.interface.frame_queue import FrameQueue
from peerpigeon.core.interface.link_pieces import LAST, MORE, PIECE
from peerpigeon.core.wire.hub_codec import batch, encode
from peerpigeon.core.wire.hub_frames import (
    CONTROL,
    SIGNALS,
    Bye,
    Hello,
    Proof,
    Routed,
    Sealed,
    Segment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.frame_queue import Way
    from peerpigeon.core.wire.hub_frames import Frame

AHEAD = 64 * KIB
"""Bytes that a carrier may have and not have sent: nothing can be put before them any more."""


_Name: TypeAlias = "tuple[PeerId, int, PeerId, int, int]"
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

    Of either kind at most ``limit`` bytes of each stream wait, the option ``max_link_outbox_size``,
    and less than twice that of all. A frame beyond is dropped as a whole, and the hub is not told:
    the streams send again what matters, adverts are compared, and a link that carries nothing more
    is ended by its heartbeats. An empty outbox takes any frame, as one larger than the limit would
    never be sent otherwise.
    """

    __slots__ = (
        "_bulk", "_cut", "_cut_at", "_greetings", "_is_bulks_turn", "_is_sealeds_turn", "_large",
        "_last", "_named", "_sealed", "_urgent",
    )  # fmt: skip

    def __init__(self, limit: int, has_room: Callable[[int], bool] | None = None) -> None:
        """``has_room``: whether all links together may keep so many bytes more of bulk."""
        self._greetings: list[bytes] = []
        self._urgent = FrameQueue(limit)
        self._sealed = FrameQueue(limit)
        self._is_sealeds_turn = False
        self._is_bulks_turn = False
        self._bulk = FrameQueue(limit, has_room)
        self._last: list[bytes] = []
        self._large: deque[tuple[Way, _Name | None]] = deque()  # in the order in which they came
        self._named: set[_Name | None] = set()
        self._cut = b""  # the message that is being cut up, from _cut_at on
        self._cut_at = 0

    @property
    def size(self) -> int:
        """How many bytes wait."""
        apart = sum(map(len, self._greetings)) + sum(map(len, self._last))
        return apart + self._urgent.size + self._sealed.size + self._bulk.size - self._cut_at

    def add(self, frame: Frame, ahead: float) -> bool:
        """Take a frame; return whether there was room.

        ``ahead``: bytes that the carrier has and has not sent. A large segment that waits here
        already is not taken twice: it is sent again because it takes so long, and sending it twice
        would take longer still.
        """
        data = encode(frame)
        size = len(data)
        way: Way = None
        is_behind = False  # large news of its own stream
        if isinstance(frame, Routed):  # as most are
            body = frame.body
            lane = body.lane if isinstance(body, Segment) else CONTROL
            way = frame.source, frame.destination, lane
            is_behind = lane == CONTROL and isinstance(body, Segment) and self._bulk.holds(way)
        elif isinstance(frame, Sealed):
            way = frame.source, frame.destination, SIGNALS
        elif isinstance(frame, Hello | Proof | Bye):  # each is said once
            (self._last if isinstance(frame, Bye) else self._greetings).append(data)
            return True
        if not is_behind and is_urgent(frame, size):
            queue = self._sealed if isinstance(frame, Sealed) else self._urgent
            return queue.add(way, data, 0.0)
        if size > PIECE:
            return self._add_large(frame, data, way, ahead)
        return self._bulk.add(way, data, ahead)

    def _add_large(self, frame: Frame, data: bytes, way: Way, ahead: float) -> bool:
        name = _name_of(frame)
        if name in self._named:
            return True
        if not self._bulk.add(way, data, ahead):
            return False
        self._large.append((way, name))
        if name is not None:
            self._named.add(name)
        return True

    def next(self) -> bytes | None:
        """Take out the next message for the carrier; ``None`` if nothing waits."""
        if self._greetings:
            return batch([self._greetings.pop(0)])
        if self._sealed.size:
            self._is_sealeds_turn = not self._is_sealeds_turn
            if self._is_sealeds_turn or not (self._urgent.size or self._bulk.size):
                return self._next_sealed()
        frames: list[bytes] = []
        urgent, bulk = self._urgent, self._bulk
        is_bulks_turn = self._is_bulks_turn and bulk.size
        size = urgent.fill(frames, 0) if urgent.size and not is_bulks_turn else 0
        self._is_bulks_turn = size >= PIECE  # as nothing else fits into this one
        if bulk.size:
            size = bulk.fill(frames, size)
            while size < PIECE and bulk.size and bulk.way != self._large[0][0]:
                bulk.pass_turn()  # it is large as well, and another one came before
                size = bulk.fill(frames, size)
            if not frames:
                return self._piece()
        if self._last and not (urgent.size or bulk.size or self._sealed.size):
            frames += self._last
            self._last.clear()
        return batch(frames) if frames else None

    def _next_sealed(self) -> bytes:
        frame = self._sealed.first()
        self._sealed.pop()
        return batch([frame])

    def _piece(self) -> bytes:
        bulk = self._bulk
        if not self._cut:
            self._cut, self._cut_at = batch([bulk.first()]), 0
        start, end = self._cut_at, self._cut_at + PIECE - len(MORE)
        piece = self._cut[start:end]
        if end < len(self._cut):
            self._cut_at = end
            bulk.pass_turn()
            return MORE + piece
        self._cut, self._cut_at = b"", 0
        bulk.pop()
        self._named.discard(self._large.popleft()[1])
        return LAST + piece
