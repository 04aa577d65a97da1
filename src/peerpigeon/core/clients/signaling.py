"""Signals from client to client, here and over other hubs (S2, S22, S24).

A target is usually known from its introduction; else the primary rendezvous hub of its namespace is
asked, and what is for that target waits, so that nothing overtakes. The sender is told what cannot
be delivered.

A client that has announced itself speaks, and is spoken to, from when the mesh has granted it its
id. What comes before that waits, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.changes import VisitorTold
from peerpigeon.core.clients.destinations import Destinations
from peerpigeon.core.clients.pending_signals import WAITING_SIZE, PendingSignals, Queued
from peerpigeon.core.clients.relays import ANY_SESSION, IncomingRelays
from peerpigeon.core.clients.signal_outcomes import SignalOutcomes
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.dialect import Granted as MemberGranted
from peerpigeon.core.ids import PeerKey, key_of
from peerpigeon.core.sessions.recent_offers import RecentOffers
from peerpigeon.core.sessions.registry import Client, Guest, VisitorMember
from peerpigeon.core.wire import client_messages, reference_messages
from peerpigeon.core.wire.announce_validation import RESERVED
from peerpigeon.core.wire.client_messages import Signal
from peerpigeon.core.wire.hub_news import Find, Found, Located, Member, News, Relay
from peerpigeon.core.wire.nesting import is_too_deep
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.clients.fairness import Fairness
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry


class Signaling:
    """The signals of one hub's clients."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        registry: Registry,
        namespaces: Namespaces,
        effects: Effects,
        *,
        fairness: Fairness,
    ) -> None:
        self._own = own
        self._registry = registry
        self._by_key = registry.by_key
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._effects = effects
        self._tracer = effects.tracer
        lifetime, memory = config.signal_lifetime, effects.memory.signals
        # Until their target is found, by namespace and target.
        self._waiting: PendingSignals[tuple[str, PeerKey]] = PendingSignals(
            lifetime, WAITING_SIZE, memory, registry.flow_of
        )
        # Until a client of ours has its id, by its session in the mesh: from it, and for it.
        self._held: PendingSignals[int] = PendingSignals(
            lifetime, WAITING_SIZE, memory, registry.flow_of
        )
        self._departed = 0  # the number of the last signal that left, most often for another hub
        self.destinations = Destinations(lifetime)
        self._slow = slow = fairness.slow
        self.outcomes = SignalOutcomes(registry, self._presence, lifetime, effects, fairness.rates)
        self.relays = IncomingRelays(
            own,
            registry,
            namespaces,
            self._held,
            self.outcomes,
            effects,
            slow=slow,
            config=config,
        )

    def on_signal(self, sender: Client | Guest, signal: Signal, now: float) -> bool:
        """Pass a client's signal to its target, or tell the client why not.

        Returns whether it was delivered here and nothing of it is left for later.
        """
        kind, namespace = signal.kind, sender.granted_in
        if namespace is None or signal.namespace != namespace:
            self._on_early_signal(sender, signal, now)
            return False
        if kind == "offer":
            if sender.sent_offers is None:
                sender.sent_offers = RecentOffers()
            sender.sent_offers.note(signal.target, now)
        elif kind == "connection-rejected" and self._is_superseded(sender, signal, now):
            self.outcomes.refuse(sender, kind, signal.target, Reason.SUPERSEDED, now)
            return False
        # Most ids are in lower case, and so their own keys: not to make one saves 60 ns.
        by_key, name = self._by_key, signal.target
        target = by_key.get(name) or by_key.get(name.lower())  # type: ignore[call-overload]
        # What still waits for a target that has meanwhile come here must not be overtaken.
        if (
            target is not None
            and target.granted_in == namespace
            and not (self._waiting.queues and self.waits(namespace, signal.target))
        ):
            if isinstance(target, Client):  # as most are: asked first, and once
                if self._slow.senders and (
                    reason := self._slow.objection(
                        target.session, sender.peer_id, _socket_of(sender), len(signal.data), now
                    )
                ):
                    self.outcomes.refuse(sender, kind, signal.target, reason, now)
                    return False
                self.outcomes.deliver(target.session, target.peer_id, signal, sender.peer_id, now)
                return not self._slow.senders
            if isinstance(target, Guest):  # pragma: no branch: hubs have their own namespace
                self._deliver_to_guest(target, signal, sender, now)
                return False
        data = bytes(signal.data)
        if is_too_deep(data):
            self.outcomes.refuse(sender, kind, signal.target, Reason.TOO_DEEP, now)
            return False
        session = sender.mesh_session
        trace = None if self._tracer is None else self._tracer.begun(now)
        relay = Relay(
            namespace, sender.peer_id, signal.target, ANY_SESSION, kind, data, session, 0, trace
        )
        self._send_away(relay, now)
        return False

    # Clients whose id is not granted yet

    def _on_early_signal(self, sender: Client | Guest, signal: Signal, now: float) -> None:
        """Keep what a client says before it has its id; refuse what is for another namespace."""
        kind, namespace, target = signal.kind, sender.namespace, signal.target
        member = self._presence.find(signal.namespace, sender.peer_id)
        if signal.namespace != namespace or member is None or namespace == sender.granted_in:
            self.outcomes.refuse(sender, kind, target, Reason.NOT_ANNOUNCED, now)
            return
        session, data = member.session, bytes(signal.data)
        relay = Relay(namespace, sender.peer_id, target, ANY_SESSION, kind, data, session)
        if self._held.add(session, self._own, relay, now) is Queued.FULL:
            self.outcomes.refuse(sender, kind, target, Reason.OVERLOADED, now)

    def on_granted(self, namespace: str, member: Member, now: float) -> None:
        """Send and deliver what has waited for a client of ours to have its id."""
        party = self._registry.find_client(member.peer)
        if party is None:
            return  # it is a hub of the npm package
        if isinstance(party, VisitorMember):
            # Its visitor is told before it hears of anything else.
            news = MemberGranted(namespace, member.peer)
            self._effects.report(VisitorTold(party.hub, news))
            return
        self.begin(party, namespace, member, now)

    def begin(self, party: Client | Guest, namespace: str, member: Member, now: float) -> None:
        """Have somebody speak who has its id, and send and deliver what has waited for that."""
        party.granted_in, party.mesh_session = namespace, member.session
        for hub, relay, _ in self._held.take(member.session):
            is_own = relay.sender_session == member.session and hub == self._own
            if is_own and not isinstance(party, VisitorMember):
                data = client_messages.raw(relay.data)
                self.on_signal(party, Signal(relay.kind, relay.target, namespace, data), now)
            else:
                self.relays.deliver(hub, relay, now)

    def leave(self, party: Client | Guest, session: int, now: float) -> None:
        """Give up what waits for a client of ours that leaves its namespace."""
        party.granted_in = None
        for hub, relay, _ in self._held.take(session):
            if relay.sender_session == session and hub == self._own:
                self.outcomes.refuse(party, relay.kind, relay.target, Reason.NOT_ANNOUNCED, now)
            else:
                self.outcomes.send_back(hub, relay, Reason.NOT_FOUND, now)

    # This hub rises

    def rise(self, sessions: Mapping[int, int]) -> None:
        """Let what waits, and who speaks, go on under other sessions of our clients."""
        for party in self._registry:
            if isinstance(party, Client | Guest):
                party.mesh_session = sessions.get(party.mesh_session, party.mesh_session)
        self._waiting.change(self._own, self._renewed)
        self._held.change(self._own, self._renewed)
        self._held.rename(sessions)

    def renewed(self, news: News) -> News:
        """Return what is under way from this hub as it has to be said since it has risen."""
        return self._renewed(news) if isinstance(news, Relay) else news

    def _renewed(self, relay: Relay) -> Relay:
        session = self._presence.current(relay.sender_session)
        return msgspec.structs.replace(relay, sender_session=session)

    # Clients that have their ids

    def _is_superseded(self, sender: Client | Guest, rejection: Signal, now: float) -> bool:
        # Its own offer is the better answer. A real client that is told both closes the very
        # connection with which it is answering that offer.
        target = self._registry.find_client(rejection.target)
        if target is None:
            received, offerer = sender.remote_offers, rejection.target
        else:
            received, offerer = target.sent_offers, sender.peer_id
        sent = sender.sent_offers
        have_crossed = (
            sent is not None
            and received is not None
            and sent.has(rejection.target, now)
            and received.has(offerer, now)
        )
        return have_crossed and client_messages.is_role_conflict(rejection)

    def _deliver_to_guest(
        self, target: Guest, signal: Signal, sender: Client | Guest, now: float
    ) -> None:
        if signal.kind in reference_messages.SIGNALS:
            self.outcomes.deliver(target.hub, target.peer_id, signal, sender.peer_id, now)
        else:
            self.outcomes.refuse(sender, signal.kind, signal.target, Reason.UNSUPPORTED, now)

    def _send_away(self, relay: Relay, now: float) -> None:
        """Send a signal to the hub that serves its target, once that is known."""
        namespace, target = relay.namespace, relay.target
        if not self.waits(namespace, target):
            located = self._presence.locate(namespace, target, now)
            if located is None and len(self._placement) == 1:
                # Where there is no other hub, who is not here is nowhere.
                self.outcomes.fail(relay, Reason.NOT_FOUND, now)
                return
            if located is not None and located.hub != self._own:
                self.pass_on(relay, located, now)
                return
        queued = self._waiting.add((namespace, key_of(target)), self._own, relay, now)
        if queued is Queued.ASK:
            self._effects.tell_hub(self._placement.primary(namespace), Find(namespace, target))
        elif queued is Queued.FULL:
            self.outcomes.fail(relay, Reason.OVERLOADED, now)

    def pass_on(self, relay: Relay, located: Located, now: float) -> None:
        """Send a signal to the hub that serves its target."""
        away = self._numbered(relay, located.member.session)
        if relay.namespace.startswith(RESERVED):
            self.destinations.note(away, located.hub, now)
        self.outcomes.pass_on(located.hub, away, now)

    def _numbered(self, relay: Relay, session: int) -> Relay:
        """Return a signal as it leaves for a registration of its target."""
        self._departed = number = self._departed + 1
        namespace, target, own = relay.namespace, relay.target, relay.sender_session
        kind, data, trace = relay.kind, relay.data, relay.trace
        return Relay(namespace, relay.sender, target, session, kind, data, own, number, trace)

    def send(self, relay: Relay, now: float) -> None:
        """Send a message of a dialect to its target."""
        if self.waits(relay.namespace, relay.target) or not self.try_to_send(relay, now):
            self._send_away(relay, now)

    def try_to_send(self, relay: Relay, now: float) -> bool:
        """Send a message of a dialect if it is known where its target is; tell whether it is."""
        namespace, target = relay.namespace, relay.target
        located = self._presence.locate(namespace, target, now)
        if located is not None and located.hub != self._own:
            self.pass_on(relay, located, now)
            return True
        party, member = self._member(namespace, target), self._presence.find(namespace, target)
        if party is None or member is None:
            return False
        if party.granted_in == namespace:
            self.destinations.forget_pair(namespace, relay.sender, target)
        else:  # it waits there until that is decided, and may come back
            relay = self._numbered(relay, member.session)
            self.destinations.note(relay, self._own, now)
        self.relays.deliver(self._own, relay, now)
        return True

    def is_known(self, namespace: str, target: PeerId, now: float) -> bool:
        """Tell whether ``try_to_send`` would send a message of a dialect, and overtake none."""
        if self.waits(namespace, target):
            return False
        located = self._presence.locate(namespace, target, now)
        if located is not None and located.hub != self._own:
            return True
        is_here = self._presence.find(namespace, target) is not None
        return is_here and self._member(namespace, target) is not None

    def _member(self, namespace: str, target: PeerId) -> VisitorMember | None:
        party = self._registry.find_client(target)
        if isinstance(party, VisitorMember) and party.namespace == namespace:
            return party
        return None

    def waits(self, namespace: str, target: PeerId) -> bool:
        """Tell whether signals wait for a target to be found."""
        return bool(self._waiting.queues) and (namespace, key_of(target)) in self._waiting.queues

    def on_found(self, found: Found, now: float) -> None:
        """Send what has waited for an answer on its way, or back."""
        self._presence.on_found(found, now)
        self.relays.on_found(found, now)
        # Not as it was found: it may be known here to be gone. To ask again would be a circle.
        located = self._presence.locate(found.namespace, found.peer, now)
        for hub, relay, _ in self._waiting.take((found.namespace, key_of(found.peer))):
            target = self._registry.find_client(relay.target)
            if relay.namespace.startswith(RESERVED):
                if not self.try_to_send(relay, now):
                    self.outcomes.fail(relay, Reason.NOT_FOUND, now)
            elif target is not None and target.granted_in == relay.namespace:
                self.relays.deliver(hub, relay, now)
            elif located is not None and located.hub != self._own:
                self.pass_on(relay, located, now)
            elif target is not None and target.namespace == relay.namespace:
                self.relays.deliver(hub, relay, now)  # it waits there until the target has its id
            else:
                self.outcomes.fail(relay, Reason.NOT_FOUND, now)

    def waiting(self) -> dict[str, int]:
        """Return how many signals wait, by what for; costs O(things that are waited for)."""
        return {
            "target": len(self._waiting),
            "grant": len(self._held),
            "sender": self.relays.doubtful,
        }

    def tick(self, now: float) -> None:
        """Give up what has waited too long."""
        self.relays.tick(now)
        for queues in (self._waiting, self._held):
            for hub, relay, _ in queues.expire(now):
                if hub == self._own:
                    self.outcomes.fail(relay, Reason.EXPIRED, now)
                else:
                    self.outcomes.send_back(hub, relay, Reason.EXPIRED, now)

    def forget(self, now: float) -> None:
        """Forget what left long ago; to be called after streams have given up their due.

        No deadline asks for it: heartbeats wake a hub of a mesh often enough.
        """
        self.outcomes.forget(now)
        self.destinations.forget(now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(self._waiting.deadline(), self._held.deadline(), self.relays.deadline())


def _socket_of(sender: Client | Guest) -> SessionId | None:
    """Return the socket by which only this client speaks."""
    return sender.session if isinstance(sender, Client) else None
