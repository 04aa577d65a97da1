"""What WebTorrent clients and their tracker say to each other, as ``bittorrent-tracker`` 11.2.3.

Hashes and ids are 20 bytes. In a message, and here, each is a string of 20 characters with the
codes 0 to 255; in the names of namespaces it is 40 hexadecimal digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from peerpigeon.core.wire.nesting import is_shallow, is_too_deep

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

HASH_SIZE: Final = 20

MAX_OFFERS: Final = 82
"""Offers of one announce that are used, as in the reference. Real clients make 3 or 5."""

EVENTS: Final = frozenset({"started", "completed", "stopped", "paused", "update"})

_FALSE: Final = frozenset({b"", b"null", b"false", b"0", b'""'})
_ZERO: Final = frozenset({b"0", b"0.0", b"-0", b'"0"'})


class TrackerError(Exception):
    """A message cannot be used; ``answer`` is what the client is told."""

    def __init__(self, reason: str, info_hash: str | None = None) -> None:
        super().__init__(reason)
        self.answer = failure(reason, info_hash)


class Announce(msgspec.Struct, frozen=True, gc=False):
    """A peer is in a swarm, or leaves it."""

    info_hash: str
    peer_id: str
    event: str
    """One of ``EVENTS``."""
    is_complete: bool
    """Whether nothing is missing to the peer, so that it is a seeder."""
    offers: tuple[bytes, ...] = ()
    """Each as another member gets it."""
    to: str = ""
    """The peer whose offer is answered; empty if none is."""
    answer: bytes = b""
    """The answer as that peer gets it."""


class Scrape(msgspec.Struct, frozen=True, gc=False):
    """Somebody asks how many members swarms have."""

    info_hashes: tuple[str, ...] | None
    """``None`` if it names none."""


Message: TypeAlias = Announce | Scrape


class _Offer(msgspec.Struct, gc=False):
    offer: msgspec.Raw = msgspec.Raw()
    offer_id: msgspec.Raw = msgspec.Raw()


class _Usual(msgspec.Struct, gc=False):
    """A message whose fields are of the kinds that real clients send."""

    action: str
    info_hash: str
    peer_id: str
    event: str | None = None
    left: msgspec.Raw = msgspec.Raw()
    offers: list[_Offer] = []
    to_peer_id: str = ""
    answer: msgspec.Raw = msgspec.Raw()
    offer_id: msgspec.Raw = msgspec.Raw()


class _Any(msgspec.Struct, gc=False):
    """Any JSON object."""

    action: msgspec.Raw = msgspec.Raw()
    info_hash: msgspec.Raw = msgspec.Raw()
    peer_id: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    left: msgspec.Raw = msgspec.Raw()
    offers: msgspec.Raw = msgspec.Raw()
    to_peer_id: msgspec.Raw = msgspec.Raw()
    answer: msgspec.Raw = msgspec.Raw()
    offer_id: msgspec.Raw = msgspec.Raw()


class _Passed(msgspec.Struct, gc=False):
    """What a member gets, in the reference's order of fields; what was left out is left out."""

    action: str
    offer: msgspec.Raw | msgspec.UnsetType
    answer: msgspec.Raw | msgspec.UnsetType
    offer_id: msgspec.Raw | msgspec.UnsetType
    peer_id: str
    info_hash: str


class _Response(msgspec.Struct, gc=False):
    complete: int
    incomplete: int
    action: str
    interval: int
    info_hash: str


_NONE: Final = msgspec.Raw()
_usual = msgspec.json.Decoder(_Usual)
_any = msgspec.json.Decoder(_Any)
_text = msgspec.json.Decoder(str)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_offer = msgspec.json.Decoder(_Offer)
_encoder = msgspec.json.Encoder()


def decode(text: str, hashes: Container[str] = ()) -> Message:
    """Return the message in one frame of a client; raise ``TrackerError`` if there is none.

    ``hashes`` are some that have been found to be in order before.
    """
    try:
        usual = _usual.decode(text)
    except msgspec.ValidationError:
        usual = _repaired(text)
    except (msgspec.DecodeError, RecursionError):
        raise TrackerError("invalid JSON") from None
    if usual.action == "announce":
        return _announce(usual, text, hashes)
    if usual.action == "scrape":
        return _scrape(text)
    raise TrackerError("invalid action: it is announce or scrape")


