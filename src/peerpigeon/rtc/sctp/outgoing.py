"""What is to be sent, what is under way, and what of it is lost (RFC 9260, sections 6 and 7)."""

from __future__ import annotations

from collections import deque

from peerpigeon.rtc.interface import STREAM
from peerpigeon.rtc.sctp.chunks import (
    BINARY,
    BINARY_EMPTY,
    DATA,
    DATA_HEAD,
    DATA_SIZE,
    FIRST,
    GAP,
    HEADER_SIZE,
    LAST,
)
from peerpigeon.rtc.sctp.congestion import Congestion
from peerpigeon.rtc.sctp.round_trip import RoundTrip

SACK_SIZE = 16
"""Bytes that fragments leave in their packet for an acknowledgement without gaps."""
MISSING = 3
"""Packets of later data that make a chunk count as lost (RFC 9260, section 7.2.4)."""

_MODULUS, _HALF = 1 << 32, 1 << 31


class _Fragment:
    """One DATA chunk, from when it waits until it is acknowledged."""

    __slots__ = (
        "after",
        "chunk",
        "is_acknowledged",
        "is_lost",
        "missing",
        "payload",
        "sent",
        "tsn",
    )

    def __init__(self, tsn: int, chunk: bytes, payload: int) -> None:
        self.tsn = tsn
        self.chunk = chunk
        self.payload = payload
        self.sent: float | None = None  # when, if it was sent once only
        self.missing = 0  # packets that have overtaken it
        self.after = tsn  # the first TSN that was sent after it
        self.is_acknowledged = False  # beyond a gap
        self.is_lost = False  # and is to be sent again


