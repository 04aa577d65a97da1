"""How long an acknowledgement takes, and how long to wait for one."""

from __future__ import annotations

import msgspec


class RoundTrip(msgspec.Struct):
    """How long to wait for an acknowledgement (RFC 6298)."""

    low: float
    high: float
    rto: float
    smoothed: float = 0.0
    deviation: float = 0.0
    latest: float = 0.0
    timed: int | None = None
    """The segment whose round trip is being measured; one at a time."""
    timed_at: float = 0.0

    def measure(self, elapsed: float) -> None:
        """Take the round trip of the timed segment into the mean."""
        self.latest = elapsed
        if self.smoothed == 0.0:
            self.smoothed, self.deviation = elapsed, elapsed / 2
        else:
            self.deviation += (abs(self.smoothed - elapsed) - self.deviation) / 4
            self.smoothed += (elapsed - self.smoothed) / 8
        self.timed = None
        self.restore()

    def restore(self) -> None:
        """Take back the back-off."""
        self.rto = min(self.high, max(self.low, self.smoothed + 4 * self.deviation))

    def back_off(self) -> None:
        """Wait twice as long from now on."""
        self.rto = min(self.high, 2 * self.rto)
