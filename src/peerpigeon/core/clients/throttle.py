"""Whose messages are not read for now, because they have sent too much.

What a socket has to say waits with its sender: nothing of it is lost, and whoever sends is slowed
by the network itself. What was read before may still come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.interface.actions import PausePeer, ResumePeer

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId


class Throttle:
    """The sockets of one hub that are not read for now."""

    def __init__(self, effects: Effects) -> None:
        self._effects = effects
        self._until: dict[SessionId, float] = {}
        self._timers: TimerQueue[SessionId] = TimerQueue()

    def __len__(self) -> int:
        """Return how many are not read for now."""
        return len(self._until)

    def __contains__(self, session: SessionId) -> bool:
        """Tell whether a socket is not read for now."""
        return session in self._until

    def hold(self, session: SessionId, until: float) -> None:
        """Have a socket not read before ``until``, or longer if it is held longer already."""
        before = self._until.get(session)
        if before is None:
            self._effects.act(PausePeer(session))
        elif before >= until:
            return
        self._until[session] = until
        self._timers.set(session, until)

    def release(self, session: SessionId, until: float | None = None) -> None:
        """Have a socket read again, if it is held; with ``until`` only if it is until then."""
        if session in self._until and until in (None, self._until[session]):
            self.forget(session)
            self._effects.act(ResumePeer(session))

    def forget(self, session: SessionId) -> None:
        """Note that a socket is gone."""
        if self._until.pop(session, None) is not None:
            self._timers.drop(session)

    def tick(self, now: float) -> None:
        """Have those read again whose time is over."""
        for session in self._timers.expire(now):
            del self._until[session]
            self._effects.act(ResumePeer(session))

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return self._timers.deadline()