class Outgoing:
    """The sending half of an association."""

    def __init__(self, first: int, mtu: int) -> None:
        self.congestion = Congestion(mtu)
        self.round_trip = RoundTrip()
        self.timer: float | None = None
        """When what is under way counts as lost (T3-rtx)."""
        self.failures = 0
        """How often that has happened since something was acknowledged."""
        self.waiting_size = 0
        """Bytes of messages that were not sent yet."""
        self._next = first
        self._sequence = 0
        self._waiting: deque[_Fragment] = deque()
        self._under_way: deque[_Fragment] = deque()
        self._flight = 0  # bytes of chunks under way that count
        self._lost = 0  # chunks that are to be sent again
        self._their_window = 0
        self._is_shut = False  # the other end's window
        self._is_fast = False  # one packet goes out whatever the window is

    @property
    def is_empty(self) -> bool:
        """Whether all has been acknowledged."""
        return not self._waiting and not self._under_way

    def allow(self, window: int) -> None:
        """Take how much the other end has room for."""
        self._their_window = window

    def add(self, message: bytes, protocol: int = BINARY) -> None:
        """Take a message to be sent."""
        room = self.congestion.mtu - HEADER_SIZE - SACK_SIZE - DATA_SIZE
        payload = message
        if not message:
            payload, protocol = b"\0", BINARY_EMPTY  # RFC 8831, section 6.6
        size = len(payload)
        sequence, self._sequence = self._sequence, (self._sequence + 1) & 0xFFFF
        tsn = self._next
        for start in range(0, size, room):
            part = payload[start : start + room] if size > room else payload
            length = len(part)
            flags = (FIRST if start == 0 else 0) | (LAST if start + room >= size else 0)
            head = DATA_HEAD.pack(DATA, flags, DATA_SIZE + length, tsn, STREAM, sequence, protocol)
            chunk = b"".join((head, part, b"\0\0\0"[: -length % 4]))
            self._waiting.append(_Fragment(tsn, chunk, length))
            tsn = (tsn + 1) % _MODULUS
        self._next = tsn
        self.waiting_size += size

    def next_chunks(self, room: int, now: float) -> list[bytes]:
        """Return the chunks for a packet that has so much room left; none if none may go."""
        chunks: list[bytes] = []
        if self._lost:
            self._send_again(chunks, room, now)
            if self._lost:
                return chunks
            room -= sum(len(chunk) for chunk in chunks)
        waiting = self._waiting
        while waiting:
            fragment = waiting[0]
            size = len(fragment.chunk)
            if size > room or not self._may_send(size):
                break
            waiting.popleft()
            room -= size
            self.waiting_size -= fragment.payload
            fragment.sent = now
            self._under_way.append(fragment)
            self._flight += size
            self._their_window -= size
            chunks.append(fragment.chunk)
        if chunks and self.timer is None:
            self.timer = now + self.round_trip.timeout
        return chunks

    def acknowledge(self, cumulative: int, window: int, gaps: bytes, now: float) -> bool:
        """Take an acknowledgement; tell whether it is of something that was sent."""
        under_way = self._under_way
        first = under_way[0].tsn if under_way else self.next_tsn
        ahead = (cumulative - first + 1) % _MODULUS
        if ahead >= _HALF:
            return True  # an old one
        if ahead > len(under_way):
            return False
        congestion = self.congestion
        was_full = self._flight + congestion.mtu > congestion.window
        newly = 0
        sample: float | None = None
        for _ in range(ahead):
            fragment = under_way.popleft()
            if not fragment.is_acknowledged:
                newly += self._count(fragment)
                sample = fragment.sent
        is_further = ahead > 0
        if gaps:
            newly += self._take_gaps(cumulative, gaps)
        congestion.recovered(cumulative)
        if sample is not None:
            self.round_trip.measure(now - sample, now)
        self._take_window(window, is_further=is_further)
        if is_further:
            self.failures = 0
            if was_full:
                congestion.acknowledged(newly, self.round_trip.shortest)
            self.timer = now + self.round_trip.timeout if under_way else None
        return True

    def _take_window(self, window: int, *, is_further: bool) -> None:
        if window == 0:
            self.failures = 0  # who says that nothing may be sent is there (section 6.1, rule A)
        elif self._is_shut and not is_further:
            self._lose_all()  # what was sent to ask after the window was thrown away
        self._is_shut = window == 0
        self._their_window = max(0, window - self._flight)

    def expire(self) -> None:
        """Take all that is under way as lost (RFC 9260, section 6.3.3)."""
        self.failures += 1
        self.timer = None
        self.round_trip.back_off()
        self.congestion.expired()
        self._lose_all()
        self._is_fast = True  # a window of the other end that is shut is asked after like this

    def _lose_all(self) -> None:
        for fragment in self._under_way:
            # What had come beyond a gap may have been thrown away since (section 6.2.1).
            if fragment.is_acknowledged:
                fragment.is_acknowledged = False
                self._flight += len(fragment.chunk)
            if not fragment.is_lost:
                self._lose(fragment)

    @property
    def next_tsn(self) -> int:
        """The TSN of what will be sent next."""
        return self._waiting[0].tsn if self._waiting else self._next

    def _may_send(self, size: int) -> bool:
        if self._flight == 0:
            return True  # one may always be under way, to learn of a window that opens
        return self._flight + size <= self.congestion.window and size <= self._their_window

    def _send_again(self, chunks: list[bytes], room: int, now: float) -> None:
        for fragment in self._under_way:
            if not fragment.is_lost:
                continue
            size = len(fragment.chunk)
            if size > room or not (self._is_fast or self._flight + size <= self.congestion.window):
                break
            fragment.is_lost = False
            fragment.sent = None
            fragment.missing = 0
            fragment.after = self.next_tsn
            self._lost -= 1
            self._flight += size
            self._their_window -= size
            room -= size
            chunks.append(fragment.chunk)
            if fragment is self._under_way[0]:
                self.timer = now + self.round_trip.timeout
            if not self._lost:
                break
        self._is_fast = False

    def _count(self, fragment: _Fragment) -> int:
        """Take a fragment out of what is under way; return its size."""
        if fragment.is_lost:
            fragment.is_lost = False
            self._lost -= 1
            return 0
        size = len(fragment.chunk)
        self._flight -= size
        return size

    def _take_gaps(self, cumulative: int, gaps: bytes) -> int:
        """See what came beyond gaps, and what lies in them; return how much came now."""
        runs = [GAP.unpack_from(gaps, at) for at in range(0, len(gaps), 4)]
        ranges = iter(runs)
        start, end = next(ranges, (0, 0))
        newly = 0
        highest = 0  # of those acknowledged now, as distance
        for fragment in self._under_way:
            ahead = (fragment.tsn - cumulative) % _MODULUS
            while ahead > end > 0:
                start, end = next(ranges, (0, 0))
            if not end:
                break
            if ahead >= start and not fragment.is_acknowledged:
                fragment.is_acknowledged = True
                newly += self._count(fragment)
                highest = ahead
        if highest:
            self._note_missing(cumulative, highest, max(1, newly // self.congestion.mtu))
        return newly

    def _note_missing(self, cumulative: int, highest: int, packets: int) -> None:
        """Count one more time what so many packets have overtaken.

        An acknowledgement is of all packets of a turn, so it counts for as many (as RFC 6675,
        section 4, counts what is acknowledged, not the acknowledgements).
        """
        for fragment in self._under_way:
            if (fragment.tsn - cumulative) % _MODULUS >= highest:
                return
            if fragment.is_acknowledged or fragment.is_lost:
                continue
            if (cumulative + highest - fragment.after) % _MODULUS >= _HALF:
                continue  # it was sent again since
            fragment.missing += packets if fragment.sent is not None else 1
            if fragment.missing >= MISSING:
                self._lose(fragment)
                self._is_fast = self.congestion.lost(self._under_way[-1].tsn) or self._is_fast

    def _lose(self, fragment: _Fragment) -> None:
        fragment.is_lost = True
        # If it had come and only its acknowledgement was lost, the next one that tells of it is no
        # measure of a round trip: it is late by all the time that was waited (section 6.3.1, C5).
        fragment.sent = None
        self._lost += 1
        self._flight -= len(fragment.chunk)
