"""A hub with far more clients than the others lets some go, gently; off unless it is asked for.

After hubs were restarted one after the other the last one is empty, and nothing would ever fill
it but newcomers. So hubs tell each other about how many clients they have, seldom, and one that has
far more than its share closes some that have been quiet for a while. They connect again, to
whatever hub they are led to. It goes in rounds: in each no more than half of what is too much, so
that hubs do not overshoot by what they have heard late. If those that are let go come back to the
same hub, because they know no other one, the rounds become rare.
"""

from __future__ import annotations

from collections import deque
from heapq import nsmallest
from math import ceil
from operator import attrgetter
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface.close_codes import OTHERS_HAVE_FEWER, SERVICE_RESTART
from peerpigeon.core.sessions.registry import Client

if TYPE_CHECKING:
    from peerpigeon.core.clients.service import ClientService
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.mesh.mesh import Mesh

TELL_EVERY = 10.0
TELL_EVERY_PER_HUB = 0.1
"""Seconds from one word about the number of clients to the next, so that in a mesh of any size no
more than ten a second go round."""

TOLD_WITHIN = 8
"""By more than an eighth, and by more than two clients, the number is another one."""

ROUND = 30.0
"""Seconds from one round to the next: what it has brought is told by then."""

LONGEST_PAUSE = 3600.0
"""Seconds between rounds at most, where they bring nothing."""

CLOSING = 20.0
"""Seconds of a round over which clients are let go."""

MOST_IN_A_SECOND = 10
"""Clients that are let go: no more than a hub notices that takes them in."""

QUIET = 5.0
"""Seconds for which a client has said nothing: one that is connecting to others talks."""

SETTLED = 30.0
"""Seconds for which it has been here, so that none is sent round and round."""

FAR_MORE, FAR_MORE_CLIENTS = 1.5, 10
"""Times its share, and so many clients beyond it, that a hub has before it begins."""

ENOUGH, ENOUGH_CLIENTS = 1.2, 2
"""Times its share, and so many clients, that it may keep when it has begun."""

_silence = attrgetter("last_heard")


class Rebalance:
    """Sees to it that one hub has not far more clients than the others of its mesh."""

    def __init__(self, clients: ClientService, mesh: Mesh, now: float) -> None:
        self._registry = clients.registry
        self._admission = clients.admission
        self._disconnects = clients.disconnects
        self._mesh = mesh
        self._tell_at = now
        self._look_at = now + ROUND
        self._pause = ROUND
        self._has_begun = False
        self._before = self._dismissed = 0  # at the last look, and since
        self._queue: deque[SessionId] = deque()
        self._interval = 0.0
        self._next_at: float | None = None

    def tick(self, now: float) -> None:
        """Do what is due."""
        if now >= self._tell_at:
            self._tell(now)
        if self._admission.is_draining:
            self._next_at = None
            return
        if now >= self._look_at:
            self._look(now)
        while self._next_at is not None and now >= self._next_at:
            self._let_go_next(self._next_at, now)

    def _tell(self, now: float) -> None:
        self._tell_at = now + TELL_EVERY + TELL_EVERY_PER_HUB * len(self._mesh)
        clients, told = len(self._registry), self._mesh.advert.clients
        if told is None or abs(clients - told) > max(ENOUGH_CLIENTS, told // TOLD_WITHIN):
            self._mesh.tell_clients(clients, now)

    def _look(self, now: float) -> None:
        """Begin a round, if there is far too much, or what was begun is not done."""
        clients, loads = len(self._registry), self._mesh.loads()
        if self._dismissed:
            has_helped = clients <= self._before - self._dismissed / 2
            self._pause = ROUND if has_helped else min(2 * self._pause, LONGEST_PAUSE)
        self._look_at = now + self._pause
        self._before, self._dismissed = clients, 0
        share = (clients + sum(loads)) / (1 + len(loads))
        times, more = (ENOUGH, ENOUGH_CLIENTS) if self._has_begun else (FAR_MORE, FAR_MORE_CLIENTS)
        self._has_begun = clients > max(times * share, share + more)
        if self._has_begun:
            self._begin(min(ceil((clients - share) / 2), int(MOST_IN_A_SECOND * CLOSING)), now)

    def _begin(self, count: int, now: float) -> None:
        quiet = (party for party in self._registry if self._may_go(party, now))
        self._queue = deque(party.session for party in nsmallest(count, quiet, key=_silence))
        self._interval = CLOSING / count
        self._next_at = now if self._queue else None

    def _may_go(self, party: object, now: float) -> bool:
        return (
            isinstance(party, Client)
            and party.last_heard + QUIET <= now
            and party.opened_at + SETTLED <= now
            and party.session not in self._disconnects.dismissed
        )

    def _let_go_next(self, due: float, now: float) -> None:
        party = self._registry.get(self._queue.popleft())
        if isinstance(party, Client) and self._may_go(party, now):  # it may have begun to talk
            self._disconnects.dismiss(party, SERVICE_RESTART, OTHERS_HAVE_FEWER)
            self._dismissed += 1
        self._next_at = due + self._interval if self._queue else None

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        if self._admission.is_draining:
            return self._tell_at
        return earliest(self._tell_at, self._look_at, self._next_at)
