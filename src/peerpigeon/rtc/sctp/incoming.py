"""What has come: which TSNs, in which order, the messages made of them, and acknowledgements."""

from __future__ import annotations

from struct import Struct

from peerpigeon.core.config import KIB
from peerpigeon.rtc.interface import MAX_MESSAGE, STREAM
from peerpigeon.rtc.sctp import chunks as c
from peerpigeon.rtc.sctp.chunks import FIRST, GAP, LAST, SACK, SACK_BODY, WORD, chunk

WINDOW = 1024 * KIB
"""Bytes of messages that may be kept; as many are taken beyond a gap (RFC 9260, section 6.2)."""
OVERHEAD = 256
"""Bytes that each fragment beyond a gap counts for besides its own; so it is 4,096 at most, however
small they are."""
MAX_GAPS = 128
"""Gaps told of in one acknowledgement, so that it fits into a packet beside a message."""
MAX_DUPLICATES = 16
"""TSNs told of in one acknowledgement as having come twice."""

ACKNOWLEDGE_WITHIN = 0.02
"""Seconds for which an acknowledgement waits for data to go with."""

_HEAD = Struct("!LHHL")  # TSN, stream, sequence number, protocol
_HEAD_SIZE = 12
_MODULUS, _HALF = 1 << 32, 1 << 31
_FARTHEST = 1 << 16  # what lies beyond cannot be told of in an acknowledgement


class RefusedError(Exception):
    """The other end broke the rules of the channel; the text is the reason, for people."""


class Incoming:
    """The receiving half of an association.

    The one stream is ordered, and no message lies within another (RFC 9260, section 6.9), so the
    order of TSNs is that of messages.

    What comes is acknowledged with data of this end, but within ``ACKNOWLEDGE_WITHIN``, and every
    second packet at once (RFC 9260, section 6.2).
    """

    def __init__(self) -> None:
        self.cumulative = 0
        """All TSNs up to this one have come."""
        self.is_urgent = False
        """Whether the acknowledgement is not to wait any more."""
        self.timer: float | None = None
        """Until when it may wait; ``None`` if there is nothing to acknowledge."""
        self._has_data = False  # whether there is data in the packet that is read
        self.is_asked = False
        """Whether the other end has asked to open the channel (RFC 8832), which it need not."""
        self.fresh = 0
        """Bytes of messages that nobody has been told of yet."""
        self._kept = 0  # bytes of messages that were told of and not used
        self._is_narrow = False  # the last acknowledgement told of less than half of the window
        self._beyond: dict[int, tuple[int, bytes]] = {}
        self._beyond_size = 0
        self._duplicates: list[int] = []
        self._parts: bytearray | None = None  # of a message that is not whole yet

    def keep(self, size: int) -> None:
        """Note how much is kept; tell the other end when there is room again."""
        self._kept = size
        if self._is_narrow and size < WINDOW // 2:
            self.is_urgent = True

    def take(self, flags: int, body: bytes) -> list[bytes]:
        """Take a DATA chunk; return the messages that it completes. Raises ``RefusedError``."""
        if len(body) <= _HEAD_SIZE:
            raise RefusedError("the other hub sent data that is empty")
        self._has_data = True
        (tsn,) = WORD.unpack_from(body)
        ahead = (tsn - self.cumulative) % _MODULUS
        if flags & c.IMMEDIATE:
            self.is_urgent = True
        if ahead == 1 and self._kept + self.fresh < WINDOW:
            self.cumulative = tsn
            messages: list[bytes] = []
            self._add(flags, body, messages)
            if self._beyond:
                self.is_urgent = True
                self._close_gap(messages)
            return messages
        self.is_urgent = True
        if ahead == 1:
            return []  # there is no room: it will be sent again
        if ahead == 0 or ahead >= _HALF or tsn in self._beyond:
            if len(self._duplicates) < MAX_DUPLICATES:
                self._duplicates.append(tsn)
        elif ahead < _FARTHEST and self._beyond_size + OVERHEAD + len(body) <= WINDOW:
            self._beyond[tsn] = (flags, body)
            self._beyond_size += OVERHEAD + len(body)
        return []

    def end_packet(self, now: float) -> None:
        """Note that all chunks of a packet have been taken."""
        if not self._has_data:
            return
        self._has_data = False
        if self.timer is None:
            self.timer = now + ACKNOWLEDGE_WITHIN
        else:
            self.is_urgent = True  # it is the second one

    def tick(self, now: float) -> None:
        """See whether the acknowledgement has waited long enough."""
        if self.timer is not None and now >= self.timer:
            self.is_urgent = True

    def acknowledgement(self) -> bytes:
        """Write the SACK chunk that tells what has come."""
        self.timer = None
        self.is_urgent = False
        window = max(0, WINDOW - self._beyond_size - self._kept)
        self._is_narrow = window < WINDOW // 2
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
            self._beyond_size -= OVERHEAD + len(found[1])
            self._add(*found, messages)

    def _add(self, flags: int, body: bytes, messages: list[bytes]) -> None:
        """Add a fragment in its turn."""
        if bool(flags & FIRST) is not (self._parts is None):
            raise RefusedError("the other hub sent parts of messages that do not fit together")
        if flags & FIRST and flags & LAST:
            self._deliver(body, body[_HEAD_SIZE:], messages)
            return
        if self._parts is None:
            self._parts = bytearray()
        self._parts += body[_HEAD_SIZE:]
        if len(self._parts) > MAX_MESSAGE:
            raise RefusedError("the other hub sent a message that is too long")
        if flags & LAST:
            message, self._parts = bytes(self._parts), None
            self._deliver(body, message, messages)

    def _deliver(self, body: bytes, message: bytes, messages: list[bytes]) -> None:
        _, stream, _, protocol = _HEAD.unpack_from(body)
        if stream != STREAM:
            return  # there is no channel
        if protocol == c.BINARY:
            messages.append(message)
            self.fresh += len(message)
        elif protocol == c.BINARY_EMPTY:
            messages.append(b"")
        elif protocol in {c.TEXT, c.TEXT_EMPTY}:
            raise RefusedError("the other hub sent text")
        elif protocol == c.DCEP and message[:1] == c.DCEP_OPEN:
            self.is_asked = True
