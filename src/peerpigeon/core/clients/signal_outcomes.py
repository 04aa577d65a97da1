"""What becomes of a signal: delivered, refused or sent back; its sender is told once (S24)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import VisitorTold
from peerpigeon.core.clients.answered_signals import AnsweredSignals
from peerpigeon.core.counts import add, family_of
from peerpigeon.core.dialects.dialect import Undelivered as SendUndelivered
from peerpigeon.core.sessions.registry import Guest, Visitor, VisitorMember
from peerpigeon.core.wire import client_messages
from peerpigeon.core.wire.announce_validation import RESERVED
from peerpigeon.core.wire.hub_news import Relay, Undelivered
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from peerpigeon.core.clients.rates import Rates
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.namespaces.presence import Presence
    from peerpigeon.core.sessions.registry import Client, Registry
    from peerpigeon.core.wire.client_messages import Signal

ANSWERED_SEND, SEND = "message", "notice"
"""Kinds of the messages of dialects: those whose sender is told if they are not delivered, and the
others."""


MOST_RETURNED = 64 * 1024
"""Bytes of a message of a dialect that comes back with its end: far more than a real one has."""


class SignalOutcomes:
    """The ends of the signals from and for one hub's clients. ``lifetime`` of each: seconds."""

    def __init__(
        self,
        registry: Registry,
        presence: Presence,
        lifetime: float,
        effects: Effects,
        rates: Rates,
    ) -> None:
        self._rates = rates
        self._registry = registry
        self._presence = presence
        self._effects = effects
        self._answered = AnsweredSignals(lifetime)
        self._counts = effects.counts
        self._delivered = effects.counts.delivered
        self._of_dialects = self._delivered[family_of(SEND)]
        self._tracer = effects.tracer

    def deliver(
        self, session: SessionId, target: PeerId, signal: Signal, sender: PeerId, now: float
    ) -> None:
        """Hand a signal to a client of ours, or to the hub of a guest."""
        try:
            self._delivered[signal.kind].value += 1
        except KeyError:  # one of those that few clients send
            self._delivered[family_of(signal.kind)].value += 1
        effects = self._effects
        effects.send(
            session,
            client_messages.encode_signal(signal, sender, target, effects.milliseconds(now)),
        )

    def hand_over(self, visitor: SessionId, data: bytes) -> None:
        """Hand a message of a dialect to the visitor that speaks for its target, as it is."""
        self._of_dialects.value += 1
        self._effects.send(visitor, data)

    def pass_on(self, hub: PeerId, relay: Relay, now: float) -> None:
        """Send a signal of a client of ours to the hub of its target."""
        self._counts.passed_on[family_of(relay.kind)].value += 1
        self._effects.tell_hub(hub, relay)
        if self._tracer is not None and relay.trace is not None:
            self._tracer.passed_on(hub, relay, now)

    def send_back(self, hub: PeerId, relay: Relay, reason: Reason, now: float) -> None:
        """Send a signal back to the hub that it came from."""
        self._counts.returned[family_of(relay.kind)].value += 1
        # Its target may have moved, and its hub not have heard of it: then it can be sent there.
        returns = relay.kind == ANSWERED_SEND and len(relay.data) <= MOST_RETURNED
        lost = Undelivered(
            relay.namespace,
            relay.sender,
            relay.target,
            relay.kind,
            reason,
            relay.sender_session,
            relay.number,
            relay.trace,
            relay.data if returns else b"",
            relay.session if returns else 0,
        )
        self._effects.tell_hub(hub, lost)
        if self._tracer is not None and relay.trace is not None:
            self._tracer.ended(hub, relay, reason, now)

    def on_undelivered(self, lost: Undelivered, now: float) -> None:
        """Tell a sender that its signal has come back, unless it was told that it has failed."""
        if not self._answered.is_too_old(lost.number):
            self._report(lost, lost.reason, now)

    def taken_back(self, lost: Undelivered, now: float) -> VisitorMember | None:
        """Return the sender of a message that has come back if the message may be sent again."""
        if lost.reason is not Reason.NOT_FOUND or not lost.data:
            return None
        sender = self._sender(lost)
        is_first = not self._answered.is_too_old(lost.number)
        if not isinstance(sender, VisitorMember) or not is_first:
            return None
        return sender if self._answered.note(lost.number, now) else None

    def fail(self, relay: Relay, reason: Reason, now: float) -> None:
        """Tell a sender that its signal could not be delivered (S24), unless it came back."""
        self._report(relay, reason, now)

    def _report(self, signal: Relay | Undelivered, reason: Reason, now: float) -> None:
        if self._tracer is not None and signal.trace is not None:
            self._tracer.failed(signal, reason, now)
        sender = self._sender(signal)
        if sender is not None and self._answered.note(signal.number, now):
            if isinstance(sender, VisitorMember):
                self._report_to_visitor(sender, signal, now)
            self.refuse(sender, signal.kind, signal.target, reason, now)

    def _report_to_visitor(
        self, sender: VisitorMember, signal: Relay | Undelivered, now: float
    ) -> None:
        visitor = self._registry.get(sender.hub)
        if isinstance(visitor, Visitor):  # pragma: no branch: it goes after those it speaks for
            self._rates.faulted(visitor, 1, now)
        if signal.kind == ANSWERED_SEND:
            news = SendUndelivered(signal.namespace, sender.peer_id, signal.target)
            self._effects.report(VisitorTold(sender.hub, news))

    def _sender(self, signal: Relay | Undelivered) -> Client | Guest | None:
        """Return the client that has sent a signal, if it is still the same one."""
        session = self._presence.current(signal.sender_session)
        if signal.namespace.startswith(RESERVED):  # its sender may be in another one
            sender = self._registry.find_client(signal.sender)
            return sender if sender is not None and sender.mesh_session == session else None
        member = self._presence.find(signal.namespace, signal.sender)
        if member is None or member.session != session:
            return None
        return self._registry.find_client(signal.sender)

    def refuse(
        self, sender: Client | Guest, kind: str, target: PeerId, reason: Reason, now: float
    ) -> None:
        """Tell a client that its signal is not delivered, if it can be told."""
        # One answer for a peer that is elsewhere and for one that is nowhere: whether an id is
        # connected in another namespace is nobody's business here (S25).
        add(self._counts.refused, (family_of(kind), reason.name.lower()))
        if isinstance(sender, Guest):
            return  # its hub has no way to tell it
        kind = kind[: client_messages.QUOTED_LENGTH]
        text = f"{kind} to {target} not delivered: {reason.text}"
        detail: dict[str, object] = {"type": kind, "targetPeerId": target, "reason": reason}
        at = self._effects.milliseconds(now)
        self._effects.send(
            sender.session, client_messages.encode_error(text, sender.namespace, at, detail)
        )
        self._rates.faulted(sender, 1, now)

    def forget(self, now: float) -> None:
        """Forget what was answered long ago; to be called after streams have given up their due."""
        self._answered.forget(now)
