"""The hub: sends each event to the part it concerns and turns the answers into actions."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, assert_never

from peerpigeon.core import messages
from peerpigeon.core.actions import Action, ClosePeer, PingPeer, SendToPeer, Tell
from peerpigeon.core.discovery import Discovery
from peerpigeon.core.events import Event, PeerLost, PeerOpened, PeerPonged, PeerSent, Tick
from peerpigeon.core.ids import PeerId, parse_peer_id, same_peer
from peerpigeon.core.messages import Announce, Cleanup, Goodbye, MessageError, Ping, Signal
from peerpigeon.core.notices import (
    HubRegistered,
    HubUnregistered,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
)
from peerpigeon.core.registry import Contender, Peer, Registry
from peerpigeon.core.snapshot import HubRecord, MeshSnapshot, PeerRecord, Snapshot

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.ids import SessionId

# RFC 6455, section 7.4.1. Reference: every refusal is a policy violation.
POLICY_VIOLATION = 1008


class Hub:
    """One server or hub, without sockets, clock or tasks.

    ``handle`` takes what happened and the time, and returns what is to be done, in order. The
    time is seconds on a clock that never goes back; ``epoch`` is what to add to it to get seconds
    since 1970, for the timestamps on the wire and nothing else.
    """

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, epoch: float = 0.0, now: float = 0.0
    ) -> None:
        self._own = own
        self._config = config
        self._epoch = epoch
        self._started_at = now
        self._registry = Registry(config)
        self._discovery = Discovery(config.discovery_limit, rng)
        self._announced = 0
        self._hubs = 1 if config.is_hub else 0
        self._signals_relayed = 0
        self._signals_refused = 0
        self._messages_refused = 0

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take one event at a time, and return the actions it calls for.

        Never raises for what a client sent, and never waits.
        """
        match event:
            case PeerSent():
                return self._on_peer_sent(event, now)
            case PeerPonged():
                return self._on_peer_ponged(event, now)
            case PeerOpened():
                return self._on_peer_opened(event, now)
            case PeerLost():
                return self._on_peer_lost(event, now)
            case Tick():
                return self._on_tick(now)
            case _:
                assert_never(event)

    def deadline(self) -> float | None:
        """Return when the hub wants a ``Tick`` if nothing else happens before."""
        return self._registry.deadline()

    # A client's socket

    def _on_peer_opened(self, event: PeerOpened, now: float) -> list[Action]:
        session = event.session
        peer_id = parse_peer_id(event.peer_id)
        if peer_id is None:
            return [ClosePeer(session, POLICY_VIOLATION, "Invalid peerId format")]
        if same_peer(peer_id, self._own):
            return [ClosePeer(session, POLICY_VIOLATION, "peerId is this hub's own")]
        incumbent = self._registry.find(peer_id)
        if incumbent is not None:
            if self._registry.contend(session, peer_id, event.address, incumbent, now):
                return [PingPeer(incumbent.session)]
            return [_refuse_second(session)]
        if self._registry.is_full:
            return [ClosePeer(session, POLICY_VIOLATION, "Maximum connections reached")]
        return self._admit(self._registry.add(session, peer_id, event.address, now), now)

    def _admit(self, peer: Peer, now: float) -> list[Action]:
        greeting = messages.encode_connected(peer.peer_id, self._milliseconds(now))
        return [
            SendToPeer(peer.session, greeting),
            Tell(PeerConnected(peer.peer_id, len(self._registry))),
        ]

    def _on_peer_ponged(self, event: PeerPonged, now: float) -> list[Action]:
        peer = self._registry.get(event.session)
        return [] if peer is None else self._heard(peer, now)

    def _heard(self, peer: Peer, now: float) -> list[Action]:
        beaten = self._registry.heard(peer, now)
        return [] if beaten is None else [_refuse_second(beaten.session)]

    def _on_peer_lost(self, event: PeerLost, now: float) -> list[Action]:
        peer = self._registry.get(event.session)
        if peer is not None:
            return self._depart(peer, event.code, event.reason, now)
        contender = self._registry.contender(event.session)
        if contender is not None:
            self._registry.withdraw(contender)
        return []

    def _depart(self, peer: Peer, code: int, reason: str, now: float) -> list[Action]:
        """Forget a client and let its contender, if there is one, in."""
        actions = self._leave(peer, now)
        successor = self._registry.remove(peer)
        actions.append(Tell(PeerDisconnected(peer.peer_id, code, reason, len(self._registry))))
        if successor is not None:
            actions.extend(self._succeed(successor, now))
        return actions

    def _succeed(self, contender: Contender, now: float) -> list[Action]:
        peer = self._registry.add(contender.session, contender.peer_id, contender.address, now)
        actions = self._admit(peer, now)
        for text in contender.backlog:
            actions.extend(self._on_message(peer, text, now))
        return actions

    def _on_tick(self, now: float) -> list[Action]:
        actions: list[Action] = []
        for incumbent in self._registry.lost_contests(now):
            actions.extend(self._drop(incumbent, "peerId connected again, no answer here", now))
        checkup = self._registry.check_silence(now)
        actions.extend(PingPeer(peer.session) for peer in checkup.ping)
        for silent in checkup.drop:
            actions.extend(self._drop(silent, "no answer to pings", now))
        return actions

    def _drop(self, peer: Peer, reason: str, now: float) -> list[Action]:
        close = ClosePeer(peer.session, POLICY_VIOLATION, reason)
        return [close, *self._depart(peer, close.code, reason, now)]

    # A client's messages

    def _on_peer_sent(self, event: PeerSent, now: float) -> list[Action]:
        peer = self._registry.get(event.session)
        if peer is None:
            return self._on_contender_sent(event)
        alive = self._heard(peer, now)
        return alive + self._on_message(peer, event.text, now)

    def _on_contender_sent(self, event: PeerSent) -> list[Action]:
        contender = self._registry.contender(event.session)
        if contender is None:
            return []
        if contender.keep(event.text):
            return []
        self._registry.withdraw(contender)
        return [_refuse_second(event.session)]

    def _on_message(self, peer: Peer, text: str, now: float) -> list[Action]:
        try:
            message = messages.decode(text)
        except MessageError as error:
            return self._refuse_message(peer, str(error), now)
        match message:
            case Signal():
                return self._on_signal(peer, message, now)
            case Announce():
                return self._on_announce(peer, message, now)
            case Goodbye():
                return self._on_goodbye(peer, now)
            case Ping():
                pong = messages.encode_pong(peer.peer_id, peer.namespace, self._milliseconds(now))
                return [SendToPeer(peer.session, pong)]
            case Cleanup():
                return []
            case _:
                assert_never(message)

    def _refuse_message(self, peer: Peer, text: str, now: float) -> list[Action]:
        self._messages_refused += 1
        error = messages.encode_error(text, peer.namespace, self._milliseconds(now))
        return [SendToPeer(peer.session, error)]

    # Signals

    def _on_signal(self, sender: Peer, signal: Signal, now: float) -> list[Action]:
        if signal.namespace != sender.namespace:
            return self._refuse_signal(sender, signal, "not-announced", now)
        target = self._registry.find(signal.target)
        # One answer for a peer that is elsewhere and for one that is nowhere: whether an id is
        # connected in another namespace is nobody's business here (S25).
        if target is None or target.namespace != sender.namespace:
            return self._refuse_signal(sender, signal, "not-found", now)
        if signal.kind == "offer":
            sender.note_offer(signal.target, now, is_sent=True)
            target.note_offer(sender.peer_id, now, is_sent=False)
        elif messages.is_role_conflict(signal) and sender.has_crossed_offers(signal.target, now):
            # Its own offer is the better answer. A real client that is told both closes the very
            # connection with which it is answering that offer.
            return self._refuse_signal(sender, signal, "superseded", now)
        self._signals_relayed += 1
        payload = messages.encode_signal(
            signal, sender.peer_id, target.peer_id, self._milliseconds(now)
        )
        return [SendToPeer(target.session, payload)]

    def _refuse_signal(self, sender: Peer, signal: Signal, reason: str, now: float) -> list[Action]:
        self._signals_refused += 1
        namespace = signal.namespace[: self._config.max_namespace_length]
        text = f"{signal.kind} to {signal.target} not delivered: {_REASONS[reason]} {namespace!r}"
        detail: dict[str, object] = {
            "type": signal.kind,
            "targetPeerId": signal.target,
            "reason": reason,
        }
        error = messages.encode_error(text, sender.namespace, self._milliseconds(now), detail)
        return [SendToPeer(sender.session, error)]

    # Namespaces

    def _on_announce(self, peer: Peer, announce: Announce, now: float) -> list[Action]:
        objection = self._objection(peer, announce)
        if objection is not None:
            return self._refuse_message(peer, objection, now)
        is_hub = announce.namespace == self._config.hub_mesh_namespace
        if peer.namespace == announce.namespace:
            peer.introduction = messages.introduction(peer.peer_id, announce, is_hub=is_hub)
            others = self._discovery.top_up(announce.namespace, peer.peer_id)
            return self._introduce(peer, others, now)
        actions = self._leave(peer, now)
        peer.introduction = messages.introduction(peer.peer_id, announce, is_hub=is_hub)
        peer.namespace, peer.announced_at, peer.is_hub = announce.namespace, now, is_hub
        self._announced += 1
        others = self._discovery.join(announce.namespace, peer.peer_id)
        actions.extend(self._introduce(peer, others, now))
        actions.append(Tell(PeerAnnounced(peer.peer_id, announce.namespace, is_hub)))
        if is_hub:
            self._hubs += 1
            actions.append(Tell(HubRegistered(peer.peer_id, self._hubs)))
        return actions

    def _objection(self, peer: Peer, announce: Announce) -> str | None:
        longest = self._config.max_namespace_length
        if len(announce.namespace) > longest:
            return f"networkName is longer than {longest} characters"
        largest = self._config.max_announce_size
        if len(announce.data) > largest:
            return f"announce has more than {largest} bytes of data"
        if announce.namespace != self._config.hub_mesh_namespace:
            return None
        # Who may call itself a hub: until hubs can prove it, those on this machine.
        if self._config.is_hub and announce.is_hub and _is_loopback(peer.address):
            return None
        return f"networkName {announce.namespace!r} is reserved for hubs"

    def _introduce(self, peer: Peer, others: list[PeerId], now: float) -> list[Action]:
        """Tell ``peer`` and each of ``others`` of each other."""
        namespace, at = peer.namespace or "", self._milliseconds(now)
        to_others: list[Action] = []
        to_peer: list[Action] = []
        for other_id in others:
            other = self._registry.member(other_id)
            news = messages.encode_discovered(peer.introduction, namespace, other.peer_id, at)
            to_others.append(SendToPeer(other.session, news))
            news = messages.encode_discovered(other.introduction, namespace, peer.peer_id, at)
            to_peer.append(SendToPeer(peer.session, news))
        return to_others + to_peer

    def _on_goodbye(self, peer: Peer, now: float) -> list[Action]:
        if peer.namespace is None:
            return []
        farewell = messages.encode_goodbye(peer.peer_id, peer.namespace, self._milliseconds(now))
        actions = self._leave(peer, now, farewell)
        actions.append(Tell(PeerGoodbye(peer.peer_id)))
        return actions

    def _leave(self, peer: Peer, now: float, farewell: bytes | None = None) -> list[Action]:
        """Take a client out of its namespace and tell those that knew it."""
        namespace = peer.namespace
        if namespace is None:
            return []
        peer.namespace = None
        self._announced -= 1
        departure = self._discovery.leave(namespace, peer.peer_id)
        at = self._milliseconds(now)
        actions: list[Action] = []
        for other_id in departure.told:
            other = self._registry.member(other_id)
            if farewell is not None:
                actions.append(SendToPeer(other.session, farewell))
            news = messages.encode_disconnected(
                peer.peer_id, namespace, other.peer_id, at, is_hub=peer.is_hub
            )
            actions.append(SendToPeer(other.session, news))
        for one_id, other_id in departure.introductions:
            actions.extend(self._introduce(self._registry.member(one_id), [other_id], now))
        if peer.is_hub:
            peer.is_hub = False
            self._hubs -= 1
            actions.append(Tell(HubUnregistered(peer.peer_id, self._hubs)))
        return actions

    # Pictures for people

    def snapshot(self, now: float) -> Snapshot:
        """Return the counts of this hub; costs O(hubs)."""
        return Snapshot(
            hub_id=self._own,
            is_hub=self._config.is_hub,
            uptime=now - self._started_at,
            wall_time=self._epoch + now,
            connections=len(self._registry),
            announced_peers=self._announced,
            namespaces=len(self._discovery),
            hubs=self._hub_records(now),
            mesh=MeshSnapshot(known_hubs=self._hubs),
            signals_relayed=self._signals_relayed,
            signals_refused=self._signals_refused,
            messages_refused=self._messages_refused,
        )

    def peers(self) -> list[PeerRecord]:
        """Return a record of every client; costs O(clients)."""
        return [
            PeerRecord(
                peer.peer_id,
                peer.namespace,
                peer.address,
                self._epoch + peer.opened_at,
                self._epoch + peer.last_heard,
                peer.is_hub,
            )
            for peer in self._registry
        ]

    def _hub_records(self, now: float) -> tuple[HubRecord, ...]:
        if not self._config.is_hub:
            return ()
        namespace = self._config.hub_mesh_namespace
        own = HubRecord(self._own, namespace, self._epoch + self._started_at, self._epoch + now)
        others = [
            HubRecord(
                peer.peer_id,
                namespace,
                self._epoch + peer.announced_at,
                self._epoch + peer.last_heard,
            )
            for peer in self._registry
            if peer.is_hub
        ]
        return (own, *others)

    def _milliseconds(self, now: float) -> int:
        return int((self._epoch + now) * 1000)


_REASONS = {
    "not-announced": "you have not announced yourself in namespace",
    "not-found": "no such peer in namespace",
    "superseded": "the offer you have sent yourself goes before, in namespace",
}


def _refuse_second(session: SessionId) -> ClosePeer:
    return ClosePeer(session, POLICY_VIOLATION, "Peer already connected")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
