"""Signals that come from other hubs, for clients of this one.

Who speaks is checked, for a client may have moved from one hub to another. What comes from a socket
that it had before, at a hub that has only now come back, must not arrive behind what it has sent
since. A signal in the name of somebody whom we know elsewhere waits until the primary rendezvous
hub has said who has the id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.pending_signals import WAITING_SIZE, PendingSignals, Queued
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerKey, key_of
from peerpigeon.core.interface.spans import DELIVERED
from peerpigeon.core.namespaces.granted_ids import Standing
from peerpigeon.core.sessions.recent_offers import RecentOffers
from peerpigeon.core.sessions.registry import Client, Guest, VisitorMember
from peerpigeon.core.wire import client_messages, reference_messages
from peerpigeon.core.wire.announce_validation import RESERVED
from peerpigeon.core.wire.client_messages import Signal
from peerpigeon.core.wire.hub_news import Find, Found, Located, Member
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from peerpigeon.core.clients.pending_signals import Waiting
    from peerpigeon.core.clients.signal_outcomes import SignalOutcomes
    from peerpigeon.core.clients.slow_targets import SlowTargets
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry
    from peerpigeon.core.wire.hub_news import Relay

ASK_AGAIN = 0.5
"""Seconds until the primary is asked once more who has an id of which it knows nothing, and after
which another one is asked if the primary has changed."""

ANY_SESSION = 0
"""Stands in a ``Relay`` for a session of the target that its sender's hub does not know."""


