"""The check of what other hubs say: behind it every value is valid.

Types and ranges of single fields stand in ``hub_frames.py`` and are checked while a frame is
decoded; here is what more than one value, or a look inside one, is needed for. ``hub_codec.decode``
asks for each frame of a link. The body of a frame that is routed is looked into at its destination
only: a hub on the way neither pays for it nor has to know all that newer hubs say to each other.
"""

from __future__ import annotations

from binascii import unhexlify
from itertools import chain
from typing import TYPE_CHECKING, assert_never

import msgspec

from peerpigeon.core.config.addresses import ADDRESSES_LIMIT
from peerpigeon.core.ids import same_peer
from peerpigeon.core.wire.client_messages import PLAIN
from peerpigeon.core.wire.hub_frames import (
    SIGNALS,
    Adverts,
    Bye,
    Heartbeat,
    Hello,
    Load,
    Proof,
    Routed,
    Sealed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_news import (
    Challenge,
    Claim,
    Counted,
    Dealt,
    Draw,
    Find,
    Found,
    Gone,
    Granted,
    Handed,
    HandedOut,
    Join,
    Leave,
    Meet,
    More,
    Owned,
    Refusal,
    Relay,
    Resync,
    Spread,
    Undelivered,
    Unknown,
    Verdict,
)
from peerpigeon.core.wire.nesting import DEEPEST_INSIDE, is_too_deep
from peerpigeon.core.wire.ranges import Count, Lane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.wire.hub_frames import Advert, Body, Frame
    from peerpigeon.core.wire.hub_news import Member, News

CLOSE_REASON_LIMIT = 123
"""Bytes (RFC 6455, section 5.5)."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are not what it is for."""


class _Numbered(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """A segment whose news may be of any kind."""

    epoch: Count
    sequence: Count
    floor: Count
    news: msgspec.Raw
    lane: Lane = SIGNALS


class _Introduced(msgspec.Struct, frozen=True):
    """What every introduction says."""

    peer: str = msgspec.field(name="peerId")


_introduced = msgspec.json.Decoder(_Introduced)
_numbered = msgspec.msgpack.Decoder(_Numbered)
_json = msgspec.json.Decoder(msgspec.Raw)


# Frames of a link


def is_valid(frame: Frame) -> bool:
    """Tell whether a neighbour may say this.

    Bodies of routed frames are not looked into: see ``opened``.
    """
    match frame:
        case Routed():  # most often
            return _are_ids(frame.source + frame.destination)
        case Heartbeat() | Proof() | Load():
            return True
        case Adverts():
            return all(map(is_valid_advert, frame.adverts))
        case Summary():
            return _are_ids("".join([hub for hub, *_ in frame.entries]))
        case Hello():
            return _are_ids(frame.hub)
        case Sealed():
            return _are_ids(frame.source + frame.destination)
        case Bye():  # the reason goes on into a close frame
            return len(frame.reason.encode()) <= CLOSE_REASON_LIMIT
        case _:
            assert_never(frame)


def is_valid_advert(advert: Advert) -> bool:
    """Tell whether what a hub publishes of itself may be taken and passed on."""
    named = [advert.hub, *(end.hub for end in advert.links)]
    if advert.bar is not None:
        named.append(advert.bar[1])
    return _are_ids("".join(named)) and sum(map(len, advert.addresses)) <= ADDRESSES_LIMIT


# Bodies of routed frames


def opened(body: Body | msgspec.Raw) -> Body | None:
    """Return a body that has reached its destination; ``None`` if nothing can be done with it.

    News that this hub cannot use becomes ``Unknown``: its number must be acknowledged, or its
    source would send it again and again, and what comes after it would wait for ever.
    """
    if isinstance(body, Segment):
        if _is_valid_news(body.news):
            return body
        return Segment(body.epoch, body.sequence, body.floor, Unknown(), body.lane)
    if not isinstance(body, msgspec.Raw):
        return body
    try:
        numbered = _numbered.decode(body)
    except UNREADABLE:
        return None
    return Segment(numbered.epoch, numbered.sequence, numbered.floor, Unknown(), numbered.lane)


def _is_valid_news(news: News) -> bool:
    match news:
        case Relay():
            return _are_ids(news.sender + news.target) and _is_json(news.data)
        case Undelivered():
            return _are_ids(news.sender + news.target) and (not news.data or _is_json(news.data))
        case Join():
            departed = "".join([peer for peer, _ in news.departed])
            return _are_ids(departed) and _are_members(news.members)
        case Meet():
            return _is_valid_meet(news)
        case Gone():
            return _are_ids("".join([hub + peer for hub, peer, _ in news.registrations]))
        case Found():
            return _are_ids(news.peer) and _is_valid_answer(news)
        case Leave() | More() | Find() | Challenge() | Verdict() | Refusal() | Claim() | Owned():
            return _are_ids(news.peer)
        case Spread() | Handed() | Draw() | Dealt():
            return _is_valid_of_dialect(news)
        case Counted() | HandedOut() | Granted() | Resync() | Unknown():
            return True
        case _:
            assert_never(news)


def _is_valid_of_dialect(news: Spread | Handed | Draw | Dealt) -> bool:
    match news:
        case Spread() | Handed():
            return _are_ids(news.origin) and _is_json(news.payload)
        case Draw():
            return _are_ids(news.member) and all(map(_is_json, news.payloads))
        case Dealt():
            return all(_is_json(payload) for _, payload in news.items)
        case _:
            assert_never(news)


def _is_valid_meet(meet: Meet) -> bool:
    named = [peer for peer, _ in meet.peers] + [located.hub for located in meet.members]
    most = max(chain.from_iterable(meet.rows), default=-1)
    return (
        (not meet.rows or len(meet.rows) == len(meet.peers))
        and most < len(meet.members)
        and _are_ids("".join(named))
        and _are_members(found.member for found in meet.members)
    )


def _is_valid_answer(found: Found) -> bool:
    # An answer about another peer would let what waits ask again, without end.
    located = found.located
    return located is None or (
        _are_ids(located.hub)
        and _are_members((located.member,))
        and same_peer(found.peer, located.member.peer)
    )


# Values


def _are_ids(ids: str) -> bool:
    """Tell whether ids, each of the right length, have hexadecimal digits only."""
    try:
        unhexlify(ids)
    except ValueError:
        return False
    return True


def _are_members(members: Iterable[Member]) -> bool:
    return all(_are_ids(member.peer) and _introduces(member) for member in members)


def _introduces(member: Member) -> bool:
    """Tell whether an introduction, which clients are told as it is, is that of its member."""
    introduction = member.introduction
    if introduction == PLAIN:
        return True
    try:
        named = _introduced.decode(introduction).peer
    except UNREADABLE:
        return False
    if named != member.peer or is_too_deep(introduction, DEEPEST_INSIDE):
        return False
    return introduction.isascii() or _is_json(introduction)


def _is_json(data: bytes) -> bool:
    """Tell whether bytes are one JSON value in UTF-8, so that no client's parser stumbles."""
    try:
        _json.decode(data)
        return not is_too_deep(data, DEEPEST_INSIDE) and (data.isascii() or bool(data.decode()))
    except UNREADABLE:
        return False
