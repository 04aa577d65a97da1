"""Who is to have an id: its owner without question, else its holder as long as it lives."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.changes import IdFreed, VisitorTold
from peerpigeon.core.dialects.dialect import Taken
from peerpigeon.core.ids import key_of
from peerpigeon.core.interface.actions import PingPeer
from peerpigeon.core.interface.close_codes import POLICY_VIOLATION, TAKEN
from peerpigeon.core.owners import RecentOwners
from peerpigeon.core.sessions.registry import Client, Guest
from peerpigeon.core.sessions.takeover import (
    Contender,
    GuestContender,
    LocalContender,
    MemberContender,
    RemoteClaim,
)
from peerpigeon.core.wire.hub_news import Claim, Verdict

if TYPE_CHECKING:
    from peerpigeon.core.clients.throttle import Throttle
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId, PeerKey
    from peerpigeon.core.interface.events import PingSent
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.sessions.registry import Party, VisitorMember
    from peerpigeon.core.sessions.sessions import Sessions
    from peerpigeon.core.wire.hub_news import Challenge


class Contests:
    """The contests about the ids of one hub's clients."""

    def __init__(
        self, sessions: Sessions, namespaces: Namespaces, effects: Effects, *, throttle: Throttle
    ) -> None:
        self._throttle = throttle
        self._sessions = sessions
        self._registry = sessions.registry
        self._takeovers = sessions.takeovers
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._effects = effects
        self._recent: RecentOwners[PeerKey] = RecentOwners()

    # Owners

    def is_owner(self, holder: Party, owner: bytes, now: float) -> bool:
        """Tell whether the holder of an id has to make room for somebody with an owner mark."""
        if not isinstance(holder, Client):
            return False
        return self._recent.may_take(key_of(holder.peer_id), owner, holder.owner, now)

    def learn(self, peer_id: PeerId, owner: bytes, now: float) -> None:
        """Remember whose an id is, as another hub says."""
        self._recent.learn(key_of(peer_id), owner, now)

    def note_end(self, party: Party, now: float) -> None:
        """Remember whose an id was that is about to be free."""
        if isinstance(party, Client) and party.mesh_session and self._registry.holds(party):
            self._recent.note(key_of(party.peer_id), party.owner, party.opened_at, now)

    def ask_whose(self, contender: LocalContender, namespace: str) -> None:
        """Ask the primary of a namespace whether an id is that of somebody who waits for it."""
        claim = Claim(namespace, contender.peer_id, contender.owner)
        self._effects.tell_hub(self._placement.primary(namespace), claim)

    # Contests

    def contend(self, contender: Contender, holder: Party, now: float) -> None:
        """Have the holder of an id show that it lives, for somebody who wants the id."""
        if not self._takeovers.is_contested(holder):
            ping = self._sessions.liveness.next_ping()
            self._takeovers.begin(holder, ping, now)
            socket = holder.hub if isinstance(holder, Guest) else holder.session
            self._throttle.release(socket)  # its answer would wait with the rest
            self._effects.act(PingPeer(socket, ping))
        elif isinstance(contender, RemoteClaim):
            self._answer_later(contender, self._takeovers.extension(holder, now))
        surplus = self._takeovers.join(holder, contender)
        if surplus is not None:
            self._refuse(surplus)

    def give_up(self, contender: LocalContender) -> None:
        """Refuse one that says more than is kept. The holder still has to show that it lives.

        A reference hub that comes back says more at once than is kept. Its old socket has to answer
        all the same, so that it is let in the next time.
        """
        self._takeovers.abandon(contender)
        self._refuse(contender)

    def on_ponged(self, party: Party, number: int) -> None:
        """Take the answer to a ping: whoever wants the id of that party has lost."""
        for beaten in self._takeovers.answered(party, number):
            self._refuse(beaten)

    def on_ping_sent(self, party: Party, ping: PingSent, now: float) -> None:
        """Give the holder of an id time to read what was sent before the ping that it is to answer.

        So nobody gets an id by sending its holder so much that the answer is late.
        """
        for holder, contenders in self._takeovers.extend(party, ping.number, ping.unread):
            for claim in contenders:
                if isinstance(claim, RemoteClaim):
                    self._answer_later(claim, self._takeovers.extension(holder, now))

    def refuse_all(self, holder: Party) -> None:
        """Tell all that wait for an id that its owner lives."""
        for beaten in self._takeovers.end(holder.session):
            self._refuse(beaten)

    def tell_loss(self, member: VisitorMember) -> None:
        """Tell a visitor that somebody for whom it speaks has its id no more."""
        if member.namespace is not None:  # pragma: no branch: it is in one as long as it is
            news = Taken(member.namespace, member.peer_id)
            self._effects.report(VisitorTold(member.hub, news))

    def settle(self, contenders: list[Contender], winner: LocalContender | None) -> None:
        """Tell those that have waited for the id of somebody who is gone what has become of it."""
        for contender in contenders:
            if isinstance(contender, RemoteClaim):
                self._answer(contender, stays=False)
            elif isinstance(contender, MemberContender):
                self._effects.report(IdFreed(contender.visitor, contender.enter))
            elif contender is not winner:
                self._refuse(contender)

    def _refuse(self, contender: Contender) -> None:
        match contender:
            case LocalContender(session):
                self._effects.close(session, POLICY_VIOLATION, TAKEN)
            case GuestContender():
                pass  # its hub has no way to tell it
            case MemberContender(visitor, enter):
                news = Taken(enter.namespace, enter.member)
                self._effects.report(VisitorTold(visitor, news))
            case RemoteClaim():
                self._answer(contender, stays=True)
            case _:
                assert_never(contender)

    # One id at two hubs

    def on_challenge(self, hub: PeerId, challenge: Challenge, now: float) -> None:
        """See whether a client whose id was announced at another hub is alive."""
        claim = RemoteClaim(hub, challenge)
        holder = self.find(challenge.namespace, challenge.peer, challenge.session)
        if holder is None:
            self._answer(claim, stays=False)
        else:
            self.contend(claim, holder, now)

    def _answer_later(self, claim: RemoteClaim, seconds: float) -> None:
        """Tell another hub that the answer takes so many seconds more than usual, if it does."""
        if seconds > 0:
            asked = claim.challenge
            peer, session = asked.peer, asked.session
            verdict = Verdict(asked.namespace, peer, session, stays=True, later=ceil(seconds))
            self._effects.tell_hub(claim.hub, verdict)

    def _answer(self, claim: RemoteClaim, *, stays: bool) -> None:
        """Tell another hub whether a client of ours keeps its id."""
        asked = claim.challenge
        verdict = Verdict(asked.namespace, asked.peer, asked.session, stays)
        self._effects.tell_hub(claim.hub, verdict)

    def find(self, namespace: str, peer_id: PeerId, session: int) -> Party | None:
        """Return whom a registration in the mesh is about, if it is still here."""
        member = self._presence.find(namespace, peer_id)
        if member is None or member.session != self._presence.current(session):
            return None
        return self._registry.find(member.peer)
