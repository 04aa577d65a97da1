"""How large news between hubs is, about, and may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_news import (
    Dealt,
    Draw,
    Found,
    Gone,
    Granted,
    Handed,
    Join,
    Meet,
    Relay,
    Spread,
    Undelivered,
)

if TYPE_CHECKING:
    from peerpigeon.core.wire.hub_frames import Advert
    from peerpigeon.core.wire.hub_news import News

MESSAGE_BYTES = 48 * 1024
"""Of introductions in one message between hubs; it must fit a data channel."""

MEMBER_BYTES = 128
"""About what a member takes in a message besides its introduction, its owner mark included."""

# About what things take in memory, as CPython 3.12 and msgspec have them on 64 bits: objects,
# strings of 40 digits, numbers, and their places in tuples and tables.
_ADVERT_BYTES, _LINK_BYTES = 1024, 256
_NEWS_BYTES, _MEMBER_BYTES, _LOCATED_BYTES = 512, 400, 560
_REGISTRATION_BYTES, _PLACED_BYTES, _NUMBER_BYTES, _ROW_BYTES = 200, 300, 40, 64


def size_of(news: News) -> int:
    """Return about how much memory news takes."""
    match news:
        case Relay() | Undelivered():
            return _NEWS_BYTES + len(news.data)
        case Spread() | Handed():
            return _NEWS_BYTES + len(news.namespace) + len(news.payload)
        case Draw(payloads=payloads):
            return _NEWS_BYTES + sum(_NUMBER_BYTES + len(payload) for payload in payloads)
        case Dealt(items=items):
            return _NEWS_BYTES + sum(_PLACED_BYTES + len(payload) for _, payload in items)
        case Join():
            members = sum(_MEMBER_BYTES + len(member.introduction) for member in news.members)
            numbers = len(news.has_enough) + len(news.granted) + len(news.present or ())
            pairs = _REGISTRATION_BYTES * (len(news.departed) + len(news.owners))
            return _NEWS_BYTES + members + _NUMBER_BYTES * numbers + pairs
        case Meet():
            members = sum(
                _LOCATED_BYTES + len(located.member.introduction) for located in news.members
            )
            rows = sum(_ROW_BYTES + _NUMBER_BYTES * len(row) for row in news.rows)
            return _NEWS_BYTES + members + rows + _REGISTRATION_BYTES * len(news.peers)
        case Gone():
            return _NEWS_BYTES + _PLACED_BYTES * len(news.registrations)
        case Granted():
            return _NEWS_BYTES + _NUMBER_BYTES * len(news.sessions)
        case Found(located=located) if located is not None:
            return _NEWS_BYTES + _LOCATED_BYTES + len(located.member.introduction)
        case _:
            return _NEWS_BYTES


def growth_of_advert(former: Advert, advert: Advert) -> int:
    """Return by how many bytes more an advert takes than the one before it."""
    if advert.addresses == former.addresses and advert.key == former.key:  # most often
        return _LINK_BYTES * (len(advert.links) - len(former.links))
    return size_of_advert(advert) - size_of_advert(former)


def size_of_advert(advert: Advert) -> int:
    """Return about how much memory an advert takes, its links in the graph included."""
    texts = sum(map(len, advert.addresses)) + len(advert.key) + len(advert.signature)
    return _ADVERT_BYTES + texts + _LINK_BYTES * len(advert.links)