class IncomingRelays:
    """The signals that other hubs pass on to one hub's clients.

    ``held`` has what waits for a client of ours to be granted its id, by its session in the mesh.
    """

    def __init__(  # noqa: PLR0913
        self,
        own: PeerId,
        registry: Registry,
        namespaces: Namespaces,
        held: PendingSignals[int],
        outcomes: SignalOutcomes,
        effects: Effects,
        *,
        slow: SlowTargets,
        config: ServerConfig,
    ) -> None:
        self._own = own
        self._registry = registry
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._held = held
        # Until it is known who has the sender's id, by namespace and sender.
        self._doubtful: PendingSignals[tuple[str, PeerKey]] = PendingSignals(
            config.signal_lifetime, WAITING_SIZE, effects.memory.signals, registry.flow_of
        )
        # When to ask once more who has an id, in order of time; and who has been asked and has yet
        # to answer, if anybody.
        self._ask_again: dict[tuple[str, PeerKey], tuple[PeerId, float, PeerId | None]] = {}
        self._outcomes = outcomes
        self._slow = slow
        self._effects = effects
        self._tracer = effects.tracer

    @property
    def doubtful(self) -> int:
        """How many signals wait until it is known who has the id of their sender."""
        return len(self._doubtful)

    def receive(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Deliver a signal that came from another hub, or say that it cannot be."""
        if self._tracer is not None and relay.trace is not None:
            self._tracer.arrived(hub, relay, now)
        namespace, sender, session = relay.namespace, relay.sender, relay.sender_session
        if self._doubtful.queues and (namespace, key_of(sender)) in self._doubtful.queues:
            self._doubt(hub, relay, now)
            return
        standing = self._presence.ids.standing(namespace, sender, hub, session, now)
        if standing is Standing.CURRENT:  # most often
            self.deliver(hub, relay, now)
        elif namespace.startswith(RESERVED):
            self.deliver(hub, relay, now)  # its sender may be in another one
        elif standing is Standing.OVER:
            self._outcomes.send_back(hub, relay, Reason.REPLACED, now)
        elif self._target(relay) is None:
            self._outcomes.send_back(hub, relay, Reason.NOT_FOUND, now)
        else:  # any hub may say that somebody is its client
            self._doubt(hub, relay, now)

    def _doubt(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Let a signal wait until it is known who has the id of its sender."""
        namespace, sender = relay.namespace, relay.sender
        queued = self._doubtful.add((namespace, key_of(sender)), hub, relay, now)
        if queued is Queued.ASK:
            self._ask((namespace, key_of(sender)), sender, now)
        elif queued is Queued.FULL:
            self._outcomes.send_back(hub, relay, Reason.OVERLOADED, now)

    def _ask(self, key: tuple[str, PeerKey], sender: PeerId, now: float) -> None:
        """Ask who has an id; if the primary is another one later, that is asked too."""
        primary = self._placement.primary(key[0])
        self._effects.tell_hub(primary, Find(key[0], sender))
        self._note_asked(key, sender, now, primary)

    def _note_asked(
        self, key: tuple[str, PeerKey], sender: PeerId, now: float, asked: PeerId | None
    ) -> None:
        self._ask_again.pop(key, None)
        self._ask_again[key] = sender, now + ASK_AGAIN, asked

    def on_found(self, found: Found, now: float) -> None:
        """Deliver what has waited for an answer, or send it back."""
        key = found.namespace, key_of(found.peer)
        if found.located is not None:
            for hub, relay, _ in self._doubtful.take(key):
                self._judge(hub, relay, found.located, now)
            return
        over = self._doubtful.take_if(key, lambda waiting: self._may_be_over(waiting, now))
        for hub, relay, _ in over:
            self._outcomes.send_back(hub, relay, Reason.REPLACED, now)
        if key in self._doubtful.queues:
            # Nobody speaks before the primary has granted an id. A new one may have to hear of it.
            self._note_asked(key, found.peer, now, None)

    def _may_be_over(self, waiting: Waiting, now: float) -> bool:
        relay = waiting.relay
        namespace, sender, session = relay.namespace, relay.sender, relay.sender_session
        return self._presence.ids.may_be_over(namespace, sender, waiting.hub, session, now)

    def _judge(self, hub: PeerId, relay: Relay, located: Located, now: float) -> None:
        """Deliver a doubtful signal if its sender has the id, as far as the primary knows."""
        if (located.hub, located.member.session) == (hub, relay.sender_session):
            self._yield_id(relay)
            self.deliver(hub, relay, now)
        else:
            self._outcomes.send_back(hub, relay, Reason.REPLACED, now)

    def _yield_id(self, relay: Relay) -> None:
        """Have a client of ours ask anew for an id under which somebody else may speak."""
        ours = self._registry.find_client(relay.sender)
        if ours is not None and ours.granted_in == relay.namespace:
            ours.granted_in = None
            self._presence.renounce(relay.namespace, ours.peer_id)

    def _target(self, relay: Relay) -> Member | None:
        """Return our client that a signal is for, if it is still the one that was meant."""
        member = self._presence.find(relay.namespace, relay.target)
        if member is None or relay.session in (ANY_SESSION, member.session):
            return member
        return member if self._presence.current(relay.session) == member.session else None

    def deliver(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Deliver a signal that came from a hub, or have it wait until its target has its id."""
        target = self._registry.find_client(relay.target)
        member = self._target(relay)
        if target is None or member is None or target.namespace != relay.namespace:
            self._outcomes.send_back(hub, relay, Reason.NOT_FOUND, now)
            return
        if target.granted_in is None:
            if self._held.add(member.session, hub, relay, now) is Queued.FULL:
                self._outcomes.send_back(hub, relay, Reason.OVERLOADED, now)
            return
        is_of_dialect = isinstance(target, VisitorMember)
        if (
            isinstance(target, Guest)
            and not is_of_dialect
            and relay.kind not in reference_messages.SIGNALS
        ):
            self._outcomes.send_back(hub, relay, Reason.UNSUPPORTED, now)
            return
        session = target.session if isinstance(target, Client) else target.hub
        if self._slow.senders and (
            reason := self._slow.objection(session, relay.sender, None, len(relay.data), now)
        ):
            self._outcomes.send_back(hub, relay, reason, now)
            return
        if is_of_dialect:
            self._outcomes.hand_over(session, relay.data)
        else:
            self._deliver_signal(hub, relay, target, session, now)
        if self._tracer is not None and relay.trace is not None:
            self._tracer.ended(hub, relay, DELIVERED, now)

    def _deliver_signal(
        self, hub: PeerId, relay: Relay, target: Client | Guest, session: SessionId, now: float
    ) -> None:
        signal = Signal(relay.kind, relay.target, relay.namespace, client_messages.raw(relay.data))
        if relay.kind == "offer" and hub != self._own:
            if target.remote_offers is None:
                target.remote_offers = RecentOffers()
            target.remote_offers.note(relay.sender, now)
        self._outcomes.deliver(session, target.peer_id, signal, relay.sender, now)

    def tick(self, now: float) -> None:
        """Send back what has waited too long."""
        for hub, relay, _ in self._doubtful.expire(now):
            self._outcomes.send_back(hub, relay, Reason.EXPIRED, now)
        while self._ask_again:
            key, (peer, when, asked) = next(iter(self._ask_again.items()))
            if when > now:
                break
            del self._ask_again[key]
            if key not in self._doubtful.queues:
                continue
            if asked == self._placement.primary(key[0]):
                self._note_asked(key, peer, now, asked)  # it may yet answer
            else:
                self._ask(key, peer, now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        again = next((when for _, when, _ in self._ask_again.values()), None)
        return earliest(self._doubtful.deadline(), again)
