"""The dialect of PeerJS clients (npm ``peerjs``), as npm ``peer`` 1.0.2, its own server, speaks it.

A peer has one id, which it chose or was given over HTTP, one socket, and a token that it made up.
Who knows an id may signal it. Whatever is for an id that is not there waits for it for five
seconds, and then its sender hears ``EXPIRE``: real clients have no timer of their own.

Each id is a namespace with one member. So an id is one peer's in the whole mesh, which is decided
before ``OPEN``: real clients take an ``ID-TAKEN`` that comes later for a loss of the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

import msgspec

from peerpigeon.core.dialects.dialect import (
    Close,
    Denied,
    Enter,
    Exit,
    Fault,
    Granted,
    Say,
    Send,
    Taken,
)
from peerpigeon.core.dialects.dialect import Undelivered as UndeliveredNews
from peerpigeon.core.dialects.names import Kind, member_id, namespace_of
from peerpigeon.core.owners import owner_of_token
from peerpigeon.core.wire.announce_validation import RESERVED
from peerpigeon.core.wire.nesting import is_too_deep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.dialects.dialect import DialectNews, PeerWant
    from peerpigeon.core.ids import PeerId, SessionId

MAX_NAME_SIZE: Final = 256
"""Bytes of an id, and of a key, in UTF-8. Ids of real servers have 36, keys a word."""

MAX_HELD_SIZE: Final = 64 * 1024
"""Characters that a client may have said before it has its id: the offers of 90 connections."""

MAX_HELD: Final = 128
"""Messages that it may have said before that."""

MAX_PARAMETERS: Final = 64
"""Parameters of a request. Real clients have four."""

_OPEN: Final = Say(b'{"type":"OPEN"}')
_TAKEN: Final = Say(b'{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}')
_RELAYED: Final = frozenset({"OFFER", "ANSWER", "CANDIDATE"})
_DROPPED_IF_NOBODY: Final = frozenset({"LEAVE", "EXPIRE"})


def _refusal(text: str) -> tuple[PeerWant, ...]:
    said = _encoder.encode({"type": "ERROR", "payload": {"msg": text}})
    return Say(said), Close(text)


class _Message(msgspec.Struct, gc=False):
    type: str
    dst: str | None = None
    payload: msgspec.Raw = msgspec.Raw()


class _Passed(msgspec.Struct, gc=False):
    """What the target gets, in the reference's order of fields; all others are dropped."""

    type: str
    src: str
    dst: str
    payload: msgspec.Raw


class _Bare(msgspec.Struct, gc=False):
    """The same without a payload."""

    type: str
    src: str
    dst: str


_decoder = msgspec.json.Decoder(_Message)
_encoder = msgspec.json.Encoder()

_INCOMPLETE: Final = _refusal("No id, token, or key supplied to websocket server")
_WRONG_KEY: Final = _refusal("Invalid key provided")
_WRONG_ID: Final = _refusal(f"The id is longer than {MAX_NAME_SIZE} bytes")
_TOO_EARLY: Final = _refusal("Too much was sent before OPEN")
_REPLACED: Final = Close("another socket has this id and its token")
_TAKEN_OVER: Final = Close("the id is taken")
_NOTHING: Final = ()
# Reference: it is dropped without a word.
_UNKNOWN: Final = (Fault("a message that makes no sense"),)


class _Client:
    """One socket, from its request on."""

    __slots__ = ("held", "held_size", "id", "is_open", "key", "last", "member", "namespace")

    def __init__(self, key: str, peer_id: str) -> None:
        self.key = key
        self.id = peer_id
        self.namespace = namespace_of(Kind.PEER, key, peer_id)
        self.member: PeerId = member_id(Kind.PEER, key, peer_id)
        self.is_open = False
        self.held: list[str] = []
        """What it has said before it has its id."""
        self.held_size = 0
        self.last: tuple[str, str, PeerId] = peer_id, self.namespace, self.member
        """To whom it has spoken last, with its namespace and member: a hash less for each of the
        messages that it takes to connect."""


