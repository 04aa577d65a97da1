"""The desk where clients come: their sockets, their messages, what they are told.

It decides all that one client can see, and does for the clients of reference hubs what they want
according to ``links.py``. What other hubs have to do for it, it puts down as news for them;
``hub.py`` takes both away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.clients.notifications import Notifications
from peerpigeon.core.clients.signaling import Signaling
from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerId, parse_peer_id, same_peer
from peerpigeon.core.interface.actions import ClosePeer, PingPeer, Tell
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.core.interface.events import PeerSent
from peerpigeon.core.interface.notices import (
    HubDiscovered,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
)
from peerpigeon.core.reference.links import ReferenceLinks
from peerpigeon.core.reference.model import Ask, Enter, Exit, Name, Publish, Speak, Step
from peerpigeon.core.sessions.registry import Claim, Contender, Peer, Registry
from peerpigeon.core.wire import client_messages, reference_messages
from peerpigeon.core.wire.client_messages import (
    Announce,
    Cleanup,
    Goodbye,
    MessageError,
    Ping,
    Signal,
)
from peerpigeon.core.wire.hub_frames import Challenge, Find, Found, Refusal, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Outbox
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.interface.events import PeerLost, PeerOpened, PeerPonged
    from peerpigeon.core.namespaces.outcome import Outcome
    from peerpigeon.core.namespaces.presence import Presence
    from peerpigeon.core.reference.model import Reference


class ClientService:
    """The clients of one hub. What is to be done and told goes into the outbox, in order."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        presence: Presence,
        rendezvous_hubs_of: Callable[[str], tuple[PeerId, ...]],
        out: Outbox,
    ) -> None:
        self._own = own
        self._config = config
        self._presence = presence
        self._rendezvous_hubs_of = rendezvous_hubs_of
        self._out = out
        self.references = ReferenceLinks(own, config)
        self.registry = Registry(config)
        self.signaling = Signaling(own, config, self.registry, presence, rendezvous_hubs_of, out)
        self._notifications = Notifications(self.registry, self.references, out)
        self.announced = 0
        self.messages_refused = 0

    # Sockets

    def on_opened(self, event: PeerOpened, now: float) -> None:
        """Greet a client, refuse it, or let it wait for its id."""
        session = event.session
        peer_id = parse_peer_id(event.peer_id)
        if peer_id is None:
            self._close(session, "Invalid peerId format")
        elif same_peer(peer_id, self._own):
            self._close(session, "peerId is this hub's own")
        elif (incumbent := self.registry.find(peer_id)) is not None:
            contender = Contender(session, peer_id, event.address, incumbent.session)
            self._contend(contender, incumbent, now)
        elif self.registry.is_full:
            self._close(session, "Maximum connections reached")
        else:
            self._admit(self.registry.add(session, peer_id, event.address, now), now)

    def _contend(self, contender: Contender, incumbent: Peer, now: float) -> None:
        if self.registry.contend(contender, now):
            self._out.actions.append(PingPeer(incumbent.socket, contender.ping))
        else:
            self._refuse(contender)

    def _admit(self, peer: Peer, now: float) -> None:
        greeting = client_messages.encode_connected(peer.peer_id, self._out.milliseconds(now))
        self._send(peer, greeting)
        self._out.actions.append(Tell(PeerConnected(peer.peer_id, len(self.registry))))

    def on_ponged(self, event: PeerPonged, now: float) -> None:
        """Take a sign of life."""
        peer = self.registry.get(event.session)
        if peer is not None:
            peer.last_heard = now
            for beaten in self.registry.answered(peer, event.number):
                self._refuse(beaten)

    def on_lost(self, event: PeerLost, now: float) -> None:
        """Take the end of a socket."""
        peer = self.registry.get(event.session)
        if peer is not None:
            self._depart(peer, event.code, event.reason, now)
            return
        if (contender := self.registry.contender(event.session)) is not None:
            self.registry.withdraw(contender)

    def _depart(
        self, peer: Peer, code: int, reason: str, now: float, *, is_refused: bool = False
    ) -> None:
        """Forget a client, and let in who waits for its id unless another hub has that."""
        if peer.is_hub:
            self._follow(self.references.remove(peer.session, code, reason), now)
        self._leave(peer, now)
        if peer.is_guest:
            self.references.left(peer, now)
        successor = self.registry.remove(peer)
        total = len(self.registry)
        if peer.peer_id:
            self._out.actions.append(Tell(PeerDisconnected(peer.peer_id, code, reason, total)))
        if successor is not None:
            self._succeed(successor, now)
        elif not is_refused:
            self._follow(self.references.freed(peer.peer_id), now)

    def _succeed(self, contender: Contender, now: float) -> None:
        if isinstance(contender.wants, tuple):
            self._answer(contender.wants, stays=False)
            return
        if contender.wants < 0:
            self._follow(self.references.freed(contender.peer_id), now)
            return
        peer = self.registry.add(contender.wants, contender.peer_id, contender.address, now)
        self._admit(peer, now)
        for text in contender.backlog:
            self.on_sent(PeerSent(peer.session, text), now)

    def _refuse(self, contender: Contender) -> None:
        """Tell a contender that the id is in use."""
        if isinstance(contender.wants, tuple):
            self._answer(contender.wants, stays=True)
        elif contender.wants > 0:
            self._close(contender.wants, "Peer already connected")

    def _answer(self, claim: Claim, *, stays: bool) -> None:
        """Tell another hub whether a client of ours keeps its id."""
        hub, asked = claim
        verdict = Verdict(asked.namespace, asked.peer, asked.session, stays)
        self._out.news.append((hub, verdict))

    def _close(self, session: SessionId, reason: str) -> None:
        # Reference: every refusal is a policy violation.
        self._out.actions.append(ClosePeer(session, POLICY_VIOLATION, reason))

    def _drop(self, peer: Peer, reason: str, now: float, *, is_refused: bool = False) -> None:
        if not peer.is_guest:
            self._close(peer.session, reason)
        self._depart(peer, POLICY_VIOLATION, reason, now, is_refused=is_refused)

    # Messages

    def on_sent(self, event: PeerSent, now: float) -> None:
        """Take a message if there is such a client."""
        peer = self.registry.get(event.session)
        if peer is None:
            self._on_contender_sent(event)
            return
        peer.last_heard = now
        try:
            if peer.is_hub:
                self._follow(self.references.on_message(peer.session, event.text, now), now)
                return
            message = client_messages.decode(event.text)
        except MessageError as error:
            self._refuse_message(peer, str(error), now)
            return
        if isinstance(message, Signal):  # as most are
            self.signaling.on_signal(peer, message, now)
            return
        match message:
            case Announce():
                self._on_announce(peer, message, now)
            case Goodbye():
                self._on_goodbye(peer, now)
            case Ping():
                at = self._out.milliseconds(now)
                self._send(peer, client_messages.encode_pong(peer.peer_id, peer.namespace, at))
            case Cleanup():
                pass
            case _:
                assert_never(message)

    def _on_contender_sent(self, event: PeerSent) -> None:
        contender = self.registry.contender(event.session)
        if contender is not None and not contender.keep(event.text):
            # A reference hub that comes back says more at once than is kept. Its old socket has
            # to answer all the same, so that it is let in the next time.
            self._refuse(contender)
            self.registry.abandon(contender)

    def _refuse_message(self, peer: Peer, text: str, now: float) -> None:
        self.messages_refused += 1
        self._send(
            peer, client_messages.encode_error(text, peer.namespace, self._out.milliseconds(now))
        )

    def _send(self, peer: Peer, payload: bytes) -> None:
        # A reference hub has no way to pass on what concerns one of its clients alone.
        if not peer.is_guest:
            self._out.send(peer.session, payload)

    # Namespaces

    def _on_announce(self, peer: Peer, announce: Announce, now: float) -> None:
        is_reserved = announce.namespace == self._config.hub_mesh_namespace
        if is_reserved and announce.is_hub and self._config.welcomes_reference_hubs:
            self._welcome(peer, announce, now)
            return
        objection = client_messages.objection(announce, self._config)
        if objection is not None:
            self._refuse_message(peer, objection, now)
            return
        is_new = peer.namespace != announce.namespace
        if is_new:
            self._leave(peer, now)
            peer.namespace, peer.announced_at = announce.namespace, now
            self.announced += 1
        introduction = client_messages.introduction(peer.peer_id, announce, is_hub=False)
        self.act(self._presence.announce(announce.namespace, peer.peer_id, introduction), now)
        if is_new:
            notice = PeerAnnounced(peer.peer_id, announce.namespace, is_hub=False)
            self._out.actions.append(Tell(notice))

    def _on_goodbye(self, peer: Peer, now: float) -> None:
        if peer.namespace is not None:
            self._leave(peer, now, has_said_goodbye=True)
            self._out.actions.append(Tell(PeerGoodbye(peer.peer_id)))

    def _leave(self, peer: Peer, now: float, *, has_said_goodbye: bool = False) -> None:
        namespace = peer.namespace
        if namespace is not None:
            peer.namespace = None
            self.announced -= 1
            self._notifications.leave(peer, namespace, now)
            outcome = self._presence.withdraw(
                namespace, peer.peer_id, now, has_said_goodbye=has_said_goodbye
            )
            self.act(outcome, now)

    def act(self, outcome: Outcome, now: float) -> None:
        """Tell clients of comings and goings, and put down what follows for other hubs."""
        self._notifications.spread(outcome, now)

    # Reference hubs and their clients

    def _welcome(self, hub: Peer, announce: Announce, now: float) -> None:
        """Take a client for the hub that it says it is."""
        self._leave(hub, now)
        hub.is_hub = True
        found = HubDiscovered(
            hub.peer_id, hub.peer_id, reference_messages.addresses_in(announce.data)
        )
        namespace, at = announce.namespace, self._out.milliseconds(now)
        self._out.actions.append(Tell(PeerAnnounced(hub.peer_id, namespace, is_hub=True)))
        self._out.actions.append(Tell(found))
        ourselves = client_messages.hub_introduction(self._own)
        self._send(hub, client_messages.encode_discovered(ourselves, namespace, hub.peer_id, at))
        self._follow(self.references.add(hub), now)

    def on_reference_opened(
        self, session: SessionId, uri: str, addresses: tuple[str, ...], now: float
    ) -> None:
        """Say to a hub that we have dialled that we are one; ``addresses`` are ours."""
        hub = self.registry.add(session, PeerId(""), uri, now)
        hub.is_hub = True
        at = self._out.milliseconds(now)
        for payload in self.references.add_dialled(hub, addresses, now, at):
            self._send(hub, payload)

    def _name(self, reference: Reference, hub_id: PeerId, now: float) -> None:
        hub = reference.peer
        if self.registry.find(hub_id) is not None:  # it has dialled us, as a rule
            self._out.actions.append(ClosePeer(hub.session, NORMAL_CLOSURE, "second link"))
            self._depart(hub, NORMAL_CLOSURE, "second link", now)
            return
        self.registry.name(hub, hub_id)
        self._out.actions.append(Tell(PeerConnected(hub_id, len(self.registry))))
        self._out.actions.append(Tell(HubDiscovered(hub_id, hub_id, (hub.address,))))
        self._follow(self.references.named(reference, now), now)

    def _follow(self, steps: list[Step], now: float) -> None:
        """Do for a reference hub and its clients what they want."""
        for step in steps:
            match step:
                case Speak(guest, signal):
                    self.signaling.on_signal(guest, signal, now)
                case Enter():
                    self._enter(step, now)
                case Name(reference, hub):
                    self._name(reference, hub, now)
                case Ask(namespace, peer):
                    lead = self._rendezvous_hubs_of(namespace)[0]
                    self._out.news.append((lead, Find(namespace, peer)))
                case Exit(guest):
                    self._depart(guest, NORMAL_CLOSURE, "gone from its hub", now)
                case Publish(reference):
                    self._publish(reference, now)
                case _:
                    assert_never(step)

    def _publish(self, reference: Reference, now: float) -> None:
        """Claim the id of a reference hub in the mesh: one of our hubs is to serve it."""
        hub, namespace = reference.peer, self._config.hub_mesh_namespace
        hub.namespace, hub.announced_at = namespace, now
        self.announced += 1
        introduction = client_messages.hub_introduction(hub.peer_id)
        self.act(self._presence.announce(namespace, hub.peer_id, introduction), now)
        is_alone = self._rendezvous_hubs_of(namespace) == (self._own,)
        self._follow(self.references.claimed(reference, now, is_alone=is_alone), now)

    def _enter(self, step: Enter, now: float) -> None:
        """Serve a client of a reference hub, if its id is free."""
        reference, hub = step.reference, step.reference.peer
        holder = self.registry.find(step.peer)
        if same_peer(step.peer, self._own) or client_messages.objection(
            step.announce, self._config
        ):
            self.messages_refused += 1
        elif holder is None and self.registry.is_full:
            self.references.postpone(reference, now)
        elif holder is None:
            guest = self.registry.add_guest(hub, step.peer, now)
            self.references.entered(reference, guest)
            self._out.actions.append(Tell(PeerConnected(guest.peer_id, len(self.registry))))
            self._on_announce(guest, step.announce, now)
        elif holder.is_guest and holder.socket == hub.session:
            self._on_announce(holder, step.announce, now)
        else:
            self.references.postpone(reference, now)
            if step.may_contest:
                session = self.registry.guest_session()
                contender = Contender(session, step.peer, hub.address, holder.session)
                self._contend(contender, holder, now)

    def on_found(self, found: Found, now: float) -> None:
        """Take the answer to where a client is, or a reference hub."""
        self.signaling.on_found(found, now)
        if found.located is None:
            self._follow(self.references.is_free(found.namespace, found.peer), now)
        elif found.located.hub == self._own:
            self._follow(self.references.is_granted(found.namespace, found.peer), now)

    # One id at two hubs

    def on_challenge(self, hub: PeerId, challenge: Challenge, now: float) -> None:
        """See whether a client whose id was announced at another hub is alive."""
        peer = self._holder(challenge.namespace, challenge.peer, challenge.session)
        claim = hub, challenge
        if peer is None:
            self._answer(claim, stays=False)
            return
        contender = Contender(claim, challenge.peer, "", peer.session)
        self._contend(contender, peer, now)

    def on_refusal(self, refusal: Refusal, now: float) -> None:
        """Close a client whose id belongs to a client of another hub."""
        peer = self._holder(refusal.namespace, refusal.peer, refusal.session)
        reference = self.references.get(peer.session) if peer and peer.is_hub else None
        if reference is not None:
            self._leave(reference.peer, now)
            self._follow(self.references.stand_by(reference, now), now)
        elif peer is not None:
            self._drop(peer, "Peer already connected", now, is_refused=True)

    def _holder(self, namespace: str, peer_id: PeerId, session: int) -> Peer | None:
        """Return the client that a stay is about, if it is still here."""
        member = self._presence.find(namespace, peer_id)
        if member is None or member.session != session:
            return None
        return self.registry.find(member.peer)

    # Time

    def tick(self, now: float) -> None:
        """Do what is due."""
        for incumbent in self.registry.lost_contests(now):
            if self.registry.get(incumbent.session) is incumbent:  # not gone with its hub
                self._drop(incumbent, "peerId connected again, no answer here", now)
        checkup = self.registry.check_silence(now)
        for silent in checkup.ping:
            self._out.actions.append(PingPeer(silent.session, self.registry.next_ping()))
        for silent in checkup.drop:
            self._drop(silent, "no answer to pings", now)
        self._follow(self.references.tick(now), now)
        self.signaling.tick(now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        registry, signaling = self.registry.deadline(), self.signaling.deadline()
        return earliest(registry, signaling, self.references.deadline())
