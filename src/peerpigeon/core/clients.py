"""The desk where clients come: their sockets, their messages, what they are told.

It decides all that one client can see. What other hubs have to do for it, it puts down as news for
them; ``hub.py`` takes both away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core import messages
from peerpigeon.core.actions import ClosePeer, PingPeer, Tell
from peerpigeon.core.frames import Challenge, Refusal, Verdict
from peerpigeon.core.ids import parse_peer_id, same_peer
from peerpigeon.core.messages import Announce, Cleanup, Goodbye, MessageError, Ping, Signal
from peerpigeon.core.notices import (
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
)
from peerpigeon.core.outcome import Introduce, Outcome, Part
from peerpigeon.core.registry import Claim, Contender, Peer, Registry
from peerpigeon.core.relays import Relays
from peerpigeon.core.timetable import earliest

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.events import PeerLost, PeerOpened, PeerPonged, PeerSent
    from peerpigeon.core.ids import PeerId, SessionId
    from peerpigeon.core.outbox import Outbox
    from peerpigeon.core.presence import Presence

# RFC 6455, section 7.4.1. Reference: every refusal is a policy violation.
POLICY_VIOLATION = 1008


class Clients:
    """The clients of one hub. What is to be done and told goes into the outbox, in order."""

    def __init__(
        self,
        own: PeerId,
        config: ServerConfig,
        presence: Presence,
        keepers_of: Callable[[str], tuple[PeerId, ...]],
        out: Outbox,
    ) -> None:
        self._own = own
        self._config = config
        self._presence = presence
        self._out = out
        self.registry = Registry(config)
        self.relays = Relays(own, config, self.registry, presence, keepers_of, out)
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
            if self.registry.contend(contender, now):
                self._out.actions.append(PingPeer(incumbent.session))
            else:
                self._refuse(contender)
        elif self.registry.is_full:
            self._close(session, "Maximum connections reached")
        else:
            self._admit(self.registry.add(session, peer_id, event.address, now), now)

    def _admit(self, peer: Peer, now: float) -> None:
        greeting = messages.encode_connected(peer.peer_id, self._out.milliseconds(now))
        self._send(peer, greeting)
        self._out.actions.append(Tell(PeerConnected(peer.peer_id, len(self.registry))))

    def on_ponged(self, event: PeerPonged, now: float) -> None:
        """Take a sign of life."""
        peer = self.registry.get(event.session)
        if peer is not None:
            self._hear(peer, now)

    def _hear(self, peer: Peer, now: float) -> None:
        beaten = self.registry.heard(peer, now)
        if beaten is not None:
            self._refuse(beaten)

    def on_lost(self, event: PeerLost, now: float) -> None:
        """Take the end of a socket."""
        peer = self.registry.get(event.session)
        if peer is not None:
            self._depart(peer, event.code, event.reason, now)
            return
        contender = self.registry.contender(event.session)
        if contender is not None:
            self.registry.withdraw(contender)

    def _depart(self, peer: Peer, code: int, reason: str, now: float) -> None:
        """Forget a client, and let its contender in if there is one."""
        self._leave(peer, now)
        successor = self.registry.remove(peer)
        total = len(self.registry)
        self._out.actions.append(Tell(PeerDisconnected(peer.peer_id, code, reason, total)))
        if successor is not None:
            self._succeed(successor, now)

    def _succeed(self, contender: Contender, now: float) -> None:
        if isinstance(contender.wants, tuple):
            self._answer(contender.wants, stays=False)
            return
        peer_id, address = contender.peer_id, contender.address
        peer = self.registry.add(contender.wants, peer_id, address, now)
        self._admit(peer, now)
        for text in contender.backlog:
            self._on_message(peer, text, now)

    def _refuse(self, contender: Contender) -> None:
        """Tell a contender that the id is in use."""
        if isinstance(contender.wants, tuple):
            self._answer(contender.wants, stays=True)
        else:
            self._close(contender.wants, "Peer already connected")

    def _answer(self, claim: Claim, *, stays: bool) -> None:
        """Tell another hub whether a client of ours keeps its id."""
        hub, asked = claim
        verdict = Verdict(asked.namespace, asked.peer, asked.session, stays)
        self._out.news.append((hub, verdict))

    def _close(self, session: SessionId, reason: str) -> None:
        self._out.actions.append(ClosePeer(session, POLICY_VIOLATION, reason))

    def _drop(self, peer: Peer, reason: str, now: float) -> None:
        self._close(peer.session, reason)
        self._depart(peer, POLICY_VIOLATION, reason, now)

    # Messages

    def on_sent(self, event: PeerSent, now: float) -> None:
        """Take one message."""
        peer = self.registry.get(event.session)
        if peer is not None:
            self._hear(peer, now)
            self._on_message(peer, event.text, now)
            return
        contender = self.registry.contender(event.session)
        if contender is not None and not contender.keep(event.text):
            self.registry.withdraw(contender)
            self._refuse(contender)

    def _on_message(self, peer: Peer, text: str, now: float) -> None:
        try:
            message = messages.decode(text)
        except MessageError as error:
            self._refuse_message(peer, str(error), now)
            return
        match message:
            case Signal():
                self.relays.on_signal(peer, message, now)
            case Announce():
                self._on_announce(peer, message, now)
            case Goodbye():
                self._on_goodbye(peer, now)
            case Ping():
                at = self._out.milliseconds(now)
                self._send(peer, messages.encode_pong(peer.peer_id, peer.namespace, at))
            case Cleanup():
                pass
            case _:
                assert_never(message)

    def _refuse_message(self, peer: Peer, text: str, now: float) -> None:
        self.messages_refused += 1
        self._send(peer, messages.encode_error(text, peer.namespace, self._out.milliseconds(now)))

    def _send(self, peer: Peer, payload: bytes) -> None:
        self._out.send(peer.session, payload)

    # Namespaces

    def _on_announce(self, peer: Peer, announce: Announce, now: float) -> None:
        objection = self._objection(announce)
        if objection is not None:
            self._refuse_message(peer, objection, now)
            return
        is_new = peer.namespace != announce.namespace
        if is_new:
            self._leave(peer, now)
            peer.namespace, peer.announced_at = announce.namespace, now
            self.announced += 1
        introduction = messages.introduction(peer.peer_id, announce, is_hub=False)
        self.act(self._presence.announce(announce.namespace, peer.peer_id, introduction), now)
        if is_new:
            notice = PeerAnnounced(peer.peer_id, announce.namespace, is_hub=False)
            self._out.actions.append(Tell(notice))

    def _objection(self, announce: Announce) -> str | None:
        longest = self._config.max_namespace_length
        if len(announce.namespace) > longest:
            return f"networkName is longer than {longest} characters"
        largest = self._config.max_announce_size
        if len(announce.data) > largest:
            return f"announce has more than {largest} bytes of data"
        if announce.namespace == self._config.hub_mesh_namespace:
            return f"networkName {announce.namespace!r} is reserved for hubs"
        return None

    def _on_goodbye(self, peer: Peer, now: float) -> None:
        if peer.namespace is not None:
            self._leave(peer, now, has_said_goodbye=True)
            self._out.actions.append(Tell(PeerGoodbye(peer.peer_id)))

    def _leave(self, peer: Peer, now: float, *, has_said_goodbye: bool = False) -> None:
        namespace = peer.namespace
        if namespace is not None:
            peer.namespace = None
            self.announced -= 1
            outcome = self._presence.withdraw(
                namespace, peer.peer_id, now, has_said_goodbye=has_said_goodbye
            )
            self.act(outcome, now)

    def act(self, outcome: Outcome, now: float) -> None:
        """Tell clients of comings and goings, and put down what follows for other hubs."""
        at = self._out.milliseconds(now)
        for tell in outcome.tells:
            peer, member = self.registry.member(tell.peer), tell.located.member
            namespace, to = tell.namespace, peer.peer_id
            match tell:
                case Introduce():
                    known = member.introduction
                    self._send(peer, messages.encode_discovered(known, namespace, to, at))
                case Part(has_said_goodbye=has_said_goodbye):
                    if has_said_goodbye:
                        self._send(peer, messages.encode_goodbye(member.peer, namespace, at))
                    news = messages.encode_disconnected(
                        member.peer, namespace, to, at, is_hub=False
                    )
                    self._send(peer, news)
                case _:
                    assert_never(tell)
        self._out.news.extend(outcome.news)

    # One id at two hubs

    def on_challenge(self, hub: PeerId, challenge: Challenge, now: float) -> None:
        """See whether a client whose id was announced at another hub is alive."""
        peer = self._holder(challenge.namespace, challenge.peer, challenge.session)
        claim = hub, challenge
        if peer is None:
            self._answer(claim, stays=False)
            return
        contender = Contender(claim, challenge.peer, "", peer.session)
        if self.registry.contend(contender, now):
            self._out.actions.append(PingPeer(peer.session))
        else:
            self._refuse(contender)

    def on_refusal(self, refusal: Refusal, now: float) -> None:
        """Close a client whose id belongs to a client of another hub."""
        peer = self._holder(refusal.namespace, refusal.peer, refusal.session)
        if peer is not None:
            self._drop(peer, "Peer already connected", now)

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
            self._drop(incumbent, "peerId connected again, no answer here", now)
        checkup = self.registry.check_silence(now)
        self._out.actions.extend(PingPeer(peer.session) for peer in checkup.ping)
        for silent in checkup.drop:
            self._drop(silent, "no answer to pings", now)
        self.relays.tick(now)

    def deadline(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return earliest(self.registry.deadline(), self.relays.deadline())
