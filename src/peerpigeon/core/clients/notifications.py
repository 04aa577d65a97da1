"""What clients are told of each other, and reference hubs on behalf of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.namespaces.outcome import Introduce, Outcome, Part, Tell
from peerpigeon.core.wire import client_messages

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.sessions.registry import Peer, Registry


class Notifications:
    """Puts the news of namespaces into the words of those who get them."""

    def __init__(self, registry: Registry, references: ReferenceLinks, out: Effects) -> None:
        self._registry = registry
        self._references = references
        self._out = out

    def spread(self, outcome: Outcome, now: float) -> None:
        """Tell clients of comings and goings, and put down what follows for other hubs."""
        at = self._out.milliseconds(now)
        for tell in outcome.tells:
            told = self._registry.members(tell.peers)
            # A reference hub itself can do nothing with other ones.
            ours = [peer for peer in told if peer.socket == peer.session and not peer.is_hub]
            if len(ours) < len(told):
                self._tell_guests(told, tell, now, at)
            if ours:
                self._tell(ours, tell, at)
        self._out.news.extend(outcome.news)

    def _tell_guests(self, told: list[Peer], tell: Tell, now: float, at: int) -> None:
        for guest in told:
            if guest.is_guest:
                self._out.send_all(guest.socket, self._references.tell(guest, tell, now, at))

    def _tell(self, told: list[Peer], tell: Tell, at: int) -> None:
        sessions = [peer.session for peer in told]
        namespace, names = tell.namespace, [peer.peer_id for peer in told]
        match tell:
            case Introduce(members=members) if len(told) == 1:
                known = [located.member.introduction for located in members]
                payloads = client_messages.encode_members(known, namespace, names[0], at)
                self._out.send_all(sessions[0], payloads)
            case Introduce(members=members):
                for member in (located.member for located in members):
                    payloads = client_messages.encode_arrival(
                        member.introduction, namespace, names, at
                    )
                    self._out.send_each(sessions, payloads)
            case Part(located=located, has_said_goodbye=has_said_goodbye):
                peer = located.member.peer
                if has_said_goodbye:
                    farewell = client_messages.encode_goodbye(peer, namespace, at)
                    self._out.send_each(sessions, [farewell] * len(sessions))
                payloads = client_messages.encode_departure(peer, namespace, names, at)
                self._out.send_each(sessions, payloads)
            case _:
                assert_never(tell)

    def leave(self, peer: Peer, namespace: str, now: float) -> None:
        """Note that a client leaves its namespace: a reference hub may have none there any more."""
        if peer.is_guest:
            at = self._out.milliseconds(now)
            payloads = self._references.withdraw(peer, namespace, at)
            self._out.send_all(peer.socket, payloads)
