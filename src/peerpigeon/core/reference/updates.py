"""What a hub of the npm package is told when its clients, guests here, are told something.

It is told of each member once, however many of its clients come to know that one
(``namespaces/known_members.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of
from peerpigeon.core.namespaces.outcome import Introduce, Part, Tell
from peerpigeon.core.wire import reference_messages

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.known_members import Over
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.reference.model import ReferenceLink
    from peerpigeon.core.sessions.registry import Guest
    from peerpigeon.core.wire.hub_frames import Located


class ReferenceUpdates:
    """Puts what guests are told into messages for their hubs."""

    def __init__(self, own: PeerId, links: ReferenceLinks) -> None:
        self._own = own
        self._links = links

    def tell(self, guest: Guest, tell: Tell, now: float, at: int) -> list[bytes]:
        """Return what to send to a guest's hub when the guest is told something."""
        link = self._links.get(guest.hub)
        if link is None:
            return []
        match tell:
            case Introduce(namespace, members=members):
                news = [
                    link.known.introduce(namespace, located, guest.session, now)
                    for located in members
                    if not self._is_of(link, located)
                ]
                known = [located.member.introduction for located in news if located is not None]
                return [
                    reference_messages.encode_discovered(introduction, namespace, at)
                    for introduction in known
                ]
            case Part(namespace, located=located):
                over = link.known.part(namespace, located, guest.session)
                return [] if over is None else _encode_over(over, at)

    def _is_of(self, link: ReferenceLink, located: Located) -> bool:
        """Tell whether a member is a client of the reference hub itself."""
        return located.hub == self._own and key_of(located.member.peer) in link.guests

    def withdraw(self, guest: Guest, namespace: str, at: int) -> list[bytes]:
        """Return what to send to a guest's hub when the guest leaves its namespace."""
        link = self._links.get(guest.hub)
        if link is None:
            return []
        over = link.known.leave(namespace, guest.session)
        return [payload for news in over for payload in _encode_over(news, at)]


def _encode_over(over: Over, at: int) -> list[bytes]:
    payloads = [reference_messages.encode_disconnected(over.peer, over.namespace, at)]
    if over.successor is not None:
        introduction = over.successor.member.introduction
        payloads.append(reference_messages.encode_discovered(introduction, over.namespace, at))
    return payloads
