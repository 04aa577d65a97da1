"""How many signals may be on the way to one hub: as many as the way takes without a queue.

What is on the way goes in the order in which it was numbered, whoever sent it. So all that waits
there for a slow link or a busy hub delays everybody's next signal, and it is better to let it wait
at its source, where each client has its turn. A round trip that is longer than the shortest one by
more than ``queueing`` says that something waits on the way: then the window is halved. One that is
not makes it wider by half, if it was too narrow meanwhile. (The sign is that of TCP Vegas, Brakmo
and Peterson, 1995.) A lost segment says nothing of it: links are lossy for other reasons.

Bytes have a limit that stays: a large signal takes its time over each link of its way, and several
of them only get there in time if each link has one.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from peerpigeon.core.streams.limits import Share

if TYPE_CHECKING:
    from peerpigeon.core.streams.limits import StreamLimits


class Window(Share):
    """How many signals may be unacknowledged, and how many are."""

    __slots__ = ("_limits", "_shortest", "_was_narrow")

    def __init__(self, limits: StreamLimits) -> None:
        super().__init__(limits.fewest_signals, limits.signal_bytes)
        self._limits = limits
        self._shortest = inf
        self._was_narrow = False  # since the last round trip that was measured

    def refuse(self) -> None:
        """Take note of a signal that had to wait."""
        # If few are on the way it was too large rather than the window too narrow.
        self._was_narrow |= self.count > self.most // 2

    def measure(self, elapsed: float) -> None:
        """Take note of a round trip of so many seconds."""
        self._shortest = min(self._shortest, elapsed)
        limits = self._limits
        if elapsed > self._shortest + limits.queueing:
            self.most = max(limits.fewest_signals, self.most // 2)
        elif self._was_narrow:
            self.most = min(limits.signals, self.most + (self.most + 1) // 2)
        self._was_narrow = False

    def rerouted(self) -> None:
        """Forget how short a round trip can be: the way has changed."""
        self._shortest = inf
