"""The sessions of our clients in the mesh: they tell which life of this hub they belong to."""

from __future__ import annotations

from peerpigeon.core.namespaces.hub_views import first_session
from peerpigeon.core.wire.ranges import is_session_over

REMEMBERED = 64
"""Incarnations that this hub has had. It takes minutes to rise so often, and what others say of a
session is under way for seconds."""


class OwnSessions:
    """The sessions of one hub's clients. When it rises, all go on under other numbers."""

    def __init__(self, incarnation: int) -> None:
        self._firsts = [first_session(incarnation)]
        self._given = 0

    def take_next(self) -> int:
        """Return a session that no client has had."""
        self._given += 1
        return self._firsts[-1] + self._given

    def rise(self, incarnation: int) -> None:
        """Note the incarnation under which this hub goes on, higher than the ones before."""
        self._firsts.append(first_session(incarnation))
        del self._firsts[:-REMEMBERED]

    def current(self, session: int) -> int:
        """Return what has become of a session that a client of ours had before we rose."""
        for first in reversed(self._firsts):
            if not is_session_over(session, first):
                return session - first + self._firsts[-1]
        return session
