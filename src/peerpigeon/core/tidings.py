"""What clients are told of each other, and reference hubs on behalf of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core import messages
from peerpigeon.core.outcome import Introduce, Outcome, Part, Tell

if TYPE_CHECKING:
    from peerpigeon.core.outbox import Outbox
    from peerpigeon.core.references import References
    from peerpigeon.core.registry import Peer, Registry


class Tidings:
    """Puts the news of namespaces into the words of those who get them."""

    def __init__(self, registry: Registry, references: References, out: Outbox) -> None:
        self._registry = registry
        self._references = references
        self._out = out

    def spread(self, outcome: Outcome, now: float) -> None:
        """Tell clients of comings and goings, and put down what follows for other hubs."""
        at = self._out.milliseconds(now)
        for tell in outcome.tells:
            peer = self._registry.member(tell.peer)
            if peer.is_guest:
                for payload in self._references.tell(peer, tell, now, at):
                    self._out.send(peer.socket, payload)
            elif not peer.is_hub:  # a reference hub can do nothing with other ones
                self._tell(peer, tell, at)
        self._out.news.extend(outcome.news)

    def _tell(self, peer: Peer, tell: Tell, at: int) -> None:
        namespace, member, to = tell.namespace, tell.located.member, peer.peer_id
        match tell:
            case Introduce():
                known = member.introduction
                self._send(peer, messages.encode_discovered(known, namespace, to, at))
            case Part(has_said_goodbye=has_said_goodbye):
                if has_said_goodbye:
                    self._send(peer, messages.encode_goodbye(member.peer, namespace, at))
                gone = messages.encode_disconnected(member.peer, namespace, to, at, is_hub=False)
                self._send(peer, gone)
            case _:
                assert_never(tell)

    def _send(self, peer: Peer, payload: bytes) -> None:
        self._out.send(peer.session, payload)

    def leave(self, peer: Peer, namespace: str, now: float) -> None:
        """Note that a client leaves its namespace: a reference hub may have none there any more."""
        if peer.is_guest:
            at = self._out.milliseconds(now)
            for payload in self._references.withdraw(peer, namespace, at):
                self._out.send(peer.socket, payload)
