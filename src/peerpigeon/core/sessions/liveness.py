"""Is whoever has a socket here alive? All are pinged, and who stays silent is dropped (S28).

Who talks is pinged as well as who is silent. What counts for a proxy between is when it last had
something from us: one that hears nothing for its time-out cuts the socket (nginx after 60 s), and a
client that only sends is sent nothing else. On the same occasion those are dropped whose token has
expired.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import TimerQueue, earliest
from peerpigeon.core.sessions.registry import Client

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Party, Registry

LOOKS = 256
"""How many moments in a ``cleanup_interval`` there are at which clients are pinged."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """Which sockets are due."""

    ping: list[Party] = field(default_factory=list)
    drop: list[Party] = field(default_factory=list)
    expired: list[Party] = field(default_factory=list)
    """Those whose token has expired."""


class Liveness:
    """Looks after the sockets of one hub. Durations are seconds."""

    def __init__(self, registry: Registry, ping_every: float, drop_after: float) -> None:
        self._registry = registry
        self._ping_every = ping_every
        self._drop_after = drop_after
        self._look_every = ping_every / LOOKS
        self._timers: TimerQueue[SessionId] = TimerQueue()
        self._last_ping = 0

    def next_ping(self) -> int:
        """Return the number of one more ping."""
        self._last_ping += 1
        return self._last_ping

    def watch(self, party: Party, now: float) -> None:
        """Look after a new socket."""
        ping_at = self._look_at(now + self._ping_every)
        self._timers.set(party.session, earliest(ping_at, _expiry(party)))

    def forget(self, session: SessionId) -> None:
        """Look after a socket no more, if it was looked after."""
        self._timers.drop(session)

    def check(self, now: float) -> Checkup:
        """Return whom to ping and whom to drop now."""
        checkup = Checkup()
        for session in self._timers.expire(now):
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
            ping_at = self._look_at(now + self._ping_every)
            self._timers.set(party.session, earliest(ping_at, drop_at, expires_at))

    def _look_at(self, when: float) -> float:
        """Return a time soon after ``when``, the same for many clients: one tick serves them."""
        return max(when, ceil(when / self._look_every) * self._look_every)

    def deadline(self) -> float | None:
        """Return when ``check`` has something to say."""
        return self._timers.deadline()


def _expiry(party: Party) -> float | None:
    """Return when the token of a client expires, if it has one."""
    if isinstance(party, Client) and party.permits is not None:
        return party.permits.expires_at
    return None
