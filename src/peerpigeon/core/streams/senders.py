"""All streams that begin at one hub: which there are, and when to look at each again."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from peerpigeon.core.counts import Histogram
from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.streams.sender import Sender
from peerpigeon.core.wire.ranges import next_on_circle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.streams.limits import StreamLimits


class Senders:
    """The source's ends of the streams of one lane to all other hubs, one for each."""

    def __init__(self, limits: StreamLimits, lane: int, first_epoch: int) -> None:
        self._limits = limits
        self._lane = lane
        self._epoch = first_epoch
        self._senders: dict[PeerId, Sender] = {}  # the longest open first
        self._by_number: dict[int, Sender] = {}
        self._opened = 0
        self._alarms: TimerQueue[int] = TimerQueue()  # by number; may be early, is never late
        self.round_trips = Histogram()
        """Seconds until a piece of news was acknowledged, of one in each stream at a time."""

    def __iter__(self) -> Iterator[Sender]:
        """Go through all."""
        return iter(self._senders.values())

    @property
    def unacknowledged(self) -> int:
        """How many pieces of news are sent and not acknowledged; costs O(hubs)."""
        return sum(len(sender.pending) for sender in self)

    @property
    def queued(self) -> int:
        """How many signals wait until they may be sent; costs O(hubs)."""
        return sum(len(sender.queue) for sender in self if sender.queue is not None)

    @property
    def size(self) -> int:
        """About how many bytes are kept, to send again or until it is their turn; O(hubs)."""
        return sum(sender.size for sender in self)

    def get(self, hub: PeerId) -> Sender | None:
        """Return the stream to a hub."""
        return self._senders.get(hub)

    def surplus(self) -> Sender | None:
        """Return the one to close before another is opened, if there are too many: an idle one."""
        if len(self._senders) < self._limits.hubs:
            return None
        idle = (sender for sender in self if not sender.pending)
        return next(idle, None) or next(iter(self))

    def open(self, hub: PeerId, incarnation: int, now: float) -> Sender:
        """Begin a stream to a hub that has none."""
        self._opened += 1
        self._epoch = next_on_circle(self._epoch)
        sender = Sender(
            hub,
            incarnation,
            self._epoch,
            self._limits,
            now,
            lane=self._lane,
            round_trips=self.round_trips,
        )
        sender.number = self._opened
        self._senders[hub] = self._by_number[sender.number] = sender
        return sender

    def close(self, sender: Sender) -> None:
        """Send no more of a stream."""
        del self._senders[sender.hub]
        del self._by_number[sender.number]
        self._alarms.drop(sender.number)
        if sender.queue is not None:
            sender.queue.close()

    # Time

    def arm(self, sender: Sender, when: float) -> None:
        """Have ``due`` return a stream at a time, if it is not looked at before."""
        # Only ever earlier: a message costs no alarm of its own, an early alarm looks again.
        if when < sender.alarm:
            sender.alarm = when
            self._alarms.set(sender.number, when)

    def due(self, now: float) -> list[Sender]:
        """Return the streams that are to be looked at; each is to be armed again, or closed."""
        due = [self._by_number[number] for number in self._alarms.expire(now)]
        for sender in due:
            sender.alarm = inf
        return due

    def deadline(self) -> float | None:
        """Return when ``due`` has something to say; may be earlier than anything is due."""
        return self._alarms.deadline()
