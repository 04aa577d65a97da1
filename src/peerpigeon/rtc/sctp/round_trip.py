"""How long a round trip takes, and so how long an answer is waited for (RFC 9260, section 6.3)."""

from __future__ import annotations

from math import inf

INITIAL = 1.0
"""Seconds until the first answer is missed."""
LEAST = 0.4
"""Seconds that are always waited: twice what another end may keep an acknowledgement back."""
MOST = 10.0
MOST_BY_LOSSES = 3.0
"""Seconds to which losses alone lengthen that. On a path that loses much, and on one that comes
back, nearly all of the time would be waited else."""
REMEMBERED = 60.0
"""Seconds for which the shortest one is remembered, once or twice: a path may become longer."""


class RoundTrip:
    """An estimate from what is measured."""

    def __init__(self) -> None:
        self.smoothed = 0.0
        """Seconds; 0 until something was measured."""
        self.timeout = INITIAL
        """Seconds after which what is not acknowledged is lost."""
        self.shortest = 0.0
        """Seconds that the shortest of late took: the path, without what waits; 0 until then."""
        self._variation = 0.0
        self._least = self._least_before = inf
        self._until = -inf  # when `_least` becomes the one before

    def measure(self, seconds: float, now: float) -> None:
        """Take the time from a packet to its acknowledgement, which came now."""
        if now >= self._until:
            self._least_before, self._least = self._least, inf
            self._until = now + REMEMBERED
        self._least = min(self._least, seconds)
        self.shortest = min(self._least, self._least_before)
        if self.smoothed:
            self._variation += (abs(self.smoothed - seconds) - self._variation) / 4
            self.smoothed += (seconds - self.smoothed) / 8
        else:
            self.smoothed, self._variation = max(seconds, 1e-6), seconds / 2
        self.timeout = min(max(self.smoothed + 4 * self._variation, LEAST), MOST)

    def back_off(self) -> None:
        """Wait twice as long, since an answer was missed."""
        self.timeout = max(self.timeout, min(2 * self.timeout, MOST_BY_LOSSES))