class PeerJs:
    """What one hub knows of the PeerJS clients that it serves."""

    def __init__(self) -> None:
        self._clients: dict[SessionId, _Client] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def opened(self, visitor: SessionId, target: str, now: float) -> Iterable[PeerWant]:
        """Have the client that the query tells of claim its id."""
        given = _parameters(target.partition("?")[2])
        key, peer_id, token = given.get("key"), given.get("id"), given.get("token")
        if not (key and peer_id and token):
            return _INCOMPLETE
        if RESERVED in key or _is_too_long(key):
            return _WRONG_KEY
        if _is_too_long(peer_id):
            return _WRONG_ID
        client = self._clients[visitor] = _Client(key, peer_id)
        return (Enter(client.namespace, client.member, owner_of_token(token)),)

    def said(self, visitor: SessionId, text: str, now: float) -> Iterable[PeerWant]:
        """Pass a message on; keep it if the id is not granted yet."""
        client = self._clients.get(visitor)
        if client is None:
            return _NOTHING
        if client.is_open:
            return self._read(visitor, client, text)
        client.held_size += len(text)
        client.held.append(text)
        if client.held_size > MAX_HELD_SIZE or len(client.held) > MAX_HELD:
            del self._clients[visitor]
            return _TOO_EARLY
        return _NOTHING

    def told(self, visitor: SessionId, news: DialectNews, now: float) -> Iterable[PeerWant]:
        """Say what has been decided about the client's id, and which target is not there."""
        client = self._clients.get(visitor)
        if client is None:
            return _NOTHING
        match news:
            case Granted():
                return self._open(visitor, client)
            case Taken():
                del self._clients[visitor]
                # Real clients understand ID-TAKEN before OPEN only.
                return (_REPLACED,) if client.is_open else (_TAKEN, _TAKEN_OVER)
            case Denied(reason=reason):
                del self._clients[visitor]
                return _refusal(reason)
            case UndeliveredNews(namespace):
                return (_expire(client, _id_in(namespace, client.key)),)
        return _NOTHING

    def _open(self, visitor: SessionId, client: _Client) -> Iterable[PeerWant]:
        if client.is_open:
            return _NOTHING
        client.is_open = True
        wants: list[PeerWant] = [_OPEN]
        held, client.held = client.held, []
        for text in held:
            if visitor in self._clients:  # else it has left
                wants += self._read(visitor, client, text)
        return wants

    def _read(self, visitor: SessionId, client: _Client, text: str) -> Iterable[PeerWant]:
        """Return what follows from a message of a client that has its id."""
        try:
            message = _decoder.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return _UNKNOWN
        kind, target = message.type, message.dst
        if kind in _RELAYED:
            waits = True
        elif kind in _DROPPED_IF_NOBODY:
            waits = False
        elif kind == "HEARTBEAT":
            return _NOTHING  # whatever comes is a sign of life
        else:
            return _UNKNOWN
        if not target:
            return self._leave(visitor, client) if kind == "LEAVE" else _UNKNOWN
        return (self._send(client, message, target, waits=waits),)

    def _send(self, client: _Client, message: _Message, target: str, *, waits: bool) -> PeerWant:
        own, payload = client.id, message.payload
        said = _encoder.encode(
            _Passed(message.type, own, target, payload)
            if payload
            else _Bare(message.type, own, target)
        )
        known = client.last
        if known[0] != target:
            if _is_too_long(target):
                return _expire(client, target)  # nobody can have it
            namespace = namespace_of(Kind.PEER, client.key, target)
            known = client.last = target, namespace, member_id(Kind.PEER, client.key, target)
        if is_too_deep(said):
            return _expire(client, target)
        return Send(known[1], client.member, known[2], said, waits=waits)

    def _leave(self, visitor: SessionId, client: _Client) -> Iterable[PeerWant]:
        """Give up an id. Reference: the socket stays, and hears nothing any more."""
        del self._clients[visitor]
        return (Exit(client.namespace, client.member),)

    def closed(self, visitor: SessionId) -> None:
        """Forget a client."""
        self._clients.pop(visitor, None)

    def tick(self, now: float) -> Iterable[tuple[SessionId, PeerWant]]:
        """Do nothing: nothing is due at any time."""
        return _NOTHING

    def deadline(self) -> float | None:
        """Return ``None``: nothing is due at any time."""
        return None


def _parameters(query: str) -> dict[str, str]:
    """Return the parameters of a query; none if there are too many."""
    parts = query.split("&")
    if len(parts) > MAX_PARAMETERS:
        return {}
    # Reference: the last of several has it.
    pairs = (part.partition("=") for part in parts)
    return {unquote_plus(name): unquote_plus(value) for name, _, value in pairs}


def _expire(client: _Client, target: str) -> Say:
    return Say(_encoder.encode(_Bare("EXPIRE", target, client.id)))


def _id_in(namespace: str, key: str) -> str:
    """Return the id that a namespace is for."""
    return namespace[len(namespace_of(Kind.PEER, key, "")) :]


def _is_too_long(name: str) -> bool:
    return len(name.encode(errors="surrogatepass")) > MAX_NAME_SIZE
