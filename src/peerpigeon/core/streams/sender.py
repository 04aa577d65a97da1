"""The source's end of one stream of news.

The source numbers its news and keeps each piece until it is acknowledged or given up; ``floor``, in
every segment, is the lowest number that it still keeps, so that the destination never waits for
what will not come. Below ``floor`` nothing is delivered any more: the source has seen it
acknowledged or has reported it as failed.

How often is it sent again? When the timer of RFC 6298 runs out, or the route changes, the ``burst``
oldest segments go again; each acknowledgement lets up to twice as many follow as it covered. A dead
route thus costs one burst a time-out, however much waits for it, and a route that works again is
filled quickly. A segment is sent again at most once for each time-out or change.

Signals that find the window full (``window.py``) wait here, each client's in its turn
(``fair_queue.py``), and are numbered as they leave.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import dropwhile
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from peerpigeon.core.streams.fair_queue import FairQueue
from peerpigeon.core.streams.limits import Share
from peerpigeon.core.streams.round_trip import RoundTrip
from peerpigeon.core.streams.window import Window
from peerpigeon.core.wire.hub_frames import SIGNALS, Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from peerpigeon.core.counts import Histogram
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.shares import Shares
    from peerpigeon.core.streams.fair_queue import Queued
    from peerpigeon.core.streams.limits import StreamLimits
    from peerpigeon.core.wire.hub_news import News


class _Pending(NamedTuple):
    news: News
    size: int
    expires_at: float
    """``inf`` for control news."""


class Sender:
    """The source's end of one stream."""

    __slots__ = (
        "_cursor", "_expiry", "_limits", "_recover", "_renewed_at", "_rerouted_at", "_resent_at",
        "_round_trips", "_trip", "_used_at", "alarm", "control", "epoch", "floor", "hub",
        "incarnation", "lane", "next", "number", "pending", "queue", "resend_at", "signals",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913
        self,
        hub: PeerId,
        incarnation: int,
        epoch: int,
        limits: StreamLimits,
        now: float,
        *,
        lane: int = SIGNALS,
        round_trips: Histogram,
    ) -> None:
        """``round_trips``: where those of all streams are counted."""
        self.hub = hub
        self._round_trips = round_trips
        self.incarnation = incarnation
        self.epoch = epoch
        self.lane = lane
        self.number = 0
        """Names it among those of one hub; its epoch may change."""
        self._limits = limits
        self.next = 0
        # The lowest number that is pending; ``next`` if nothing is.
        self.floor = 0
        self.pending: dict[int, _Pending] = {}  # in the order of the numbers
        self.signals = Window(limits)
        # What waits for the window; None if nothing does, as most often. Something is pending then.
        self.queue: FairQueue | None = None
        self.control = Share(limits.control, limits.control_bytes)
        self._expiry: list[tuple[float, int]] = []  # a heap; what is not pending is skipped
        self._trip = RoundTrip(limits.min_rto, limits.max_rto, limits.min_rto)
        # From _cursor up to _recover is what is still to be sent again as acknowledgements come.
        self._cursor = 0
        self._recover = 0
        self._resent_at = now
        self._rerouted_at = self._renewed_at = -inf
        self._used_at = now
        self.resend_at = inf
        self.alarm = inf

    @property
    def size(self) -> int:
        """About how many bytes are kept."""
        waiting = 0 if self.queue is None else self.queue.size
        return self.signals.size + self.control.size + waiting

    def push(self, news: News, size: int, expires_at: float, now: float) -> Segment:
        """Keep a piece of news until it is acknowledged, and return it numbered."""
        sequence = self.next
        self.next = sequence + 1
        self.pending[sequence] = _Pending(news, size, expires_at)
        share = self.control if expires_at == inf else self.signals
        share.count += 1
        share.size += size
        if expires_at != inf:
            self._note_expiry(expires_at, sequence)
        if self.resend_at == inf:
            self.resend_at = now + self._trip.rto
        # Behind a gap an acknowledgement measures the gap, not the way.
        if self._trip.timed is None and self._recover <= self.floor:
            self._trip.timed, self._trip.timed_at = sequence, now
        self._used_at = now
        return Segment(self.epoch, sequence, self.floor, news, self.lane)

    def wait(self, item: Queued, everywhere: Shares[Hashable]) -> bool:
        """Let a signal wait for the window; return whether there is room for one of its flow.

        ``everywhere``: what waits for all hubs.
        """
        limits = self._limits
        queue = self.queue or FairQueue(limits.queued, limits.queued_bytes, everywhere)
        self.signals.refuse()
        if not queue.add(item):
            return False
        self.queue = queue
        return True

    def release(self, queue: FairQueue, now: float) -> tuple[list[Segment], list[News]]:
        """Number what waits and has room now; return it, and what has waited for too long.

        The latter could still arrive, but not be acknowledged, within its lifetime.
        """
        late = queue.expire(now, self._answer_time())
        segments: list[Segment] = []
        while (item := queue.first()) is not None and self.signals.has_room(item.size):
            queue.pop()
            segments.append(self.push(item.news, item.size, item.expires_at, now))
        if not queue:
            self.queue = None
        return segments, late

    def _answer_time(self) -> float:
        """Return how long before its lifetime ends a signal is not sent any more."""
        return self._limits.answer_time + self._trip.latest

    def unsent(self) -> list[News]:
        """Return the signals that are not acknowledged, in the order in which they came."""
        signals = [item.news for item in self.pending.values() if item.expires_at < inf]
        return signals if self.queue is None else signals + self.queue.news()

    def _note_expiry(self, expires_at: float, sequence: int) -> None:
        heappush(self._expiry, (expires_at, sequence))
        if len(self._expiry) > 2 * self.signals.count + 64:
            self._expiry = [entry for entry in self._expiry if entry[1] in self.pending]
            heapify(self._expiry)

    def _remove(self, sequence: int) -> _Pending | None:
        item = self.pending.pop(sequence, None)
        if item is not None:
            share = self.control if item.expires_at == inf else self.signals
            share.count -= 1
            share.size -= item.size
        return item

    def renew(self, renewed: Callable[[News], News]) -> None:
        """Have what is pending say what ``renewed`` makes of it."""
        for number, item in self.pending.items():
            self.pending[number] = item._replace(news=renewed(item.news))
        if self.queue is not None:
            self.queue.renew(renewed)

    def acknowledge(self, next_sequence: int, now: float) -> list[Segment]:
        """Drop all below a number above ``floor``; return what to send again now."""
        covered = next_sequence - self.floor
        for sequence in range(self.floor, next_sequence):
            self._remove(sequence)
        trip = self._trip
        if trip.timed is not None and trip.timed < next_sequence:
            self._round_trips.observe(now - trip.timed_at)
            trip.measure(now - trip.timed_at)
            self.signals.measure(now - trip.timed_at)
        self.floor = next_sequence
        self._skip()
        self.resend_at = now + trip.rto if self.pending else inf
        segments: list[Segment] = []
        if self._recover > self.floor:
            count = max(self._limits.burst, 2 * covered)
            segments = self._batch(min(self._limits.max_burst, count), now)
        if not segments and self.floor > next_sequence:
            # The destination waits for what was given up here: one segment tells it so.
            self._cursor, self._recover = self.floor, self.floor + 1
            segments = self._batch(1, now)
        return segments

    def _skip(self) -> None:
        while self.floor < self.next and self.floor not in self.pending:
            self.floor += 1

    def _batch(self, count: int, now: float) -> list[Segment]:
        segments: list[Segment] = []
        size = 0
        answered_by = now + self._limits.answer_time
        for sequence in dropwhile(self._cursor.__gt__, self.pending):
            if sequence >= self._recover or len(segments) == count:
                break
            item = self.pending[sequence]
            if item.expires_at < answered_by:
                continue
            size += item.size
            if segments and size > self._limits.burst_bytes:
                break
            segments.append(Segment(self.epoch, sequence, self.floor, item.news, self.lane))
            self._cursor = sequence + 1
        if segments:
            self._trip.timed = None  # Karn: whose acknowledgement comes, nobody could tell
            self._resent_at = now
        return segments

    def _start_again(self, now: float) -> list[Segment]:
        self._cursor, self._recover = self.floor, self.next
        self.resend_at = now + self._trip.rto
        return self._batch(self._limits.burst, now)

    def lose_patience(self, now: float) -> list[Segment]:
        """Return what to send again because no acknowledgement came in time."""
        if self.resend_at > now:
            return []
        self._trip.back_off()
        return self._start_again(now)

    def reroute(self, now: float) -> list[Segment]:
        """Return what to send again because what was sent may be lost with its route."""
        self._trip.restore()
        self.signals.rerouted()
        again_at = self._rerouted_at + self._limits.reroute_gap
        if now < again_at:
            self.resend_at = min(self.resend_at, again_at)
            return []
        self._rerouted_at = now
        return self._start_again(now)

    def begin_anew(self, epoch: int, now: float) -> list[Segment]:
        """Number all that is pending anew, in another epoch; return what to send again at once.

        Somebody has told the destination of an epoch or of numbers that are not ours. Not too
        often, for whoever says so may be a liar itself.
        """
        if now < self._renewed_at + self._limits.renewal_gap:
            return []
        self._renewed_at = now
        self.epoch = epoch
        self.pending = dict(enumerate(self.pending.values()))
        self.floor, self.next = 0, len(self.pending)
        expiries = ((item.expires_at, number) for number, item in self.pending.items())
        self._expiry = sorted(expiry for expiry in expiries if expiry[0] != inf)
        self._trip.timed = None
        return self._start_again(now) if self.pending else []

    def expire(self, now: float) -> list[News]:
        """Give up and return the signals whose lifetime is over, and with them those nearly so.

        What was sent behind a signal that is given up waits at the destination until it hears of
        that. It would be delivered then, when it is too late to learn of it.
        """
        late: list[News] = []
        until = now
        while self._expiry and self._expiry[0][0] <= until:
            item = self._remove(heappop(self._expiry)[1])
            if item is not None:
                late.append(item.news)
                until = now + self._limits.answer_time
        if late:
            self._close_gaps(now)
        return late

    def give_up_control(self, now: float) -> list[News]:
        """Give up and return all control news."""
        chosen = [number for number, item in self.pending.items() if item.expires_at == inf]
        dropped = [self.pending[number].news for number in chosen]
        for number in chosen:
            self._remove(number)
        self._close_gaps(now)
        return dropped

    def _close_gaps(self, now: float) -> None:
        before = self.floor
        self._skip()
        if self._trip.timed not in self.pending:
            self._trip.timed = None
        if not self.pending:
            self.resend_at = inf
        elif self.floor > before:
            # The destination may wait for what was given up; tell it, but not on every failure.
            self.resend_at = min(self.resend_at, max(now, self._resent_at + self._trip.low))

    def due(self) -> float:
        """Return when to look at this stream again."""
        if not self.pending:
            return self._used_at + self._limits.idle
        while self._expiry and self._expiry[0][1] not in self.pending:
            heappop(self._expiry)
        due = min(self.resend_at, self._expiry[0][0] if self._expiry else inf)
        if self.queue is None:
            return due
        return min(due, self.queue.deadline() - self._answer_time())

    def is_idle(self, now: float) -> bool:
        """Tell whether the stream has had no use for long."""
        return not self.pending and now >= self._used_at + self._limits.idle
