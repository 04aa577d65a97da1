"""Who gets in: sockets open and close, and two that want one id or place are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import BacklogReady
from peerpigeon.core.clients.newcomers import newcomer_of
from peerpigeon.core.clients.waiting_room import WaitingRoom
from peerpigeon.core.counts import add
from peerpigeon.core.ids import parse_peer_id, same_peer
from peerpigeon.core.interface.actions import DismissPeer, PingPeer, Tell
from peerpigeon.core.interface.close_codes import (
    ADDRESS_IS_FULL,
    BAD_ID,
    BAD_KEY,
    BEARER_EXPIRED,
    NAMED,
    NORMAL_CLOSURE,
    OWN_ID,
    POLICY_VIOLATION,
    RESUMED,
    SERVER_DRAINING,
    SERVICE_RESTART,
    SILENT,
    SILENT_AT_RETURN,
    TAKEN,
    TRY_AGAIN_LATER,
    WRONG_BEARER,
)
from peerpigeon.core.interface.notices import PeerConnected, PeerDisconnected
from peerpigeon.core.owners import is_key, outranks
from peerpigeon.core.sessions.registry import Client, Guest, ReferenceHub, Visitor, VisitorMember
from peerpigeon.core.sessions.takeover import GuestContender, LocalContender, heir, size_of_text
from peerpigeon.core.wire import client_messages

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.clients.announcements import Announcements
    from peerpigeon.core.clients.contests import Contests
    from peerpigeon.core.clients.fairness import Fairness
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.interface.events import PeerOpened, PingSent
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.sessions.registry import Party
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.sessions.takeover import Contender
    from peerpigeon.core.wire.hub_news import Owned, Refusal


GONE_WITH_HUB = (NORMAL_CLOSURE, "gone from its hub")


class Admission:
    """Lets clients of one hub in and out.

    A handshake tells nobody whether an id is in use: whoever comes is greeted, and who announces
    itself with an id that somebody holds waits from then on.
    """

    def __init__(  # noqa: PLR0913
        self,
        sessions: Sessions,
        contests: Contests,
        references: ReferenceLinks,
        announcements: Announcements,
        rng: Random,
        effects: Effects,
        *,
        fairness: Fairness,
    ) -> None:
        self._fairness = fairness
        self._sessions = sessions
        self._registry = sessions.registry
        self._takeovers = sessions.takeovers
        self.waiting_room = WaitingRoom(sessions, self._admit, self.drop, effects)
        """Who waits for a place, as this hub is full."""
        self._contests = contests
        self._references = references
        self._announcements = announcements
        self._rng = rng
        self._effects = effects
        self.is_draining = False
        """Whether nobody is let in any more."""
        self.dismissed: set[SessionId] = set()
        """Clients that have been sent a close frame and may have more to say."""
        self._memory = effects.memory.signals
        self._counts = effects.counts
        places, takeovers = sessions.places, self._takeovers
        self._memory.gauges += [lambda: places.size, lambda: takeovers.size]

    # In

    def on_opened(self, event: PeerOpened, now: float) -> None:
        """Greet a client, refuse it, or let it wait for a place."""
        session, permits, key = event.session, event.permits, event.resume_key
        peer_id = parse_peer_id(event.peer_id)
        if self.is_draining:
            self._close(session, SERVER_DRAINING, SERVICE_RESTART)
        elif peer_id is None:
            self._close(session, BAD_ID)
        elif permits and permits.peer_id and not same_peer(permits.peer_id, peer_id):
            # Before anything that would tell whether the id is in use.
            self._close(session, WRONG_BEARER)
        elif same_peer(peer_id, self._sessions.own):
            self._close(session, OWN_ID)
        elif key and not is_key(key):
            self._close(session, BAD_KEY)
        else:
            newcomer, holder = (
                newcomer_of(event, peer_id, self._rng, now),
                self._registry.find(peer_id),
            )
            if holder is not None and self._contests.is_owner(holder, newcomer.owner, now):
                self._resume(self._admit(newcomer, now), holder, now)
            elif newcomer.is_greeted:  # whichever worker did that has given it a place, too
                self._admit(newcomer, now)
            elif self._sessions.addresses.is_full(event.address):
                self._effects.close(session, TRY_AGAIN_LATER, ADDRESS_IS_FULL)
            elif self._registry.is_full:
                self.waiting_room.apply(newcomer, now)
            else:
                self._admit(newcomer, now)

    def _admit(self, newcomer: LocalContender, now: float) -> Client:
        """Greet somebody who has not been greeted yet, and have it as a client."""
        session, peer_id, address = newcomer.session, newcomer.peer_id, newcomer.address
        client = Client(session, peer_id, address, now, newcomer.last_heard, newcomer.owner)
        client.permits, client.is_page = newcomer.permits, newcomer.is_page
        client.is_settled = newcomer.is_greeted
        self._sessions.open(client, now)
        self._counts.admitted += 1
        if not newcomer.is_greeted:
            at = self._effects.milliseconds(now)
            greeting = client_messages.encode_connected(peer_id, newcomer.resume_key, at)
            self._effects.send(session, greeting)
        self._effects.act(Tell(PeerConnected(peer_id, len(self._registry))))
        if newcomer.backlog:
            self._effects.report(BacklogReady(session, tuple(newcomer.backlog)))
        return client

    def _resume(self, client: Client, holder: Party, now: float) -> None:
        """Give an id back to its owner, who has come again, at once."""
        self._counts.taken_by_owner += 1
        self._contests.refuse_all(holder)
        self.drop(holder, RESUMED, now, is_refused=True)
        self._registry.hold(client, client.peer_id)

    def claim(self, client: Client, namespace: str, text: str, now: float) -> bool:
        """Have a client hold its id because it announces itself; ``False`` if it has to wait.

        ``text``: its announce in a namespace, to be heeded when it has the id.
        """
        peer_id = client.peer_id
        holder = self._registry.find(peer_id)
        if holder is client:
            return True
        if holder is None:
            self._registry.hold(client, peer_id)
            return True
        if self._contests.is_owner(holder, client.owner, now):
            self._resume(client, holder, now)
            return True
        self._sessions.set_aside(client)
        self._tell_end(peer_id, POLICY_VIOLATION, TAKEN)
        session, address = client.session, client.address
        contender = LocalContender(session, peer_id, address, now, client.owner)
        contender.is_greeted, contender.permits = True, client.permits
        contender.is_page = client.is_page
        if not self._keep(contender, text, now):  # real ones announce a few kilobytes at most
            self._close(client.session, TAKEN)
            self.waiting_room.fill(now)
            return False
        self._contests.contend(contender, holder, now)
        self._contests.ask_whose(contender, namespace)
        return False

    def on_ping_sent(self, party: Party, ping: PingSent, now: float) -> None:
        """Give somebody time to read what was sent before a ping, before it is judged.

        For its place it is not asked again in this search: nobody pushes out a client by sending
        it more than it reads at once.
        """
        self._contests.on_ping_sent(party, ping, now)
        self.waiting_room.heard(party, now)

    def keep_message(self, session: SessionId, text: str, now: float) -> None:
        """Keep what somebody says who waits until it is let in."""
        applicant = self.waiting_room.find(session)
        if applicant is not None:
            self._keep_for_place(applicant, text, now)
            return
        contender = self._takeovers.contender(session)
        if contender is not None and not self._keep(contender, text, now):
            self._contests.give_up(contender)
            self.waiting_room.fill(now)

    def _keep(self, contender: LocalContender, text: str, now: float) -> bool:
        contender.last_heard = now
        return self._memory.has_room(size_of_text(text)) and contender.keep(text)

    def _keep_for_place(self, applicant: LocalContender, text: str, now: float) -> None:
        """Who waits for an id needs no place: it gets that of the holder, or none."""
        if not self._keep(applicant, text, now):
            self.waiting_room.turn_away(applicant)
            return
        holder = self._registry.find(applicant.peer_id)
        announced = client_messages.announced(text)
        if holder is not None and announced is not None:
            self.waiting_room.leave(applicant)
            self._contests.contend(applicant, holder, now)
            self._contests.ask_whose(applicant, announced.namespace)

    def on_ponged(self, party: Party, number: int, now: float) -> None:
        """Take the answer to a ping: whoever wants the id or the place of that party has lost."""
        self._contests.on_ponged(party, number)
        self.waiting_room.fill(now)
        self.waiting_room.heard(party, now)

    def _close(self, session: SessionId, reason: str, code: int = POLICY_VIOLATION) -> None:
        # Reference: every refusal is a policy violation.
        self._effects.close(session, code, reason)

    # Out

    def shut(self) -> None:
        """Let nobody in any more, whoever waits for a place included."""
        self.is_draining = True
        self.waiting_room.shut()

    def dismiss(self, client: Client | Visitor, code: int, reason: str) -> None:
        """Let a client go, and hear it until it has answered the close frame."""
        self.dismissed.add(client.session)
        self._fairness.slow.close(client.session)
        add(self._counts.closed, reason)
        self._effects.act(DismissPeer(client.session, code, reason))

    def withdraw(self, session: SessionId, now: float) -> None:
        """Take the end of a socket that waited for its id or a place, if it did."""
        contender = self._takeovers.contender(session)
        if contender is not None:
            self._takeovers.withdraw(contender)
            self.waiting_room.fill(now)
        applicant = self.waiting_room.find(session)
        if applicant is not None:
            self.waiting_room.leave(applicant)

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
            self._close(party.session, reason, code)
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
            self._tell_end(party.peer_id, code, reason)
        if held and party.peer_id is not None:
            self._bequeath(party.peer_id, party, contenders, now, is_refused=is_refused)
        self.waiting_room.fill(now)

    def _tell_end(self, peer_id: PeerId, code: int, reason: str) -> None:
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
            self._registry.hold(self._admit(winner, now), peer_id)
        elif (
            any(isinstance(one, GuestContender) for one in contenders)
            if contenders
            else not is_refused
        ):
            self._references.freed(peer_id)

    def on_owned(self, owned: Owned, now: float) -> None:
        """Give an id to its owner, who waits for it: it was at another hub before.

        If the holder was faster to answer than the primary, the owner has it when it comes again.
        """
        holder = self._registry.find(owned.peer)
        if holder is None or (isinstance(holder, Client) and outranks(holder.owner, owned.owner)):
            return
        contender = self._takeovers.find_owner(holder, owned.owner)
        if contender is not None:
            self._takeovers.abandon(contender)
            self._resume(self._admit(contender, now), holder, now)
        else:
            self._contests.learn(owned.peer, owned.owner, now)

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
