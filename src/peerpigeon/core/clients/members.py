"""Those for whom visitors speak: members of the namespaces of dialects, with ids of their own.

Each is a party like a guest, who has no socket and speaks by that of its visitor. So its id is
published, contested and granted in the mesh as a client's is, and a visitor hears of each decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import VisitorTold
from peerpigeon.core.clients.relays import ANY_SESSION
from peerpigeon.core.clients.signal_outcomes import ANSWERED_SEND, SEND
from peerpigeon.core.dialects.dialect import Denied, Enter, Exit, Send, Taken
from peerpigeon.core.dialects.names import readable
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, RESUMED
from peerpigeon.core.owners import same_owner
from peerpigeon.core.sessions.registry import VisitorMember
from peerpigeon.core.sessions.takeover import MemberContender
from peerpigeon.core.wire.client_messages import Announce
from peerpigeon.core.wire.hub_news import Relay

if TYPE_CHECKING:
    from peerpigeon.core.clients.announcements import Announcements
    from peerpigeon.core.clients.contests import Contests
    from peerpigeon.core.clients.disconnects import Disconnects
    from peerpigeon.core.clients.patient_signals import PatientSignals
    from peerpigeon.core.clients.permissions import Permissions
    from peerpigeon.core.clients.signaling import Signaling
    from peerpigeon.core.clients.slow_targets import SlowTargets
    from peerpigeon.core.dialects.dialect import DialectNews, Granted
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Visitor
    from peerpigeon.core.sessions.sessions import Sessions

_PLAIN, _FLAGGED = b"{}", b'{"flagged":true}'


class Members:
    """The members for whom the visitors of one hub speak."""

    def __init__(  # noqa: PLR0913
        self,
        sessions: Sessions,
        namespaces: Namespaces,
        disconnects: Disconnects,
        announcements: Announcements,
        contests: Contests,
        effects: Effects,
        *,
        signaling: Signaling,
        slow: SlowTargets,
        patient: PatientSignals,
        permissions: Permissions,
    ) -> None:
        self._registry = sessions.registry
        self._by_key = sessions.registry.by_key
        self._takeovers = sessions.takeovers
        self._slow = slow
        self._presence = namespaces.presence
        self._disconnects = disconnects
        self._announcements = announcements
        self._contests = contests
        self._signaling = signaling
        self._effects = effects
        self._patient = patient
        self._permissions = permissions

    def follow(self, visitor: Visitor, want: Enter | Exit, now: float) -> None:
        """Do what a dialect wants for a member."""
        match want:
            case Enter():
                self.enter(visitor, want, now)
            case Exit(_, own):
                if (member := visitor.members.get(own)) is not None:
                    self._disconnects.depart(member, NORMAL_CLOSURE, "left", now)
            case _:
                assert_never(want)

    def enter(self, visitor: Visitor, enter: Enter, now: float) -> None:
        """Have a member enter a namespace, if its id is free or its own."""
        namespace, own = enter.namespace, enter.member
        holder = self._registry.find(own)
        if reason := self._permissions.objection(readable(namespace), visitor.permits):
            self._tell(visitor, Denied(namespace, own, reason))
        elif isinstance(holder, VisitorMember) and holder.hub == visitor.session:
            self._announce(holder, enter, now)
        elif holder is None:
            self._admit(visitor, enter, now)
        elif isinstance(holder, VisitorMember) and same_owner(holder.owner, enter.owner):
            self._effects.counts.taken_by_owner += 1
            self._contests.refuse_all(holder)
            self._disconnects.drop(holder, RESUMED, now, is_refused=True)
            self._admit(visitor, enter, now)
        elif self._takeovers.is_crowded(holder):
            self._tell(visitor, Taken(namespace, own))
        else:
            self._contests.contend(MemberContender(visitor.session, enter), holder, now)

    def _admit(self, visitor: Visitor, enter: Enter, now: float) -> None:
        own, session = enter.member, self._registry.guest_session()
        address = visitor.address
        member = VisitorMember(session, own, address, now, now, visitor.session, owner=enter.owner)
        self._registry.add(member)
        self._registry.hold(member, own)
        self._announce(member, enter, now)

    def _announce(self, member: VisitorMember, enter: Enter, now: float) -> None:
        data = _FLAGGED if enter.is_flagged else _PLAIN
        self._announcements.enter(member, Announce(enter.namespace, data, is_hub=False), now)

    def send(self, visitor: Visitor, want: Send, now: float) -> bool:
        """Send a message of a member; return whether nothing of it is left for later."""
        sender = visitor.members.get(want.sender)
        if sender is None:
            return True  # it has lost its id in this very moment
        namespace, target = want.namespace, want.target
        # As most are: for somebody here who has its id, so that nothing waits for it.
        at_hand = self._by_key.get(target)  # type: ignore[call-overload]  # as ids are made
        if (
            isinstance(at_hand, VisitorMember)
            and at_hand.granted_in == namespace
            and not (
                self._slow.senders
                or self._patient.awaits(namespace, target)
                or self._signaling.waits(namespace, target)
            )
        ):
            self._signaling.destinations.forget_pair(namespace, want.sender, target)
            self._signaling.outcomes.hand_over(at_hand.hub, want.payload)
            return True
        session = sender.mesh_session
        kind, data = ANSWERED_SEND if want.waits else SEND, want.payload
        relay = Relay(namespace, sender.peer_id, target, ANY_SESSION, kind, data, session)
        if want.waits or self._patient.awaits(namespace, target):  # nothing overtakes
            self._patient.send(sender, relay, now)
        else:
            self._signaling.send(relay, now)
        return False

    def note_grant(self, visitor: Visitor, granted: Granted) -> None:
        """Have a member speak that has its id from now on."""
        member = visitor.members.get(granted.member)
        record = self._presence.find(granted.namespace, granted.member)
        if member is not None and record is not None:
            member.mesh_session = record.session

    def begin(self, visitor: Visitor, granted: Granted, now: float) -> None:
        """Have a member be spoken to, after its visitor was told that it has its id."""
        namespace, own = granted.namespace, granted.member
        member = visitor.members.get(own)
        record = self._presence.find(namespace, own)
        if member is None or record is None:
            return  # it has left by what it had said before
        self._signaling.begin(member, namespace, record, now)
        self._patient.release(namespace, own, now)

    def _tell(self, visitor: Visitor, news: DialectNews) -> None:
        self._effects.report(VisitorTold(visitor.session, news))
