"""How often a client may do what costs others: announce itself, and send what cannot be used.

Each is a token bucket in the form of one time: until when what was done is paid for (the generic
cell rate algorithm, ITU-T I.371). Who has done too much is read more slowly, so that it comes to
the rate; who goes on for long is closed. Signals that arrive have no rate: whoever sends many waits
for its turn, and a target that reads slowly slows its senders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.changes import ClientFlooded
from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.interface.actions import Warn
from peerpigeon.core.interface.close_codes import (
    TOO_MANY_ANNOUNCES,
    TOO_MANY_TOPICS,
    TOO_MUCH_PUBLISHED,
    TOO_MUCH_UNUSABLE,
)
from peerpigeon.core.sessions.registry import Client, Visitor
from peerpigeon.core.wire.client_messages import encode_error

if TYPE_CHECKING:
    from peerpigeon.core.clients.throttle import Throttle
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId


class Rate(msgspec.Struct, frozen=True):
    """So much at once, and so much a second in the long run."""

    at_once: int
    per_second: int

    def spend(self, paid_until: float, cost: int, now: float) -> float:
        """Return until when all is paid for that was done so far, and now for ``cost``."""
        return max(paid_until, now) + cost / self.per_second

    def excess(self, paid_until: float, now: float) -> float:
        """Return for how many seconds nothing more may be done; at most 0 if it may now."""
        return paid_until - now - self.at_once / self.per_second


ANNOUNCES = Rate(at_once=128, per_second=2)
"""Announces of one client, wherever it goes. All members of a namespace are told of each. A real
client announces itself once, and again when its user moves on."""

LISTENS = Rate(at_once=1024, per_second=16)
"""Topics in which one visitor begins to listen: other hubs are told of the first in each. A real
client subscribes to all its rooms when it connects."""

DRAWS = Rate(at_once=8192, per_second=128)
"""What one visitor has drawn from swarms: an announce counts one, and one more for each of its
offers; so does each swarm of a scrape. A real client announces itself in up to 64 swarms when it
connects, with five to ten offers in each, and every two minutes from then on: with ``ENTRY``, 1216
at once and 6 a second."""

ENTRY = 8
"""What a member counts of a visitor that enters a namespace, in draws: other hubs are told of it.
Who comes and leaves without end does so 16 times a second."""

PUBLISHED = Rate(at_once=64 * MIB, per_second=8 * MIB)
"""Bytes of publications of one visitor, once for each listener at its hub and once more. In a room
of 500 a real client that comes offers itself to 34, which takes 50 MiB."""

PUBLICATION = 1024
"""Bytes that a publication counts at least, beside what its listeners get: it goes to another hub,
which hands it out. Of the smallest it is 65,536 at once and 8192 a second."""

FAULTS = Rate(at_once=10_240, per_second=512)
"""Signals of one client that are answered with an error. When a crowd of 200 leaves, a real client
may have some thousand candidates under way to them."""

UNUSABLE = 64
"""What a message counts that makes no sense, in such signals: 160 at once, 8 a second. Real clients
send none."""

SHORTEST, LONGEST = 0.25, 2.0
"""Seconds for which a client that exceeds a rate is not read: long enough to be few, and short
enough for what else it has to say, for its answer to a ping, and to see that it is gone."""

FORBEARANCE = 60.0
"""Seconds of its rate that a client may be in excess before it is closed. What comes of one that is
not read for a while is little, so this is some hundred messages, again and again, for 10 s."""


SLOWED = (
    "a client is read more slowly, and closed if it goes on: it sends more than a real client does;"
    " look at its program"
)


class Rates:
    """What the clients of one hub do of what is limited."""

    def __init__(self, throttle: Throttle, effects: Effects) -> None:
        self._throttle = throttle
        self._effects = effects
        self._told: set[SessionId] = set()  # those that have not paid for all since

    def announced(self, client: Client, now: float) -> None:
        """Count an announce."""
        self._forgive(client, now)
        client.announces_paid_until = paid = ANNOUNCES.spend(client.announces_paid_until, 1, now)
        excess = ANNOUNCES.excess(paid, now)
        if excess > 0:
            self._slow_down(client, TOO_MANY_ANNOUNCES, excess, now)

    def listened(self, visitor: Visitor, now: float) -> None:
        """Count that a visitor has begun to listen to a topic."""
        visitor.listens_paid_until = paid = LISTENS.spend(visitor.listens_paid_until, 1, now)
        excess = LISTENS.excess(paid, now)
        if excess > 0:
            self._slow_down(visitor, TOO_MANY_TOPICS, excess, now)

    def drawn(self, visitor: Visitor, cost: int, now: float) -> bool:
        """Count what a visitor has asked of swarms; return whether that is not too much."""
        if self._told:  # as hardly ever
            self._forgive(visitor, now)
        visitor.draws_paid_until = paid = DRAWS.spend(visitor.draws_paid_until, cost, now)
        excess = DRAWS.excess(paid, now)
        if excess > 0:
            self._slow_down(visitor, TOO_MANY_ANNOUNCES, excess, now)
        return excess <= 0

    def published(self, visitor: Visitor, size: int, listeners: int, now: float) -> bool:
        """Count a publication of so many bytes that was sent to so many listeners here.

        Returns whether that is not too much.
        """
        cost = size * listeners + max(size, PUBLICATION)
        visitor.published_paid_until = paid = PUBLISHED.spend(
            visitor.published_paid_until, cost, now
        )
        excess = PUBLISHED.excess(paid, now)
        if excess > 0:
            self._slow_down(visitor, TOO_MUCH_PUBLISHED, excess, now)
        return excess <= 0

    def faulted(self, client: Client | Visitor, cost: int, now: float) -> None:
        """Count a message that was answered with an error."""
        self._forgive(client, now)
        client.faults_paid_until = paid = FAULTS.spend(client.faults_paid_until, cost, now)
        excess = FAULTS.excess(paid, now)
        if excess > 0:
            self._slow_down(client, TOO_MUCH_UNUSABLE, excess, now)

    def forget(self, session: SessionId) -> None:
        """Note that a client is gone."""
        self._told.discard(session)

    def _forgive(self, client: Client | Visitor, now: float) -> None:
        if isinstance(client, Visitor):
            paid_until = max(
                client.listens_paid_until, client.published_paid_until, client.draws_paid_until
            )
        else:
            paid_until = client.announces_paid_until
        if max(paid_until, client.faults_paid_until) <= now:
            self._told.discard(client.session)

    def _slow_down(self, client: Client | Visitor, reason: str, excess: float, now: float) -> None:
        session = client.session
        if excess > FORBEARANCE:
            self._effects.report(ClientFlooded(session, reason))
        elif session not in self._throttle:  # else it was read before, in the same turn
            self._throttle.hold(session, now + min(max(excess, SHORTEST), LONGEST))
            if session not in self._told:
                self._told.add(session)
                text = f"{reason}; you are read more slowly, and closed if you go on"
                at = self._effects.milliseconds(now)
                if isinstance(client, Client):
                    self._effects.send(session, encode_error(text, client.namespace, at))
                self._effects.act(Warn(SLOWED, client.address, client.peer_id or "", reason))
