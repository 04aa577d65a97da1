"""How large news between hubs is, about, and may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import ID_DIGITS
from peerpigeon.core.wire.hub_news import Found, Gone, Join, Meet, Relay

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Advert
    from peerpigeon.core.wire.hub_news import Member, News

MESSAGE_BYTES = 48 * 1024
"""Of introductions in one message between hubs; it must fit a data channel."""

MEMBER_BYTES = 128
"""About what a member takes besides its introduction."""

_ADVERT_BYTES, _LINK_BYTES = 1024, 256

_OVERHEAD = 128  # about what news takes without its texts and lists


def size_of(news: News) -> int:
    """Return about how much memory news takes."""
    match news:
        case Relay():
            return _OVERHEAD + len(news.data)
        case Join():
            return _OVERHEAD + sum(_size_of_member(member) for member in news.members)
        case Meet():
            members = sum(_size_of_member(located.member) for located in news.members)
            return _OVERHEAD + members + ID_DIGITS * len(news.peers)
        case Gone():
            return _OVERHEAD + ID_DIGITS * len(news.registrations)
        case Found(located=located) if located is not None:
            return _OVERHEAD + _size_of_member(located.member)
        case _:
            return _OVERHEAD


def size_of_advert(advert: Advert) -> int:
    """Return about how much memory an advert takes, its links in the graph included."""
    addresses = sum(map(len, advert.addresses))
    return _ADVERT_BYTES + addresses + _LINK_BYTES * len(advert.links)


def _size_of_member(member: Member) -> int:
    return ID_DIGITS + len(member.introduction)