def _repaired(text: str) -> _Usual:
    """Read a message with fields of other kinds; such a field is as good as none."""
    if is_too_deep(text.encode()):
        raise TrackerError("invalid message: it is nested too deeply")
    try:
        message = _any.decode(text)
    except msgspec.DecodeError:
        raise TrackerError("invalid message: it is no JSON object") from None
    event = message.event
    return _Usual(
        _text_in(message.action),
        _text_in(message.info_hash),
        _text_in(message.peer_id),
        None if bytes(event) in _FALSE else _text_in(event) or "?",
        message.left,
        list(_offers_in(message.offers)),
        _text_in(message.to_peer_id),
        message.answer,
        message.offer_id,
    )


def _text_in(value: msgspec.Raw) -> str:
    try:
        return _text.decode(value)
    except msgspec.DecodeError:
        return ""


def _items_in(value: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return _list.decode(value)
    except msgspec.DecodeError:
        return []


def _offers_in(value: msgspec.Raw) -> Iterable[_Offer]:
    for item in _items_in(value):
        try:
            yield _offer.decode(item)
        except msgspec.DecodeError:
            continue


def _announce(message: _Usual, text: str, hashes: Container[str]) -> Announce:
    info_hash, peer_id = message.info_hash, message.peer_id
    if info_hash not in hashes:
        _checked(info_hash, "info_hash")
    if peer_id not in hashes:
        _checked(peer_id, "peer_id")
    is_complete = bytes(message.left) in _ZERO
    if message.answer and bytes(message.answer) not in _FALSE:
        to = _checked(message.to_peer_id, "`to_peer_id` (required with `answer`)")
        _event(message, info_hash)
        answer = _passed(message, _NONE, message.answer, message.offer_id)
        if is_too_deep(answer):
            answer = b""
        return Announce(info_hash, peer_id, "update", is_complete, (), to, answer)
    event = _event(message, info_hash)
    if not message.offers:
        return Announce(info_hash, peer_id, event, is_complete)
    offers = [_passed(message, each.offer, _NONE, each.offer_id) for each in message.offers]
    if not is_shallow(text.encode()):
        offers = [offer for offer in offers if not is_too_deep(offer)]
    return Announce(info_hash, peer_id, event, is_complete, tuple(offers[:MAX_OFFERS]))


def _event(message: _Usual, info_hash: str) -> str:
    event = message.event or "update"
    if event == "empty":
        return "update"
    if event not in EVENTS:
        raise TrackerError("invalid event", info_hash)
    return event


def _passed(
    message: _Usual, offer: msgspec.Raw, answer: msgspec.Raw, offer_id: msgspec.Raw
) -> bytes:
    """Return what a member gets."""
    return _encoder.encode(
        _Passed(
            "announce",
            offer or msgspec.UNSET,
            answer or msgspec.UNSET,
            offer_id or msgspec.UNSET,
            message.peer_id,
            message.info_hash,
        )
    )


def _scrape(text: str) -> Scrape:
    value = _any.decode(text).info_hash
    if bytes(value) in (b"", b"null"):
        return Scrape(None)
    if one := _text_in(value):
        return Scrape((_checked(one, "info_hash"),))
    items = _items_in(value)
    if not items:
        raise TrackerError("invalid info_hash")
    # Twice the same one is asked once.
    return Scrape(tuple(dict.fromkeys(_checked(_text_in(item), "info_hash") for item in items)))


def _checked(text: str, what: str) -> str:
    """Return a text that is 20 bytes, each written as a character."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        text = ""
    if len(text) != HASH_SIZE:
        raise TrackerError(f"invalid {what}")
    return text


def digits(characters: str) -> str:
    """Return a hash or an id as names have it, in hexadecimal digits."""
    return characters.encode("latin-1").hex()


def characters(digits: str) -> str:
    """Return a hash or an id as messages have it: a character for each byte."""
    return bytes.fromhex(digits).decode("latin-1")


def response(info_hash: str, complete: int, incomplete: int, interval: int) -> bytes:
    """Return the answer to an announce; ``interval`` is in seconds."""
    return _encoder.encode(_Response(complete, incomplete, "announce", interval, info_hash))


def scraped(counts: dict[str, tuple[int, int]], interval: int) -> bytes:
    """Return the answer to a scrape: complete and incomplete members by hash."""
    files = {
        info_hash: {
            "complete": complete,
            "incomplete": incomplete,
            "downloaded": complete,  # Reference: it knows of no others.
        }
        for info_hash, (complete, incomplete) in counts.items()
    }
    flags = {"min_request_interval": interval}
    return _encoder.encode({"action": "scrape", "files": files, "flags": flags})


def failure(reason: str, info_hash: str | None = None, action: str = "announce") -> bytes:
    """Return a complaint. Real clients drop their socket for one that names no swarm."""
    if info_hash is None:
        return _encoder.encode({"failure reason": reason})
    told = {"action": action, "failure reason": reason, "info_hash": info_hash}
    return _encoder.encode(told)
