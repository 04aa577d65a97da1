"""All streams that end at one hub: what they may keep together, and what is to be acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.streams.outgoing import Outgoing
from peerpigeon.core.streams.receiver import Receiver
from peerpigeon.core.wire.ranges import is_later_life

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.streams.limits import StreamLimits
    from peerpigeon.core.wire.hub_frames import Segment
    from peerpigeon.core.wire.hub_news import News


class Receivers:
    """The destination's ends of the streams from all other hubs, one for each."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._receivers: dict[PeerId, Receiver] = {}  # the longest silent first
        self._owed: dict[PeerId, float] = {}  # when to acknowledge, in that order
        self._waiting = 0  # bytes that have come before their turn, of all sources
        self._is_draining = False

    def __len__(self) -> int:
        """Return how many hubs are remembered."""
        return len(self._receivers)

    @property
    def size(self) -> int:
        """How many bytes have come before their turn, of all sources."""
        return self._waiting

    def get(self, source: PeerId) -> Receiver | None:
        """Return the latest stream of a source."""
        return self._receivers.get(source)

    def open(self, source: PeerId, incarnation: int, first: Segment) -> Receiver:
        """Begin a stream of a source; one that it had is over."""
        if source in self._receivers:
            self._drop(source)
        if len(self._receivers) >= self._limits.hubs:
            oldest = next(iter(self._receivers))
            self._drop(oldest)
            self._owed.pop(oldest, None)
        receiver = self._receivers[source] = Receiver(incarnation, first, self._limits)
        return receiver

    def _drop(self, source: PeerId) -> None:
        self._waiting -= self._receivers.pop(source).size

    def forget(self, source: PeerId, now: float) -> None:
        """Forget a hub that is gone for good, unless what it has sent could still come again."""
        receiver = self._receivers.get(source)
        if receiver is not None and source not in self._owed and receiver.is_silent(now):
            self._drop(source)

    def disbelieve(self, source: PeerId, incarnation: int) -> None:
        """Take what came under a later incarnation than a hub has for that of an earlier one."""
        receiver = self._receivers.get(source)
        if receiver is not None and is_later_life(receiver.incarnation, incarnation):
            receiver.incarnation = incarnation - 1

    def take(
        self, source: PeerId, receiver: Receiver, segment: Segment, now: float
    ) -> tuple[list[News], list[Outgoing]]:
        """Return the news whose turn has come with a segment, and the acknowledgement to send."""
        before = receiver.size
        ready = receiver.take(segment)
        if receiver.size != before:
            self._waiting += receiver.size - before
            self._bound_waiting()
        if self._is_draining or receiver.wants_to_answer(now):
            return ready, [self._ack(source, receiver, now)]
        if source not in self._owed:
            self._owed[source] = now + self._limits.ack_delay
        return ready, []

    def _bound_waiting(self) -> None:
        """Throw away what waits of the longest silent sources while it is too much in all."""
        while self._waiting > self._limits.waiting_bytes:
            victim = next(receiver for receiver in self._receivers.values() if receiver.size)
            self._waiting -= victim.size
            victim.drop_waiting()

    # Acknowledgements

    def contest(
        self, source: PeerId, receiver: Receiver, incarnation: int, now: float
    ) -> list[Outgoing]:
        """Say which stream is the latest here: what else comes is late, or that one is a lie."""
        if incarnation != receiver.incarnation or not receiver.may_repeat(now):
            return []
        return [self._ack(source, receiver, now)]

    def _ack(self, source: PeerId, receiver: Receiver, now: float) -> Outgoing:
        self._owed.pop(source, None)
        # Re-inserted, so that the longest silent hub stays first.
        del self._receivers[source]
        self._receivers[source] = receiver
        return Outgoing(source, receiver.incarnation, receiver.answer(now))

    def drain(self, now: float) -> list[Outgoing]:
        """Return all acknowledgements that are owed; from now on each is due at once."""
        self._is_draining = True
        return [self._ack(source, self._receivers[source], now) for source in list(self._owed)]

    def expire(self, now: float) -> list[Outgoing]:
        """Return the acknowledgements that are due."""
        outgoing: list[Outgoing] = []
        while self._owed:
            source, due = next(iter(self._owed.items()))
            if due > now:
                break
            outgoing.append(self._ack(source, self._receivers[source], now))
        return outgoing

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to say."""
        return next(iter(self._owed.values()), None)
