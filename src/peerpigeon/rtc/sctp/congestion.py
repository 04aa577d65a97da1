"""How many bytes may be under way (RFC 9260, section 7.2)."""

from __future__ import annotations

from peerpigeon.core.config import KIB

SMALLEST_WINDOW = 128 * KIB
"""Bytes that may be under way on a short path: what two busy hubs need, whose turns of 20 ms are
the round trip then. The systems' receive buffers hold little more, and what overflows is lost."""
RATE = 8192 * KIB
"""Bytes a second that the window is to allow on a long path. How long one is, the shortest round
trip tells: what a busy hub has not read yet makes the others longer, and a window that grew with
these would have the more waiting there the longer it takes, where nothing can overtake it."""
BURST = 16
"""Packets that one turn may send (RFC 9260, section 6.1, rule D): what is joined to one message of
a link goes at once."""


class Congestion:
    """The congestion window. It is not made smaller by idleness: it never grows large."""

    __slots__ = ("_grown", "_threshold", "mtu", "recovery", "window")

    def __init__(self, mtu: int) -> None:
        self.mtu = mtu
        self.window = min(4 * mtu, max(2 * mtu, 4404))
        """Bytes that may be under way."""
        self.recovery: int | None = None
        """The TSN with which a fast recovery ends, if there is one."""
        self._threshold = 1 << 30
        self._grown = 0  # bytes acknowledged since the window grew, above the threshold

    def acknowledged(self, size: int, round_trip: float) -> None:
        """Let more be under way, since all that may was, and so much of it has arrived.

        ``round_trip``: the shortest of late, in seconds, which says how much is of use.
        """
        most = max(SMALLEST_WINDOW, int(RATE * round_trip))
        if self.recovery is not None or self.window >= most:
            self.window = min(self.window, most)
            return
        if self.window <= self._threshold:
            self.window += min(size, BURST * self.mtu)
            return
        self._grown += size
        if self._grown >= self.window:
            self._grown -= self.window
            self.window += self.mtu

    def lost(self, last: int) -> bool:
        """Halve it; tell whether that was so: once for all that is lost up to TSN ``last``."""
        if self.recovery is not None:
            return False
        self.recovery = last
        self._threshold = self.window = max(self.window // 2, 4 * self.mtu)
        return True

    def recovered(self, cumulative: int) -> None:
        """See whether all has arrived that was under way when something was lost."""
        if self.recovery is not None and (cumulative - self.recovery) & 0xFFFF_FFFF < 1 << 31:
            self.recovery = None

    def expired(self) -> None:
        """Begin anew with one packet, since nothing was heard."""
        self._threshold = max(self.window // 2, 4 * self.mtu)
        self.window = self.mtu
        self.recovery = None
