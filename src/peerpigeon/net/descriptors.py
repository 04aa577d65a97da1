"""The descriptors of this process, and who has to go when nearly all of them are open."""

from __future__ import annotations

import os
from math import inf
from typing import TYPE_CHECKING

from peerpigeon.net.seldom import SeldomWarnings

if TYPE_CHECKING:
    from collections.abc import Callable

RESERVE = 64
"""Descriptors that are kept free for links to other hubs, for files, and for what comes in one turn
of the event loop."""

MAKE_ROOM = 16
"""Connections that go for those that come next."""

_LINE = (
    "nearly all descriptors are open, so connections are dropped: first those that are being"
    " closed, then those that have sent no request; allow more (ulimit -n, LimitNOFILE= of systemd,"
    " nofile of a container), or set max_connections (MAX_CONNECTIONS) lower"
)


def descriptor_limit() -> int | None:
    """Return how many descriptors this process may have open; ``None`` if there is no limit."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class Descriptors:
    """Sees at each new connection by the next descriptor's number how many are open.

    The system gives the lowest number that is free. When that is near the limit, and ``accept``
    about to fail, the connection may not stay, so that the highest numbers remain free; and some
    of those go that matter less than whoever comes next. ``drop_somebody`` is to end one of them,
    and tells whether there was any.
    """

    def __init__(
        self,
        limit: int | None,
        drop_somebody: Callable[[], bool],
        warnings: SeldomWarnings | None = None,
    ) -> None:
        self._limit = limit
        self._drop_somebody = drop_somebody
        self._warnings = warnings or SeldomWarnings()
        self.dropped = 0
        """How many connections were dropped for want of descriptors, since the start."""

    def admit(self, address: str) -> bool:
        """Tell whether a new connection may stay; make room for others if there is little."""
        limit = self._limit
        if limit is None or _next_number() < limit - RESERVE:
            return True
        self.dropped += 1
        for _ in range(MAKE_ROOM):
            if not self._drop_somebody():
                break
            self.dropped += 1
        self._warnings.add(_LINE, address, limit=str(limit))
        return False


def _next_number() -> float:
    """Return the number of the next descriptor.

    A connection's own would be as good, but uvloop makes an object to ask for it, 72 bytes that
    stay for as long as the connection does.
    """
    try:
        number = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return inf
    os.close(number)
    return number
