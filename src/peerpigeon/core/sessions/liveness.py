"""Is whoever has a socket here alive? All are pinged, and who stays silent is dropped (S28).

Who talks is pinged as well as who is silent. What counts for a proxy between is when it last had
something from us: one that hears nothing for its time-out cuts the socket (nginx after 60 s), and a
client that only sends is sent nothing else. On the same occasion those are dropped whose token has
expired.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.sessions.registry import Client, Party, Visitor

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Registry

LOOKS = 256
"""How many moments in a ``cleanup_interval`` there are at which clients are pinged."""


class Checkup(msgspec.Struct, frozen=True):
    """Which sockets are due."""

    ping: list[Party] = msgspec.field(default_factory=list)
    drop: list[Party] = msgspec.field(default_factory=list)
    expired: list[Party] = msgspec.field(default_factory=list)
    """Those whose token has expired."""


class Liveness:
    """Looks after the sockets of one hub. Durations are seconds."""

    def __init__(self, registry: Registry, ping_every: float, drop_after: float) -> None:
        self._registry = registry
        self._ping_every = ping_every
        self._drop_after = drop_after
        self._look_every = ping_every / LOOKS
        self._looks: dict[float, list[SessionId]] = {}  # whom to look at, by when
        self._times: list[float] = []  # a heap of the same times
        self._aside: set[SessionId] = set()  # who is not here now, and is to be looked at
        self._last_ping = 0

    def next_ping(self) -> int:
        """Return the number of one more ping."""
        self._last_ping += 1
        return self._last_ping

    def watch(self, party: Party, now: float) -> None:
        """Look after a new socket, or one that has been let in again."""
        if party.session in self._aside:
            self._aside.discard(party.session)
            return
        ping_at = self._look_at(now + self._ping_every)
        self._look(party, earliest(ping_at, _expiry(party)))

    def set_aside(self, session: SessionId) -> None:
        """Note that a socket that was looked after may be let in again.

        One that has left need not be noted.
        """
        self._aside.add(session)

    def _look(self, party: Party, when: float) -> None:
        """Look at a socket at a time, once. One that is gone by then is passed over.

        So a client takes 8 bytes here, and not 140 for a time of its own that can be moved.
        """
        sessions = self._looks.get(when)
        if sessions is None:
            sessions = self._looks[when] = []
            heappush(self._times, when)
        sessions.append(party.session)

    def check(self, now: float) -> Checkup:
        """Return whom to ping and whom to drop now."""
        checkup = Checkup()
        while self._times and self._times[0] <= now:
            for session in self._looks.pop(heappop(self._times)):
                self._aside.discard(session)
                party = self._registry.get(session)
                if party is not None:
                    self._check(party, checkup, now)
        return checkup

    def _check(self, party: Party, checkup: Checkup, now: float) -> None:
        drop_at = party.last_heard + self._drop_after
        expires_at = _expiry(party)
        if expires_at is not None and now >= expires_at:
            checkup.expired.append(party)
        elif now >= drop_at:
            checkup.drop.append(party)
        else:
            checkup.ping.append(party)
            if isinstance(party, Client):
                party.forget_paid(now)
            ping_at = self._look_at(now + self._ping_every)
            self._look(party, earliest(ping_at, drop_at, expires_at))

    def _look_at(self, when: float) -> float:
        """Return a time soon after ``when``, the same for many clients: one tick serves them."""
        return max(when, ceil(when / self._look_every) * self._look_every)

    def deadline(self) -> float | None:
        """Return when ``check`` has something to say."""
        while self._times:
            sessions = self._looks[self._times[0]]
            while sessions and not self._may_be_here(sessions[-1]):
                sessions.pop()
            if sessions:
                return self._times[0]
            del self._looks[heappop(self._times)]
        return None

    def _may_be_here(self, session: SessionId) -> bool:
        return session in self._aside or self._registry.get(session) is not None


def _expiry(party: Party) -> float | None:
    """Return when the token of a client expires, if it has one."""
    if isinstance(party, Client | Visitor) and party.permits is not None:
        return party.permits.expires_at
    return None
