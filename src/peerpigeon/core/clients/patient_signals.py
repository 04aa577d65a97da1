"""Messages of dialects that wait for their target to come, at one hub (PeerJS).

They wait for ``PATIENCE`` seconds from the first for a target on. Whether it has come to another
hub meanwhile is asked of its rendezvous hub again and again: a question that is lost costs a
moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.pending_signals import WAITING_SIZE, PendingSignals, Queued
from peerpigeon.core.clients.relays import ANY_SESSION
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.dialect import PATIENCE
from peerpigeon.core.ids import PeerKey, key_of
from peerpigeon.core.shares import Shares
from peerpigeon.core.wire.hub_news import Find, Relay
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from typing import TypeAlias

    from peerpigeon.core.clients.signaling import Signaling
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry, VisitorMember
    from peerpigeon.core.wire.hub_news import Found, Undelivered

    Key: TypeAlias = tuple[str, PeerKey]

ASK_EVERY = 0.5
"""Seconds from one question for a target to the next."""

MOST_TARGETS = 2048
"""Targets that are waited for at a hub; half of them for one visitor, if nobody else waits."""


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
        # For each target the visitor that was the first to wait for it, its id, and when to ask.
        self._asked: dict[Key, tuple[SessionId, PeerId, float]] = {}

    def __len__(self) -> int:
        """Return how many messages wait."""
        return len(self._queues)

    def awaits(self, namespace: str, target: PeerId) -> bool:
        """Tell whether messages wait for a target."""
        return (namespace, key_of(target)) in self._asked

    def send(self, sender: VisitorMember, relay: Relay, now: float) -> None:
        """Send a message to its target, or have it wait."""
        key = relay.namespace, key_of(relay.target)
        if key in self._asked:  # nothing overtakes
            self._wait(key, sender, relay, now)
        elif not self._signaling.try_to_send(relay, now):
            if self._shares.has_room(sender.hub, 1):
                self._wait(key, sender, relay, now)
            else:
                self._signaling.outcomes.fail(relay, Reason.OVERLOADED, now)

    def on_undelivered(self, hub: PeerId, lost: Undelivered, now: float) -> bool:
        """Send a message again that has met nobody at a hub; tell whether that was to be done.

        Where its target was a moment ago is asked anew. What its sender says meanwhile may go
        before the last ones that come back: of the messages of real clients only the first one, the
        offer, has to come first.
        """
        sender = self._signaling.outcomes.taken_back(lost, now)
        if sender is None:
            return False
        self._presence.disprove(lost.namespace, lost.target, (hub, lost.session), now)
        own, session = sender.peer_id, sender.mesh_session
        namespace, target, data = lost.namespace, lost.target, lost.data
        self.send(sender, Relay(namespace, own, target, ANY_SESSION, lost.kind, data, session), now)
        return True

    def _wait(self, key: Key, sender: VisitorMember, relay: Relay, now: float) -> None:
        queued = self._queues.add(key, self._own, relay, now)
        if queued is Queued.ASK:
            self._shares.take(sender.hub, 1)
            self._ask(key, sender.hub, relay.target, now)
        elif queued is Queued.FULL:
            self._signaling.outcomes.fail(relay, Reason.OVERLOADED, now)

    def _ask(self, key: Key, visitor: SessionId, target: PeerId, now: float) -> None:
        self._asked.pop(key, None)
        self._asked[key] = visitor, target, now + ASK_EVERY
        if len(self._placement) > 1:  # where there is no other hub, who is not here is nowhere
            namespace = key[0]
            self._effects.tell_hub(self._placement.primary(namespace), Find(namespace, target))

    def release(self, namespace: str, target: PeerId, now: float) -> None:
        """Send what waits for a target, as it is known by now where that is."""
        key = namespace, key_of(target)
        if key in self._asked:
            self._shares.give_back(self._asked.pop(key)[0], 1)
        for _, relay, _ in self._queues.take(key):
            self._signaling.try_to_send(relay, now)

    def on_found(self, found: Found, now: float) -> None:
        """Take the answer to where a target is."""
        if (found.namespace, key_of(found.peer)) not in self._asked:
            return
        # Not as it was found: it may be known here to be gone.
        if self._presence.locate(found.namespace, found.peer, now) is not None:
            self.release(found.namespace, found.peer, now)

    def tick(self, now: float) -> None:
        """Give up what has waited for too long; each sender is told once for each target."""
        told: set[tuple[str, int, PeerId, str]] = set()
        for _, relay, _ in self._queues.expire(now):
            key = relay.namespace, key_of(relay.target)
            if key in self._asked:
                self._shares.give_back(self._asked.pop(key)[0], 1)
            # By session, as a client that has come again hears of its own; and of a kind, as only
            # one of the two is answered.
            alike = relay.namespace, relay.sender_session, relay.target, relay.kind
            if alike not in told:
                told.add(alike)
                self._signaling.outcomes.fail(relay, Reason.EXPIRED, now)
        while (due := self._ask_at()) is not None and due <= now:
            key, (visitor, target, _) = next(iter(self._asked.items()))
            self._ask(key, visitor, target, now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(self._queues.deadline(), self._ask_at())

    def _ask_at(self) -> float | None:
        return next((at for _, _, at in self._asked.values()), None)
