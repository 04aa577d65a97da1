"""Who goes: sockets are closed, and what they held is given to who waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.waiting_room import WaitingRoom
from peerpigeon.core.counts import add
from peerpigeon.core.interface.actions import DismissPeer, PingPeer, Tell
from peerpigeon.core.interface.close_codes import (
    BEARER_EXPIRED,
    NAMED,
    NORMAL_CLOSURE,
    POLICY_VIOLATION,
    SILENT,
    SILENT_AT_RETURN,
    TAKEN,
)
from peerpigeon.core.interface.notices import PeerDisconnected
from peerpigeon.core.sessions.registry import Client, Guest, ReferenceHub, Visitor, VisitorMember
from peerpigeon.core.sessions.takeover import GuestContender, heir

if TYPE_CHECKING:
    from peerpigeon.core.clients.announcements import Announcements
    from peerpigeon.core.clients.contests import Contests
    from peerpigeon.core.clients.fairness import Fairness
    from peerpigeon.core.clients.newcomers import Newcomers
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.sessions.registry import Party
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.sessions.takeover import Contender
    from peerpigeon.core.wire.hub_news import Refusal


GONE_WITH_HUB = (NORMAL_CLOSURE, "gone from its hub")


class Disconnects:
    """The ends of the clients of one hub, and of all others that it serves."""

    def __init__(  # noqa: PLR0913
        self,
        sessions: Sessions,
        newcomers: Newcomers,
        contests: Contests,
        references: ReferenceLinks,
        announcements: Announcements,
        effects: Effects,
        *,
        fairness: Fairness,
    ) -> None:
        self._sessions = sessions
        self._registry = sessions.registry
        self._takeovers = sessions.takeovers
        self._newcomers = newcomers
        self._contests = contests
        self._references = references
        self._announcements = announcements
        self._effects = effects
        self._counts = effects.counts
        self._fairness = fairness
        self.waiting_room = WaitingRoom(sessions, newcomers.admit, self.drop, effects)
        """Who waits for a place, as this hub is full."""
        self.dismissed: set[SessionId] = set()
        """Clients that have been sent a close frame and may have more to say."""

    def dismiss(self, client: Client | Visitor, code: int, reason: str) -> None:
        """Let a client go, and hear it until it has answered the close frame."""
        self.dismissed.add(client.session)
        self._fairness.slow.close(client.session)
        add(self._counts.closed, reason)
        self._effects.act(DismissPeer(client.session, code, reason))

    def drop(
        self,
        party: Party,
        reason: str,
        now: float,
        *,
        is_refused: bool = False,
        code: int = POLICY_VIOLATION,
    ) -> None:
        """Close somebody's socket, or serve a guest no longer."""
        if not isinstance(party, Guest):
            self._effects.close(party.session, code, reason)
        elif isinstance(party, VisitorMember):
            self._contests.tell_loss(party)
        self.depart(party, code, reason, now, is_refused=is_refused)

    def depart(
        self, party: Party, code: int, reason: str, now: float, *, is_refused: bool = False
    ) -> None:
        """Forget somebody, and let in who waits for the id, or for the place."""
        if isinstance(party, ReferenceHub):
            for guest in self._references.remove(party, code, reason):
                self.depart(guest, *GONE_WITH_HUB, now)
        elif isinstance(party, Visitor):
            for member in list(party.members.values()):
                self.depart(member, code, reason, now)
        self._announcements.leave(party, now)
        if isinstance(party, Guest):
            self._references.left(party, now)
        self._fairness.forget(party.session)
        self.dismissed.discard(party.session)
        held = self._registry.holds(party)
        self._contests.note_end(party, now)
        contenders = self._sessions.close(party)
        if party.peer_id is not None and not isinstance(party, VisitorMember):
            self.tell_end(party.peer_id, code, reason)
        if held and party.peer_id is not None:
            self._bequeath(party.peer_id, party, contenders, now, is_refused=is_refused)
        self.waiting_room.fill(now)

    def tell_end(self, peer_id: PeerId, code: int, reason: str) -> None:
        """Tell people that an id is not connected any more."""
        add(self._counts.ended, code if code in NAMED else 0)
        notice = PeerDisconnected(peer_id, code, reason, len(self._registry))
        self._effects.act(Tell(notice))

    def _bequeath(
        self,
        peer_id: PeerId,
        party: Party,
        contenders: list[Contender],
        now: float,
        *,
        is_refused: bool,
    ) -> None:
        """Let in who waits for the id of somebody who is gone."""
        winner = heir(party, contenders)
        self._contests.settle(contenders, winner)
        if winner is not None:
            self._counts.taken_from_silent += 1
            self._registry.hold(self._newcomers.admit(winner, now), peer_id)
        elif (
            any(isinstance(one, GuestContender) for one in contenders)
            if contenders
            else not is_refused
        ):
            self._references.freed(peer_id)

    def on_refusal(self, refusal: Refusal, now: float) -> None:
        """Close a client whose id belongs to a client of another hub."""
        holder = self._contests.find(refusal.namespace, refusal.peer, refusal.session)
        if isinstance(holder, ReferenceHub) and (link := self._references.get(holder.session)):
            self._announcements.leave(holder, now)
            for guest in self._references.stand_by(link, now):
                self.depart(guest, *GONE_WITH_HUB, now)
        elif holder is not None:
            self.drop(holder, TAKEN, now, is_refused=True)

    # Time

    def tick(self, now: float) -> None:
        """Drop who does not show that it lives, and ping who is silent."""
        for holder in self._takeovers.expire(now):
            if self._registry.get(holder.session) is holder:  # not gone with its hub
                self.drop(holder, SILENT_AT_RETURN, now)
        checkup = self._sessions.liveness.check(now)
        for party in checkup.ping:
            self._effects.act(PingPeer(party.session, self._sessions.liveness.next_ping()))
        for party in checkup.drop:
            self.drop(party, SILENT, now)
        for client in checkup.expired:
            self.drop(client, BEARER_EXPIRED, now)
        self.waiting_room.tick(now)
