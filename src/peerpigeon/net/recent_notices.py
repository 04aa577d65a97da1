"""The last notices of a server, kept for whoever looks when something has happened already."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from peerpigeon.core.interface.notices import (
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
)

if TYPE_CHECKING:
    from peerpigeon.core.interface.notices import Notice

LIMIT = 100
"""Notices of each of the two kinds that are kept."""

OF_CLIENTS = PeerAnnounced | PeerConnected | PeerDisconnected | PeerGoodbye

Timed = tuple[int, float, "Notice"]


class RecentNotices:
    """The last notices of clients, and apart from them the last others, which are few.

    Each has a number, one more than that of the one before, and the time in seconds since 1970.
    """

    def __init__(self) -> None:
        self.latest = 0
        """The number of the latest notice."""
        self._of_clients: deque[Timed] = deque(maxlen=LIMIT)
        self._others: deque[Timed] = deque(maxlen=LIMIT)

    def put(self, notice: Notice) -> None:
        """Take a notice."""
        self.latest += 1
        kept = self._of_clients if isinstance(notice, OF_CLIENTS) else self._others
        kept.append((self.latest, time.time(), notice))

    def after(self, number: int) -> list[Timed]:
        """Return what is still kept of those with a larger number, in their order."""
        return sorted(each for each in (*self._of_clients, *self._others) if each[0] > number)
