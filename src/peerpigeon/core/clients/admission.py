"""Who gets in: sockets open and close, and two that want one id or place are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import BacklogReady
from peerpigeon.core.ids import parse_peer_id, same_peer
from peerpigeon.core.interface.actions import ClosePeer, PingPeer, Tell
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.core.interface.notices import PeerConnected, PeerDisconnected
from peerpigeon.core.sessions.registry import Client, Guest, ReferenceHub
from peerpigeon.core.sessions.takeover import (
    Contender,
    GuestContender,
    LocalContender,
    RemoteClaim,
)
from peerpigeon.core.wire import client_messages
from peerpigeon.core.wire.hub_news import Verdict

if TYPE_CHECKING:
    from peerpigeon.core.clients.announcements import Announcements
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.interface.events import PeerOpened
    from peerpigeon.core.namespaces.presence import Presence
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.sessions.registry import Party
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.wire.hub_news import Challenge, Refusal


GONE_WITH_HUB = (NORMAL_CLOSURE, "gone from its hub")

FULL = "Maximum connections reached"
"""Reference: the reason for which a full server closes."""


class Admission:
    """Lets clients of one hub in and out."""

    def __init__(
        self,
        sessions: Sessions,
        references: ReferenceLinks,
        announcements: Announcements,
        presence: Presence,
        effects: Effects,
    ) -> None:
        self._sessions = sessions
        self._registry = sessions.registry
        self._takeovers = sessions.takeovers
        self._places = sessions.places
        self._references = references
        self._announcements = announcements
        self._presence = presence
        self._effects = effects

    # In

    def on_opened(self, event: PeerOpened, now: float) -> None:
        """Greet a client, refuse it, or let it wait for its id or a place.

        Who waits for an id needs no place: it gets that of the holder, or none.
        """
        session, permits = event.session, event.permits
        peer_id = parse_peer_id(event.peer_id)
        if peer_id is None:
            self._close(session, "Invalid peerId format")
        elif permits and permits.peer_id and not same_peer(permits.peer_id, peer_id):
            # Before anything that would tell whether the id is in use.
            self._close(session, "token is for another peerId")
        elif same_peer(peer_id, self._sessions.own):
            self._close(session, "peerId is this hub's own")
        elif (holder := self._registry.find(peer_id)) is not None:
            self.contend(_contender(event, peer_id), holder, now)
        elif self._registry.is_full:
            self._apply(_contender(event, peer_id), now)
        else:
            self._admit(_contender(event, peer_id), now)

    def _admit(self, newcomer: LocalContender, now: float) -> None:
        client = Client(newcomer.session, newcomer.peer_id, newcomer.address, now, now)
        client.permits, client.is_page = newcomer.permits, newcomer.is_page
        self._sessions.open(client, now)
        at = self._effects.milliseconds(now)
        self._effects.send(client.session, client_messages.encode_connected(client.peer_id, at))
        self._effects.act(Tell(PeerConnected(client.peer_id, len(self._registry))))

    def contend(self, contender: Contender, holder: Party, now: float) -> None:
        """Have the holder of an id show that it lives, for somebody who wants the id."""
        ping = self._sessions.liveness.next_ping()
        if self._takeovers.begin(holder, contender, ping, now):
            socket = holder.hub if isinstance(holder, Guest) else holder.session
            self._effects.act(PingPeer(socket, ping))
        else:
            self._refuse(contender)

    def _apply(self, applicant: LocalContender, now: float) -> None:
        """Let a socket wait at a full hub while ghosts are searched for."""
        if self._places.apply(applicant):
            self._make_room(now)
        else:
            self._close(applicant.session, FULL)

    def press(self, now: float) -> None:
        """Search for ghosts because there is no place for a guest, which will come again."""
        self._places.press()
        self._make_room(now)

    def _make_room(self, now: float) -> None:
        """Let ghosts go as long as a place is wanted, and see whether there are more."""
        while (ghost := self._places.ghost()) is not None:
            self.drop(ghost, "server is full, no answer here", now)
        self._refuse_disappointed()
        for party in self._places.search(now):
            self._ping(party)
        self._refuse_disappointed()  # of a search that found nobody to ask

    def _refuse_disappointed(self) -> None:
        for applicant in self._places.disappointed():
            self._close(applicant.session, FULL)

    def _fill_places(self, now: float) -> None:
        """Let in who waits, as far as there are places."""
        while (applicant := self._places.next()) is not None:
            holder = self._registry.find(applicant.peer_id)
            if holder is None:
                self._succeed(applicant, now)
            else:  # a hub that we have dialled has said meanwhile that this is its id
                self.contend(applicant, holder, now)

    def keep_message(self, session: SessionId, text: str) -> None:
        """Keep what somebody says who waits until it is let in."""
        applicant = self._places.applicant(session)
        if applicant is not None:
            if not applicant.keep(text):
                self._places.withdraw(applicant)
                self._close(session, FULL)
            return
        contender = self._takeovers.contender(session)
        if contender is not None and not contender.keep(text):
            # A reference hub that comes back says more at once than is kept. Its old socket has
            # to answer all the same, so that it is let in the next time.
            self._refuse(contender)
            self._takeovers.abandon(contender)

    def on_ponged(self, party: Party, number: int, now: float) -> None:
        """Take the answer to a ping: whoever wants the id or the place of that party has lost."""
        for beaten in self._takeovers.answered(party, number):
            self._refuse(beaten)
        if self._places.answered(party.session):
            self._make_room(now)

    def _refuse(self, contender: Contender) -> None:
        """Tell a contender that the id is in use."""
        match contender:
            case LocalContender(session):
                self._close(session, "Peer already connected")
            case GuestContender():
                pass  # its hub has no way to tell it
            case RemoteClaim():
                self._answer(contender, stays=True)
            case _:
                assert_never(contender)

    def _answer(self, claim: RemoteClaim, *, stays: bool) -> None:
        """Tell another hub whether a client of ours keeps its id."""
        asked = claim.challenge
        verdict = Verdict(asked.namespace, asked.peer, asked.session, stays)
        self._effects.tell_hub(claim.hub, verdict)

    def _close(self, session: SessionId, reason: str) -> None:
        # Reference: every refusal is a policy violation.
        self._effects.act(ClosePeer(session, POLICY_VIOLATION, reason))

    # Out

    def withdraw(self, session: SessionId) -> None:
        """Take the end of a socket that waited for its id or a place, if it did."""
        contender = self._takeovers.contender(session)
        if contender is not None:
            self._takeovers.withdraw(contender)
        applicant = self._places.applicant(session)
        if applicant is not None:
            self._places.withdraw(applicant)

    def drop(self, party: Party, reason: str, now: float, *, is_refused: bool = False) -> None:
        """Close somebody's socket, or serve a guest no longer."""
        if not isinstance(party, Guest):
            self._close(party.session, reason)
        self.depart(party, POLICY_VIOLATION, reason, now, is_refused=is_refused)

    def depart(
        self, party: Party, code: int, reason: str, now: float, *, is_refused: bool = False
    ) -> None:
        """Forget somebody, and let in who waits for the id, or for the place."""
        if isinstance(party, ReferenceHub):
            for guest in self._references.remove(party, code, reason):
                self.depart(guest, *GONE_WITH_HUB, now)
        self._announcements.leave(party, now)
        if isinstance(party, Guest):
            self._references.left(party, now)
        successor = self._sessions.close(party)
        if party.peer_id is not None:
            notice = PeerDisconnected(party.peer_id, code, reason, len(self._registry))
            self._effects.act(Tell(notice))
        if successor is not None:
            self._succeed(successor, now)
        elif party.peer_id is not None and not is_refused:
            self._references.freed(party.peer_id)
        self._fill_places(now)

    def _succeed(self, contender: Contender, now: float) -> None:
        match contender:
            case LocalContender(session, backlog=backlog):
                self._admit(contender, now)
                self._effects.report(BacklogReady(session, tuple(backlog)))
            case GuestContender(peer_id):
                self._references.freed(peer_id)
            case RemoteClaim():
                self._answer(contender, stays=False)
            case _:
                assert_never(contender)

    # One id at two hubs

    def on_challenge(self, hub: PeerId, challenge: Challenge, now: float) -> None:
        """See whether a client whose id was announced at another hub is alive."""
        claim = RemoteClaim(hub, challenge)
        holder = self._holder(challenge.namespace, challenge.peer, challenge.session)
        if holder is None:
            self._answer(claim, stays=False)
        else:
            self.contend(claim, holder, now)

    def on_refusal(self, refusal: Refusal, now: float) -> None:
        """Close a client whose id belongs to a client of another hub."""
        holder = self._holder(refusal.namespace, refusal.peer, refusal.session)
        if isinstance(holder, ReferenceHub) and (link := self._references.get(holder.session)):
            self._announcements.leave(holder, now)
            for guest in self._references.stand_by(link, now):
                self.depart(guest, *GONE_WITH_HUB, now)
        elif holder is not None:
            self.drop(holder, "Peer already connected", now, is_refused=True)

    def _holder(self, namespace: str, peer_id: PeerId, session: int) -> Party | None:
        """Return whom a registration is about, if it is still here."""
        member = self._presence.find(namespace, peer_id)
        if member is None or member.session != self._presence.current(session):
            return None
        return self._registry.find(member.peer)

    # Time

    def tick(self, now: float) -> None:
        """Drop who does not show that it lives, and ping who is silent."""
        for holder in self._takeovers.expire(now):
            if self._registry.get(holder.session) is holder:  # not gone with its hub
                self.drop(holder, "peerId connected again, no answer here", now)
        checkup = self._sessions.liveness.check(now)
        for party in checkup.ping:
            self._ping(party)
        for party in checkup.drop:
            self.drop(party, "no answer to pings", now)
        for client in checkup.expired:
            self.drop(client, "token has expired", now)
        self._places.expire(now)
        self._make_room(now)

    def _ping(self, party: Party) -> None:
        self._effects.act(PingPeer(party.session, self._sessions.liveness.next_ping()))


def _contender(event: PeerOpened, peer_id: PeerId) -> LocalContender:
    return LocalContender(
        event.session, peer_id, event.address, permits=event.permits, is_page=event.is_page
    )
