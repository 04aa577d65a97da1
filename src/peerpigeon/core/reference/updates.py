"""What a hub of the npm package is told when its clients, guests here, are told something.

It is told of each member once, however many of its clients come to know that one
(``told_members.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.ids import key_of
from peerpigeon.core.namespaces.client_news import ClientNews, Departure, Introduction
from peerpigeon.core.wire import reference_messages
from peerpigeon.core.wire.client_messages import introduced

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.reference.links import ReferenceLinks
    from peerpigeon.core.reference.model import ReferenceLink
    from peerpigeon.core.reference.told_members import MemberGone
    from peerpigeon.core.sessions.registry import Guest
    from peerpigeon.core.wire.hub_news import Located


class ReferenceUpdates:
    """Puts what guests are told into messages for their hubs."""

    def __init__(self, own: PeerId, links: ReferenceLinks) -> None:
        self._own = own
        self._links = links

    def tell(self, guest: Guest, news: ClientNews, now: float, at: int) -> list[bytes]:
        """Return what to send to a guest's hub when the guest is told something."""
        link = self._links.get(guest.hub)
        if link is None:
            return []
        match news:
            case Introduction(namespace, members=members):
                told = [
                    link.known.introduce(namespace, located, guest.session, now)
                    for located in members
                    if not self._is_of(link, located)
                ]
                known = [introduced(located.member) for located in told if located is not None]
                return [
                    reference_messages.encode_discovered(introduction, namespace, at)
                    for introduction in known
                ]
            case Departure(namespace, located=located):
                gone = link.known.end(namespace, located, guest.session)
                return [] if gone is None else _encode_gone(gone, at)
            case _:
                assert_never(news)

    def _is_of(self, link: ReferenceLink, located: Located) -> bool:
        """Tell whether a member is a client of the reference hub itself."""
        return located.hub == self._own and key_of(located.member.peer) in link.guests

    def withdraw(self, guest: Guest, namespace: str, at: int) -> list[bytes]:
        """Return what to send to a guest's hub when the guest leaves its namespace."""
        link = self._links.get(guest.hub)
        if link is None:
            return []
        gone = link.known.leave(namespace, guest.session)
        return [payload for news in gone for payload in _encode_gone(news, at)]


def _encode_gone(gone: MemberGone, at: int) -> list[bytes]:
    payloads = [reference_messages.encode_disconnected(gone.peer, gone.namespace, at)]
    if gone.successor is not None:
        introduction = introduced(gone.successor.member)
        payloads.append(reference_messages.encode_discovered(introduction, gone.namespace, at))
    return payloads
