"""The destination's end of one stream: what comes is put in order and acknowledged."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_frames import Ack
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.ranges import is_later, is_later_life

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.streams.limits import StreamLimits
    from peerpigeon.core.wire.hub_frames import Segment
    from peerpigeon.core.wire.hub_news import News


LAST_NUMBER = 2**62
"""Of a segment. Nobody comes so far."""


class Receiver:
    """The destination's end of one stream."""

    __slots__ = (
        "_answered", "_answered_at", "_is_out_of_row", "_limits", "_waiting",
        "epoch", "incarnation", "lane", "next", "size",
    )  # fmt: skip

    def __init__(self, incarnation: int, first: Segment, limits: StreamLimits) -> None:
        self.incarnation = incarnation
        self.epoch, self.lane = first.epoch, first.lane
        self.next = floor = first.floor
        self._limits = limits
        self._waiting: dict[int, News] = {}  # came before its turn
        self.size = 0
        """Bytes of what waits for its turn."""
        self._is_out_of_row = False
        self._answered = floor
        self._answered_at = -inf

    def is_outdated(self, incarnation: int, known: int) -> bool:
        """Tell whether the source goes on under this other incarnation: the ``known``, or a later.

        This one may have been made up, and seem later than what the source has by now.
        """
        return incarnation == known or is_later_life(incarnation, self.incarnation)

    def is_replaced_by(self, incarnation: int, epoch: int, known: int) -> bool:
        """Tell whether a segment of another stream belongs to a later one, not to an earlier."""
        if incarnation != self.incarnation:
            return self.is_outdated(incarnation, known)
        return is_later(epoch, self.epoch)

    def take(self, segment: Segment) -> list[News]:
        """Return the news whose turn has come with a segment."""
        most = min(self.next + self._limits.jump, LAST_NUMBER)
        if max(segment.floor, segment.sequence) > most:
            return []
        if segment.floor > self.next:
            self._advance(segment.floor)
        self._is_out_of_row = segment.sequence != self.next or bool(self._waiting)
        if not self._is_out_of_row:
            self.next += 1
            return [segment.news]
        if self._is_wanted(segment):
            self._waiting[segment.sequence] = segment.news
            self.size += size_of(segment.news)
        return self._drain()

    def drop_waiting(self) -> None:
        """Throw away what has come before its turn; its source sends it again."""
        self._waiting.clear()
        self.size = 0

    def _is_wanted(self, segment: Segment) -> bool:
        ahead = segment.sequence - self.next
        if ahead < 0 or segment.sequence in self._waiting:
            return False
        limits = self._limits
        return ahead == 0 or (
            len(self._waiting) < limits.signals + limits.control
            and self.size + size_of(segment.news) <= limits.signal_bytes + limits.control_bytes
        )

    def _drain(self) -> list[News]:
        ready: list[News] = []
        while self.next in self._waiting:
            ready.append(self._pop(self.next))
            self.next += 1
        return ready

    def _pop(self, sequence: int) -> News:
        news = self._waiting.pop(sequence)
        self.size -= size_of(news)
        return news

    def _advance(self, floor: int) -> None:
        # What waits below the floor has been reported as failed, or was delivered long ago.
        numbers: Iterable[int] = range(self.next, floor)
        if floor - self.next > len(self._waiting):
            numbers = list(self._waiting)
        for number in numbers:
            if number < floor and number in self._waiting:
                self._pop(number)
        self.next = floor

    def may_repeat(self, now: float) -> bool:
        """Tell whether to say once more where this stream stands."""
        return now >= self._answered_at + self._limits.ack_delay

    def is_silent(self, now: float) -> bool:
        """Tell whether nothing can come again of what was taken; all of it is acknowledged."""
        return now >= self._answered_at + self._limits.silence

    def wants_to_answer(self, now: float) -> bool:
        """Tell whether the segment just taken is to be acknowledged without delay."""
        if self._is_out_of_row and self.may_repeat(now):
            return True
        progress = self.next - self._answered
        return progress >= self._limits.ack_every or (self._is_out_of_row and progress > 0)

    def answer(self, now: float) -> Ack:
        """Return the acknowledgement of all that was taken."""
        self._answered, self._answered_at = self.next, now
        return Ack(self.epoch, self.next, self.lane)
