"""What has come: which TSNs, in which order, and the messages made of them."""

from __future__ import annotations

from struct import Struct

from peerpigeon.core.config import KIB
from peerpigeon.rtc.interface import MAX_MESSAGE, STREAM
from peerpigeon.rtc.sctp.chunks import FIRST, GAP, LAST, SACK, SACK_BODY, WORD, chunk

WINDOW = 1024 * KIB
"""Bytes that are taken beyond a gap; all else is handed on at once (RFC 9260, section 6.2)."""
MAX_GAPS = 128
"""Gaps told of in one acknowledgement, so that it fits into a packet beside a message."""
MAX_DUPLICATES = 16

_HEAD = Struct("!LHHL")  # TSN, stream, sequence number, protocol
_HEAD_SIZE = 12
_MODULUS, _HALF = 1 << 32, 1 << 31
_TEXT, _BINARY, _TEXT_EMPTY, _BINARY_EMPTY = 51, 53, 56, 57  # RFC 8831, section 8


class RefusedError(Exception):
    """The other end broke the rules of the channel; the text is the reason, for people."""


class Incoming:
    """The receiving half of an association.

    The one stream is ordered, and no message lies within another (RFC 9260, section 6.9), so the
    order of TSNs is that of messages.
    """

    def __init__(self) -> None:
        self.cumulative = 0
        """All TSNs up to this one have come."""
        self.unacknowledged = 0
        """Packets with data since the last acknowledgement."""
        self.is_urgent = False
        """Whether the acknowledgement is not to wait: there is a gap, or something came twice."""
        self._beyond: dict[int, tuple[int, bytes]] = {}
        self._beyond_size = 0
        self._duplicates: list[int] = []
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, flags: int, body: bytes) -> list[bytes]:
        """Take a DATA chunk; return the messages that it completes. Raises ``RefusedError``."""
        if len(body) <= _HEAD_SIZE:
            raise RefusedError("the other hub sent data that is empty")
        (tsn,) = WORD.unpack_from(body)
        ahead = (tsn - self.cumulative) % _MODULUS
        if ahead == 1:
            self.cumulative = tsn
            messages: list[bytes] = []
            self._add(flags, body, messages)
            if self._beyond:
                self.is_urgent = True
                self._close_gap(messages)
            return messages
        self.is_urgent = True
        if ahead == 0 or ahead >= _HALF or tsn in self._beyond:
            if len(self._duplicates) < MAX_DUPLICATES:
                self._duplicates.append(tsn)
        elif self._beyond_size + len(body) <= WINDOW:
            self._beyond[tsn] = (flags, body)
            self._beyond_size += len(body)
        return []

    def acknowledgement(self) -> bytes:
        """Write the SACK chunk that tells what has come."""
        self.unacknowledged = 0
        self.is_urgent = False
        window = WINDOW - self._beyond_size
        if not self._beyond and not self._duplicates:
            return chunk(SACK, SACK_BODY.pack(self.cumulative, window, 0, 0))
        gaps = self._gaps()
        duplicates, self._duplicates = self._duplicates, []
        body = [
            SACK_BODY.pack(self.cumulative, window, len(gaps), len(duplicates)),
            *(GAP.pack(*gap) for gap in gaps),
            *(WORD.pack(tsn) for tsn in duplicates),
        ]
        return chunk(SACK, b"".join(body))

    def _gaps(self) -> list[tuple[int, int]]:
        """Return the runs beyond the first gap, as distances from the cumulative TSN."""
        runs: list[tuple[int, int]] = []
        start = end = 0
        for ahead in sorted((tsn - self.cumulative) % _MODULUS for tsn in self._beyond):
            if ahead >= 1 << 16:
                break
            if ahead == end + 1 and start:
                end = ahead
                continue
            if start:
                runs.append((start, end))
            start = end = ahead
        if start:
            runs.append((start, end))
        return runs[:MAX_GAPS]

    def _close_gap(self, messages: list[bytes]) -> None:
        while True:
            following = (self.cumulative + 1) % _MODULUS
            found = self._beyond.pop(following, None)
            if found is None:
                return
            self.cumulative = following
            self._beyond_size -= len(found[1])
            self._add(*found, messages)

    def _add(self, flags: int, body: bytes, messages: list[bytes]) -> None:
        """Add a fragment in its turn."""
        if flags & FIRST:
            if flags & LAST:
                self._deliver(body, body[_HEAD_SIZE:], messages)
                return
            self._parts, self._size = [], 0
        self._parts.append(body[_HEAD_SIZE:])
        self._size += len(body) - _HEAD_SIZE
        if self._size > MAX_MESSAGE:
            raise RefusedError("the other hub sent a message that is too long")
        if flags & LAST:
            message, self._parts = b"".join(self._parts), []
            self._deliver(body, message, messages)

    def _deliver(self, body: bytes, message: bytes, messages: list[bytes]) -> None:
        _, stream, _, protocol = _HEAD.unpack_from(body)
        if stream != STREAM:
            return  # there is no channel
        if protocol == _BINARY:
            if len(message) > MAX_MESSAGE:
                raise RefusedError("the other hub sent a message that is too long")
            messages.append(message)
        elif protocol == _BINARY_EMPTY:
            messages.append(b"")
        elif protocol in {_TEXT, _TEXT_EMPTY}:
            raise RefusedError("the other hub sent text")
