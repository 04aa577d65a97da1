"""Who gets in: sockets open, and two that want one id or place are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import parse_peer_id, same_peer
from peerpigeon.core.interface.close_codes import (
    ADDRESS_IS_FULL,
    BAD_ID,
    BAD_KEY,
    OWN_ID,
    POLICY_VIOLATION,
    RESUMED,
    SERVER_DRAINING,
    SERVICE_RESTART,
    TAKEN,
    TRY_AGAIN_LATER,
    WRONG_BEARER,
)
from peerpigeon.core.owners import is_key, outranks
from peerpigeon.core.sessions.registry import Client
from peerpigeon.core.sessions.takeover import LocalContender, size_of_text
from peerpigeon.core.wire import client_messages

if TYPE_CHECKING:
    from peerpigeon.core.clients.contests import Contests
    from peerpigeon.core.clients.disconnects import Disconnects
    from peerpigeon.core.clients.newcomers import Newcomers
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.interface.events import PeerOpened, PingSent
    from peerpigeon.core.sessions.registry import Party
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.wire.hub_news import Owned


class Admission:
    """Lets clients of one hub in.

    A handshake tells nobody whether an id is in use: whoever comes is greeted, and who announces
    itself with an id that somebody holds waits from then on.
    """

    def __init__(
        self,
        sessions: Sessions,
        newcomers: Newcomers,
        contests: Contests,
        disconnects: Disconnects,
        effects: Effects,
    ) -> None:
        self._sessions = sessions
        self._registry = sessions.registry
        self._takeovers = sessions.takeovers
        self._newcomers = newcomers
        self._contests = contests
        self._disconnects = disconnects
        self._waiting_room = disconnects.waiting_room
        self._effects = effects
        self.is_draining = False
        """Whether nobody is let in any more."""
        self._memory = effects.memory.signals
        places, takeovers = sessions.places, self._takeovers
        self._memory.gauges += [lambda: places.size, lambda: takeovers.size]

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
            newcomer = self._newcomers.of(event, peer_id, now)
            holder = self._registry.find(peer_id)
            if holder is not None and self._contests.is_owner(holder, newcomer.owner, now):
                self._resume(self._newcomers.admit(newcomer, now), holder, now)
            elif newcomer.is_greeted:  # whichever worker did that has given it a place, too
                self._newcomers.admit(newcomer, now)
            elif self._sessions.addresses.is_full(event.address):
                self._effects.close(session, TRY_AGAIN_LATER, ADDRESS_IS_FULL)
            elif self._registry.is_full:
                self._waiting_room.apply(newcomer, now)
            else:
                self._newcomers.admit(newcomer, now)

    def _resume(self, client: Client, holder: Party, now: float) -> None:
        """Give an id back to its owner, who has come again, at once."""
        self._effects.counts.taken_by_owner += 1
        self._contests.refuse_all(holder)
        self._disconnects.drop(holder, RESUMED, now, is_refused=True)
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
        self._disconnects.tell_end(peer_id, POLICY_VIOLATION, TAKEN)
        session, address = client.session, client.address
        contender = LocalContender(session, peer_id, address, now, client.owner)
        contender.is_greeted, contender.permits = True, client.permits
        contender.is_page = client.is_page
        if not self._keep(contender, text, now):  # real ones announce a few kilobytes at most
            self._close(client.session, TAKEN)
            self._waiting_room.fill(now)
            return False
        self._contests.contend(contender, holder, now)
        self._contests.ask_whose(contender, namespace)
        return False

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
            self._resume(self._newcomers.admit(contender, now), holder, now)
        else:
            self._contests.learn(owned.peer, owned.owner, now)

    def on_ping_sent(self, party: Party, ping: PingSent, now: float) -> None:
        """Give somebody time to read what was sent before a ping, before it is judged.

        For its place it is not asked again in this search: nobody pushes out a client by sending
        it more than it reads at once.
        """
        self._contests.on_ping_sent(party, ping, now)
        self._waiting_room.heard(party, now)

    def keep_message(self, session: SessionId, text: str, now: float) -> None:
        """Keep what somebody says who waits until it is let in."""
        applicant = self._waiting_room.find(session)
        if applicant is not None:
            self._keep_for_place(applicant, text, now)
            return
        contender = self._takeovers.contender(session)
        if contender is not None and not self._keep(contender, text, now):
            self._contests.give_up(contender)
            self._waiting_room.fill(now)

    def _keep(self, contender: LocalContender, text: str, now: float) -> bool:
        contender.last_heard = now
        return self._memory.has_room(size_of_text(text)) and contender.keep(text)

    def _keep_for_place(self, applicant: LocalContender, text: str, now: float) -> None:
        """Who waits for an id needs no place: it gets that of the holder, or none."""
        if not self._keep(applicant, text, now):
            self._waiting_room.turn_away(applicant)
            return
        holder = self._registry.find(applicant.peer_id)
        announced = client_messages.announced(text)
        if holder is not None and announced is not None:
            self._waiting_room.leave(applicant)
            self._contests.contend(applicant, holder, now)
            self._contests.ask_whose(applicant, announced.namespace)

    def on_ponged(self, party: Party, number: int, now: float) -> None:
        """Take the answer to a ping: whoever wants the id or the place of that party has lost."""
        self._contests.on_ponged(party, number)
        self._waiting_room.fill(now)
        self._waiting_room.heard(party, now)

    def _close(self, session: SessionId, reason: str, code: int = POLICY_VIOLATION) -> None:
        # Reference: every refusal is a policy violation.
        self._effects.close(session, code, reason)

    def shut(self) -> None:
        """Let nobody in any more, whoever waits for a place included."""
        self.is_draining = True
        self._waiting_room.shut()

    def withdraw(self, session: SessionId, now: float) -> None:
        """Take the end of a socket that waited for its id or a place, if it did."""
        contender = self._takeovers.contender(session)
        if contender is not None:
            self._takeovers.withdraw(contender)
            self._waiting_room.fill(now)
        applicant = self._waiting_room.find(session)
        if applicant is not None:
            self._waiting_room.leave(applicant)
