"""Which signals to other hubs have failed: each is answered once, however often it is heard of.

A signal that was sent to another hub can fail twice. Its target's hub may send it back, and the
stream to that hub may give it up, because the acknowledgement was lost or that hub was restarted.
The two come in either order, and the second must not reach the sender.

Only signals that have failed are remembered, and only for a while:

- The stream gives a signal up within its lifetime, or says nothing of it any more. ``forget`` is
  called after the streams have given up what is due, so that nothing that was sent back is
  forgotten before, even if this process was asleep for hours.
- A hub that was cut off or asleep may send a signal back at any later time. Signals are numbered as
  they leave, so one with a number below that of a forgotten one is as old, and no answer to it is
  passed on any more: that it was answered cannot be excluded.

If more fail at once than can be remembered, the oldest are forgotten, and may be answered twice:
better than not at all.
"""

from __future__ import annotations

from peerpigeon.core.namespaces.retention import RETENTION, due

MAX_ANSWERED = 65_536
"""Some megabytes. As many as sixteen streams may have unacknowledged, all of which fail at once."""


class AnsweredSignals:
    """The numbers of the signals of one hub's clients that were answered by an error."""

    def __init__(self, lifetime: float) -> None:
        """``lifetime``: seconds after which the streams give a signal up."""
        self._retention = RETENTION + lifetime
        self._forget_at: dict[int, float] = {}  # in order of time
        self._forgotten = 0
        """The highest number that was forgotten because its time was over."""

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._forget_at)

    def note(self, number: int, now: float) -> bool:
        """Remember that a signal is answered now; return whether it was not, as far as is known.

        0 stands for a signal that has not left this hub, and so can fail only once.
        """
        if number == 0:
            return True
        if number in self._forget_at:
            return False
        self._forget_at[number] = now + self._retention
        if len(self._forget_at) > MAX_ANSWERED:
            del self._forget_at[next(iter(self._forget_at))]
        return True

    def is_too_old(self, number: int) -> bool:
        """Tell whether a signal that has come back is so old that it may have been answered."""
        return 0 < number <= self._forgotten

    def forget(self, now: float) -> None:
        """Forget what was answered long ago; to be called after streams have given up their due."""
        for number in due(self._forget_at, now):
            self._forgotten = max(self._forgotten, number)
