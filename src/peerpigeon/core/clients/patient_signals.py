"""Messages of dialects that wait for their target to come, at one hub (PeerJS).

They wait for ``PATIENCE`` seconds from the first for a target on. Whether it has come to another
hub meanwhile is asked of its rendezvous hub again and again: a question that is lost costs a
moment.

So do messages that have met nobody where their target was, and have come back: before what was said
later, and none is sent on until all are back that its sender has sent there. What comes back when
something that was said later has already gone elsewhere has failed (``destinations.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.clients.pending_signals import WAITING_SIZE, PendingSignals, Queued
from peerpigeon.core.clients.relays import ANY_SESSION
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.dialect import PATIENCE
from peerpigeon.core.ids import PeerId, PeerKey, SessionId, key_of
from peerpigeon.core.shares import Shares
from peerpigeon.core.wire.hub_news import Find, Relay
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from typing import TypeAlias

    from peerpigeon.core.clients.signaling import Signaling
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry, VisitorMember
    from peerpigeon.core.wire.hub_news import Found, Undelivered

    Key: TypeAlias = tuple[str, PeerKey]

ASK_EVERY = 0.5
"""Seconds from one question for a target to the next."""

MOST_TARGETS = 2048
"""Targets that are waited for at a hub; half of them for one visitor, if nobody else waits."""


class Awaited(msgspec.Struct, eq=False):
    """A target that is waited for."""

    visitor: SessionId
    """The first to wait for it."""
    target: PeerId
    ask_at: float = 0.0
    returned: int = 0
    """How many messages have come back; they are before all others."""
    missing: set[int] = msgspec.field(default_factory=set)
    """The numbers of messages that must come back or fail before any is sent."""


class PatientSignals:
    """The messages that wait, by namespace and target."""

    def __init__(
        self,
        own: PeerId,
        registry: Registry,
        namespaces: Namespaces,
        signaling: Signaling,
        effects: Effects,
    ) -> None:
        self._own = own
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._signaling = signaling
        self._effects = effects
        self._queues: PendingSignals[Key] = PendingSignals(
            PATIENCE, WAITING_SIZE, effects.memory.signals, registry.flow_of
        )
        self._shares: Shares[SessionId] = Shares(MOST_TARGETS)
        self._asked: dict[Key, Awaited] = {}  # in the order in which to ask for them

    def __len__(self) -> int:
        """Return how many messages wait."""
        return len(self._queues)

    def awaits(self, namespace: str, target: PeerId) -> bool:
        """Tell whether messages wait for a target."""
        return bool(self._asked) and (namespace, key_of(target)) in self._asked

    def send(self, sender: VisitorMember, relay: Relay, now: float) -> None:
        """Send a message to its target, or have it wait."""
        namespace, target = relay.namespace, relay.target
        # Nothing overtakes.
        is_first = not (self.awaits(namespace, target) or self._signaling.waits(namespace, target))
        if not (is_first and self._signaling.try_to_send(relay, now)):
            self._wait(sender, relay, now)

    def on_undelivered(self, hub: PeerId, lost: Undelivered, now: float) -> bool:
        """Take back a message that has met nobody at a hub; tell whether that was to be done.

        Where its target was a moment ago is asked anew.
        """
        sender = self._signaling.outcomes.taken_back(lost, now)
        if sender is not None:
            self._take_back(sender, hub, lost, now)
        self.on_end(lost, now)
        return sender is not None

    def _take_back(self, sender: VisitorMember, hub: PeerId, lost: Undelivered, now: float) -> None:
        namespace, target = lost.namespace, lost.target
        self._presence.disprove(namespace, target, (hub, lost.session), now)
        own, session = sender.peer_id, sender.mesh_session
        relay = Relay(namespace, own, target, ANY_SESSION, lost.kind, lost.data, session)
        latest = self._signaling.destinations.find(lost)
        if latest is None or (latest.hub, latest.session) != (hub, lost.session):
            # Something that was said later has gone elsewhere.
            self._signaling.outcomes.fail(relay, Reason.NOT_FOUND, now)
            return
        awaited = self._wait(sender, relay, now, has_returned=True)
        if awaited is not None and latest.last not in (0, lost.number):
            awaited.missing.add(latest.last)

    def on_end(self, message: Relay | Undelivered, now: float) -> None:
        """Note that a message has come back or failed."""
        namespace, target = message.namespace, message.target
        self._signaling.destinations.end(message)
        awaited = self._asked.get((namespace, key_of(target)))
        if awaited is not None:
            awaited.missing.discard(message.number)
            self.release(namespace, target, now)

    def _wait(
        self, sender: VisitorMember, relay: Relay, now: float, *, has_returned: bool = False
    ) -> Awaited | None:
        """Have a message wait if there is room; return its target then."""
        key = relay.namespace, key_of(relay.target)
        awaited = self._asked.get(key)
        if awaited is None and not self._shares.has_room(sender.hub, 1):
            self._signaling.outcomes.fail(relay, Reason.OVERLOADED, now)
            return None
        place = awaited.returned if awaited is not None and has_returned else None
        if self._queues.add(key, self._own, relay, now, place) is Queued.FULL:
            self._signaling.outcomes.fail(relay, Reason.OVERLOADED, now)
            return None
        if awaited is None:
            self._shares.take(sender.hub, 1)
            awaited = Awaited(sender.hub, relay.target)
            self._ask(key, awaited, now)
        awaited.returned += has_returned
        return awaited

    def _ask(self, key: Key, awaited: Awaited, now: float) -> None:
        self._asked.pop(key, None)
        self._asked[key] = awaited
        awaited.ask_at = now + ASK_EVERY
        if len(self._placement) > 1:  # where there is no other hub, who is not here is nowhere
            namespace, target = key[0], awaited.target
            self._effects.tell_hub(self._placement.primary(namespace), Find(namespace, target))

    def _forget(self, key: Key) -> None:
        awaited = self._asked.pop(key, None)
        if awaited is not None:
            self._shares.give_back(awaited.visitor, 1)

    def release(self, namespace: str, target: PeerId, now: float) -> None:
        """Send what waits for a target if it is known where that is, and none is still to come."""
        key = namespace, key_of(target)
        awaited = self._asked.get(key)
        if (
            awaited is None
            or awaited.missing
            or not self._signaling.is_known(namespace, target, now)
        ):
            return
        self._forget(key)
        for _, relay, _ in self._queues.take(key):
            self._signaling.try_to_send(relay, now)

    def on_found(self, found: Found, now: float) -> None:
        """Take the answer to where a target is."""
        # Not as it was found: it may be known here to be gone.
        self.release(found.namespace, found.peer, now)

    def tick(self, now: float) -> None:
        """Give up what has waited for too long; each sender is told once for each target."""
        told: set[tuple[str, int, PeerId, str]] = set()
        for _, relay, _ in self._queues.expire(now):
            key = relay.namespace, key_of(relay.target)
            self._forget(key)
            # By session, as a client that has come again hears of its own; and of a kind, as only
            # one of the two is answered.
            alike = relay.namespace, relay.sender_session, relay.target, relay.kind
            if alike not in told:
                told.add(alike)
                self._signaling.outcomes.fail(relay, Reason.EXPIRED, now)
        while (due := self._ask_at()) is not None and due <= now:
            key, awaited = next(iter(self._asked.items()))
            self._ask(key, awaited, now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(self._queues.deadline(), self._ask_at())

    def _ask_at(self) -> float | None:
        return next((awaited.ask_at for awaited in self._asked.values()), None)
