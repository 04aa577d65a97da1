"""The dialect of JavaScript hubs: what they say to each other over a WebSocket, as text JSON.

Wire facts are those of npm ``peerpigeon`` 1.1.3. Such a hub passes on what its clients do, each
message in the name of one of them; nobody else's ``fromPeerId`` is ever believed.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId, parse_peer_id
from peerpigeon.core.wire.client_messages import (
    SYSTEM,
    Announce,
    Envelope,
    MessageError,
    Signal,
    read_announce,
    read_signal,
)
from peerpigeon.core.wire.hub_validation import UNREADABLE

SIGNALS = frozenset({"offer", "answer", "ice-candidate"})
"""What a JavaScript hub passes on; it drops all other signals."""

MAX_ADDRESSES = 4
"""How many of a hub's addresses are looked at."""

_ADDRESS = re.compile(r"wss?://[^/\s][^\s]{0,255}")

_HOST_AND_PORT = re.compile(r"ws(s?)://\[?([^/?\]]+?)\]?(?::([0-9]{1,5}))?(?:[/?]|$)")


class Discovered(msgspec.Struct, frozen=True, gc=False):
    """A client of the hub has announced itself, or was there before us."""

    peer: PeerId
    announce: Announce


class HubSeen(msgspec.Struct, frozen=True, gc=False):
    """Another hub has announced itself to this one, or it speaks of itself."""

    hub: PeerId
    addresses: tuple[str, ...]
    """Where it can be dialled if it is one of ours; empty if it is not."""
    is_other: bool
    """Whether it is not the hub that says so. Of itself a hub does not tell the port."""


class Departed(msgspec.Struct, frozen=True, gc=False):
    """A client of the hub is gone. Its namespace is not told: what is said of it is often wrong."""

    peer: PeerId


class Spoken(msgspec.Struct, frozen=True, gc=False):
    """A client of the hub has a signal for somebody whom the hub does not know."""

    sender: PeerId
    signal: Signal


class Pong(msgspec.Struct, frozen=True, gc=False):
    """The answer to a ping: what was to be said to all that came before it has been said."""


Said: TypeAlias = Discovered | HubSeen | Departed | Spoken | Pong


class _HubEnvelope(Envelope, gc=False, rename="camel"):
    from_peer_id: str | None = None


class _Typed(msgspec.Struct, gc=False):
    type: str


class _Named(msgspec.Struct, gc=False, rename="camel"):
    peer_id: str
    is_hub: bool = False


class _Addressed(msgspec.Struct, gc=False):
    host: str | None = None
    port: int | None = None
    addresses: tuple[str, ...] | None = None


_envelope = msgspec.json.Decoder(_HubEnvelope)
_typed = msgspec.json.Decoder(_Typed)
_named = msgspec.json.Decoder(_Named)
_addressed = msgspec.json.Decoder(_Addressed)
_encoder = msgspec.json.Encoder()


def decode(text: str) -> Said | None:
    """Return what a JavaScript hub has said; ``None`` for what needs no answer.

    Raises ``MessageError`` for what makes no sense.
    """
    try:
        envelope = _envelope.decode(text)
        kind = envelope.type
        if kind in SIGNALS:
            return Spoken(_id(envelope.from_peer_id or ""), read_signal(envelope))
        if kind == "pong":
            return Pong()
        if kind not in ("peer-discovered", "peer-disconnected"):
            return None
        named = _named.decode(envelope.data)
        peer = _id(named.peer_id)
        if kind == "peer-disconnected":
            return Departed(peer)
        if named.is_hub:
            return _seen(peer, envelope)
        return Discovered(peer, read_announce(envelope))
    except (msgspec.DecodeError, RecursionError) as error:
        raise MessageError(f"message of a hub not understood: {error}") from None


def is_greeting(message: bytes) -> bool:
    """Tell whether a server begins like one of the package; ours begins like a hub of ours."""
    try:
        return _typed.decode(message).type == "connected"
    except UNREADABLE:
        return False


def _id(text: str) -> PeerId:
    peer = parse_peer_id(text)
    if peer is None:
        raise MessageError("a peer id is 40 hexadecimal digits")
    return peer


def _seen(hub: PeerId, envelope: Envelope) -> HubSeen:
    said = _addressed.decode(envelope.data)
    addresses = tuple(uri for uri in said.addresses or () if _ADDRESS.fullmatch(uri))
    return HubSeen(hub, addresses[:MAX_ADDRESSES], is_other=said.port is not None)


def addresses_in(announced: bytes) -> tuple[str, ...]:
    """Return the WebSocket addresses in the ``data`` of a hub's announce, for people to read."""
    try:
        said = _addressed.decode(announced)
    except UNREADABLE:
        return ()
    if not said.host or said.port is None:
        return ()
    host = f"[{said.host}]" if ":" in said.host else said.host
    return (f"ws://{host}:{said.port}",)


class _Out(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    """The outgoing envelope, fields in the reference's order."""

    type: str
    data: msgspec.Raw | dict[str, object]
    network_name: str
    from_peer_id: str
    timestamp: int


PING = b'{"type":"ping"}'
"""What a hub answers with a pong, after all that it has to say to what came before."""


class _OutAnnounce(msgspec.Struct, gc=False, rename="camel"):
    type: str
    network_name: str
    data: dict[str, object]


def encode_announce(namespace: str, addresses: tuple[str, ...], timestamp: int) -> bytes:
    """Return what to say first to a hub that we have dialled: that we are one too.

    It passes ``data`` on to the other hubs that have dialled it as it stands, ``addresses`` too,
    by which ours know each other.
    """
    at = next((match for uri in addresses if (match := _HOST_AND_PORT.match(uri))), None)
    data: dict[str, object] = {
        "isHub": True,
        "port": int(at[3] or (443 if at[1] else 80)) if at else 0,
        "host": at[2] if at else "",
        "capabilities": ["signaling", "relay"],
        "timestamp": timestamp,
        "addresses": addresses[:MAX_ADDRESSES],
    }
    return _encoder.encode(_OutAnnounce("announce", namespace, data))


def encode_discovered(introduction: bytes, namespace: str, timestamp: int) -> bytes:
    """Return the news that a client is in a namespace; ``introduction`` as clients get it."""
    data = msgspec.Raw(introduction)
    return _encoder.encode(_Out("peer-discovered", data, namespace, SYSTEM, timestamp))


def encode_disconnected(peer: PeerId, namespace: str, timestamp: int) -> bytes:
    """Return the news that a client has left its namespace."""
    data: dict[str, object] = {
        "peerId": peer,
        "isHub": False,
        "reason": "disconnected",
        "timestamp": timestamp,
    }
    return _encoder.encode(_Out("peer-disconnected", data, namespace, SYSTEM, timestamp))
