"""Signals from client to client, here and over other hubs (S2, S22, S24).

A target is usually known from its introduction; else the primary rendezvous hub of its namespace is
asked, and what is for that target waits, so that nothing overtakes. The sender is told what cannot
be delivered.

Two more things are waited for. A client that has announced itself speaks, and is spoken to, from
when the mesh has granted it its id. And what comes from another hub in the name of somebody whom we
know elsewhere waits until the primary has said who has the id: it may be from a socket that the
sender had before, at a hub that has only now come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.answered_signals import AnsweredSignals
from peerpigeon.core.clients.pending_signals import PendingSignals, Queued
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerKey, key_of
from peerpigeon.core.namespaces.standing import Standing
from peerpigeon.core.sessions.recent_offers import RecentOffers
from peerpigeon.core.sessions.registry import Client, Guest
from peerpigeon.core.wire import client_messages, reference_messages
from peerpigeon.core.wire.client_messages import Signal
from peerpigeon.core.wire.hub_news import Find, Found, Located, Member, Relay, Undelivered
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Registry

WAITING_SIZE = 16 * 1024 * 1024
"""Bytes of signals that may wait for each of the three things that signals wait for."""

ANY_SESSION = 0


class Signaling:
    """The signals of one hub's clients."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        registry: Registry,
        namespaces: Namespaces,
        effects: Effects,
    ) -> None:
        self._own = own
        self._registry = registry
        self._by_key = registry.by_key
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._effects = effects
        lifetime = config.signal_lifetime
        # Until their target is found, by namespace and target.
        self._waiting: PendingSignals[tuple[str, PeerKey]] = PendingSignals(lifetime, WAITING_SIZE)
        # Until a client of ours has its id, by its session in the mesh: from it, and for it.
        self._held: PendingSignals[int] = PendingSignals(lifetime, WAITING_SIZE)
        # Until it is known who has the sender's id, by namespace and sender.
        self._doubtful: PendingSignals[tuple[str, PeerKey]] = PendingSignals(lifetime, WAITING_SIZE)
        self._answered = AnsweredSignals(lifetime)
        self._departed = 0  # the number of the last signal that left for another hub
        self.relayed = 0
        """Signals sent on to a client of ours or to another hub."""
        self.refused = 0
        """Signals answered with an error."""

    def on_signal(self, sender: Client | Guest, signal: Signal, now: float) -> None:
        """Pass a client's signal to its target, or tell the client why not."""
        kind, namespace = signal.kind, sender.granted_in
        if namespace is None or signal.namespace != namespace:
            self._on_early_signal(sender, signal, now)
            return
        if kind == "offer":
            if sender.sent_offers is None:
                sender.sent_offers = RecentOffers()
            sender.sent_offers.note(signal.target, now)
        elif kind == "connection-rejected" and self._is_superseded(sender, signal, now):
            self._refuse_signal(sender, kind, signal.target, Reason.SUPERSEDED, now)
            return
        # Most ids are in lower case, and so their own keys: not to make one saves 60 ns.
        by_key, name = self._by_key, signal.target
        target = by_key.get(name) or by_key.get(name.lower())  # type: ignore[call-overload]
        # What still waits for a target that has meanwhile come here must not be overtaken.
        if (
            target is not None
            and target.granted_in == namespace
            and not (self._waiting.queues and self._waits(namespace, signal.target))
        ):
            if isinstance(target, Client):  # as most are: asked first, and once
                self._deliver(target.session, target.peer_id, signal, sender.peer_id, now)
                return
            if isinstance(target, Guest):  # pragma: no branch: hubs have their own namespace
                self._deliver_to_guest(target, signal, sender, now)
                return
        data = bytes(signal.data)
        session = sender.mesh_session
        relay = Relay(namespace, sender.peer_id, signal.target, ANY_SESSION, kind, data, session)
        self._send_away(relay, now)

    # Clients whose id is not granted yet

    def _on_early_signal(self, sender: Client | Guest, signal: Signal, now: float) -> None:
        """Keep what a client says before it has its id; refuse what is for another namespace."""
        kind, namespace, target = signal.kind, sender.namespace, signal.target
        member = self._presence.find(signal.namespace, sender.peer_id)
        if signal.namespace != namespace or member is None or namespace == sender.granted_in:
            self._refuse_signal(sender, kind, target, Reason.NOT_ANNOUNCED, now)
            return
        session, data = member.session, bytes(signal.data)
        relay = Relay(namespace, sender.peer_id, target, ANY_SESSION, kind, data, session)
        if self._held.add(session, self._own, relay, now) is Queued.FULL:
            self._refuse_signal(sender, kind, target, Reason.OVERLOADED, now)

    def on_granted(self, namespace: str, member: Member, now: float) -> None:
        """Send and deliver what has waited for a client of ours to have its id."""
        party = self._registry.find_client(member.peer)
        if party is None:
            return  # it is a hub of the npm package
        party.granted_in, party.mesh_session = namespace, member.session
        for hub, relay in self._held.take(member.session):
            if relay.sender_session == member.session and hub == self._own:
                data = client_messages.raw(relay.data)
                self.on_signal(party, Signal(relay.kind, relay.target, namespace, data), now)
            else:
                self.on_relay(hub, relay, now)

    def leave(self, party: Client | Guest, session: int, now: float) -> None:
        """Give up what waits for a client of ours that leaves its namespace."""
        party.granted_in = None
        for hub, relay in self._held.take(session):
            if relay.sender_session == session and hub == self._own:
                self._refuse_signal(party, relay.kind, relay.target, Reason.NOT_ANNOUNCED, now)
            else:
                self._return(hub, relay, Reason.NOT_FOUND)

    # To other hubs

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

    def _deliver(
        self, session: SessionId, target: PeerId, signal: Signal, sender: PeerId, now: float
    ) -> None:
        self.relayed += 1
        effects = self._effects
        effects.send(
            session,
            client_messages.encode_signal(signal, sender, target, effects.milliseconds(now)),
        )

    def _deliver_to_guest(
        self, target: Guest, signal: Signal, sender: Client | Guest, now: float
    ) -> None:
        if signal.kind in reference_messages.SIGNALS:
            self._deliver(target.hub, target.peer_id, signal, sender.peer_id, now)
        else:
            self._refuse_signal(sender, signal.kind, signal.target, Reason.UNSUPPORTED, now)

    def _send_away(self, relay: Relay, now: float) -> None:
        """Send a signal to the hub that serves its target, once that is known."""
        namespace, target = relay.namespace, relay.target
        if not self._waits(namespace, target):
            located = self._presence.locate(namespace, target, now)
            if located is None and self._is_known_absent(namespace):
                self.fail(relay, Reason.NOT_FOUND, now)
                return
            if located is not None and located.hub != self._own:
                session = located.member.session
                self._departed = number = self._departed + 1
                kind, data, own = relay.kind, relay.data, relay.sender_session
                away = Relay(namespace, relay.sender, target, session, kind, data, own, number)
                self.relayed += 1
                self._effects.tell_hub(located.hub, away)
                return
        queued = self._waiting.add((namespace, key_of(target)), self._own, relay, now)
        if queued is Queued.ASK:
            self._effects.tell_hub(self._placement.primary(namespace), Find(namespace, target))
        elif queued is Queued.FULL:
            self.fail(relay, Reason.OVERLOADED, now)

    def _waits(self, namespace: str, target: PeerId) -> bool:
        return (namespace, key_of(target)) in self._waiting.queues

    def _is_known_absent(self, namespace: str) -> bool:
        # Where there is no other hub, who is not here is nowhere. A hub that we are yet to see as
        # a rendezvous hub may see us already, though, and have introduced somebody.
        return self._placement.rendezvous_hubs(namespace) == (self._own,)

    def on_found(self, found: Found, now: float) -> None:
        """Send what has waited for an answer on its way, or back."""
        self._presence.on_found(found, now)
        key, located = (found.namespace, key_of(found.peer)), found.located
        for hub, relay in self._doubtful.take(key):
            self._judge(hub, relay, located, now)
        for hub, relay in self._waiting.take(key):
            target = self._registry.find_client(relay.target)
            if target is not None and target.granted_in == relay.namespace:
                self.on_relay(hub, relay, now)
            elif located is not None and located.hub != self._own:
                self._send_away(relay, now)
            elif target is not None and target.namespace == relay.namespace:
                self.on_relay(hub, relay, now)  # it waits there until the target has its id
            else:
                self.fail(relay, Reason.NOT_FOUND, now)

    # From other hubs

    def on_relay(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Deliver a signal that came from another hub, or say that it cannot be."""
        if hub == self._own:
            self._deliver_relay(hub, relay, now)
            return
        namespace, sender, session = relay.namespace, relay.sender, relay.sender_session
        if self._doubtful.queues and (namespace, key_of(sender)) in self._doubtful.queues:
            self._doubt(hub, relay, now)
            return
        standing = self._presence.standing(namespace, sender, hub, session, now)
        if standing is Standing.CURRENT:  # most often
            self._deliver_relay(hub, relay, now)
        elif standing is Standing.UNKNOWN:
            self._note_sender(hub, relay, now)
            self._deliver_relay(hub, relay, now)
        elif standing is Standing.CONTESTED:
            self._doubt(hub, relay, now)
        else:
            self._return(hub, relay, Reason.REPLACED)

    def _doubt(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Let a signal wait until it is known who has the id of its sender."""
        namespace, sender = relay.namespace, relay.sender
        queued = self._doubtful.add((namespace, key_of(sender)), hub, relay, now)
        if queued is Queued.ASK:
            self._effects.tell_hub(self._placement.primary(namespace), Find(namespace, sender))
        elif queued is Queued.FULL:
            self._return(hub, relay, Reason.OVERLOADED)

    def _judge(self, hub: PeerId, relay: Relay, located: Located | None, now: float) -> None:
        """Deliver a doubtful signal if its sender has the id, as far as the primary knows."""
        if located is None:
            self._deliver_relay(hub, relay, now)
        elif (located.hub, located.member.session) == (hub, relay.sender_session):
            self._yield_id(relay)
            self._deliver_relay(hub, relay, now)
        else:
            self._return(hub, relay, Reason.REPLACED)

    def _yield_id(self, relay: Relay) -> None:
        """Have a client of ours ask anew for an id under which somebody else may speak."""
        ours = self._registry.find_client(relay.sender)
        if ours is not None and ours.granted_in == relay.namespace:
            ours.granted_in = None
            self._presence.renounce(relay.namespace, ours.peer_id)

    def _deliver_relay(self, hub: PeerId, relay: Relay, now: float) -> None:
        target = self._registry.find_client(relay.target)
        member = self._presence.find(relay.namespace, relay.target)
        if (
            target is None
            or member is None
            or target.namespace != relay.namespace
            or relay.session not in (ANY_SESSION, member.session)
        ):
            self._return(hub, relay, Reason.NOT_FOUND)
            return
        if target.granted_in is None:
            if self._held.add(member.session, hub, relay, now) is Queued.FULL:
                self._return(hub, relay, Reason.OVERLOADED)
            return
        if isinstance(target, Guest) and relay.kind not in reference_messages.SIGNALS:
            self._return(hub, relay, Reason.UNSUPPORTED)
            return
        signal = Signal(relay.kind, relay.target, relay.namespace, client_messages.raw(relay.data))
        self.relayed -= hub == self._own
        if relay.kind == "offer" and hub != self._own:
            if target.remote_offers is None:
                target.remote_offers = RecentOffers()
            target.remote_offers.note(relay.sender, now)
        session = target.session if isinstance(target, Client) else target.hub
        self._deliver(session, target.peer_id, signal, relay.sender, now)

    def _return(self, hub: PeerId, relay: Relay, reason: Reason) -> None:
        lost = Undelivered(
            relay.namespace,
            relay.sender,
            relay.target,
            relay.kind,
            reason,
            relay.sender_session,
            relay.number,
        )
        self._effects.tell_hub(hub, lost)

    def _note_sender(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Remember where a sender is: the answer may be faster than the news of who it is."""
        member = Member(relay.sender, relay.sender_session, b"{}")
        found = Found(relay.namespace, relay.sender, Located(hub, member))
        self._presence.on_found(found, now)

    def on_undelivered(self, lost: Undelivered, now: float) -> None:
        """Tell a sender that its signal has come back, unless it was told that it has failed."""
        if not self._answered.is_too_old(lost.number):
            self._report(lost, lost.reason, now)

    def fail(self, relay: Relay, reason: Reason, now: float) -> None:
        """Tell a sender that its signal could not be delivered (S24), unless it came back."""
        self._report(relay, reason, now)

    def _report(self, signal: Relay | Undelivered, reason: Reason, now: float) -> None:
        sender = self._sender(signal)
        if sender is not None and self._answered.note(signal.number, now):
            self._refuse_signal(sender, signal.kind, signal.target, reason, now)

    def _sender(self, signal: Relay | Undelivered) -> Client | Guest | None:
        """Return the client that has sent a signal, if it is still the same one."""
        member = self._presence.find(signal.namespace, signal.sender)
        if member is None or member.session != signal.sender_session:
            return None
        return self._registry.find_client(signal.sender)

    def _refuse_signal(
        self, sender: Client | Guest, kind: str, target: PeerId, reason: Reason, now: float
    ) -> None:
        # One answer for a peer that is elsewhere and for one that is nowhere: whether an id is
        # connected in another namespace is nobody's business here (S25).
        self.refused += 1
        if isinstance(sender, Guest):
            return  # its hub has no way to tell it
        kind = kind[: client_messages.QUOTED_LENGTH]
        text = f"{kind} to {target} not delivered: {reason.text}"
        detail: dict[str, object] = {"type": kind, "targetPeerId": target, "reason": reason}
        at = self._effects.milliseconds(now)
        self._effects.send(
            sender.session, client_messages.encode_error(text, sender.namespace, at, detail)
        )

    def tick(self, now: float) -> None:
        """Give up what has waited too long."""
        for queues in (self._waiting, self._held, self._doubtful):
            for hub, relay in queues.expire(now):
                if hub == self._own:
                    self.fail(relay, Reason.EXPIRED, now)
                else:
                    self._return(hub, relay, Reason.EXPIRED)

    def forget(self, now: float) -> None:
        """Forget what was answered long ago; to be called after streams have given up their due.

        No deadline asks for it: heartbeats wake a hub of a mesh often enough.
        """
        self._answered.forget(now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(self._waiting.deadline(), self._held.deadline(), self._doubtful.deadline())
