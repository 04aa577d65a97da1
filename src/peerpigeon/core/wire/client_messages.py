"""The client protocol: JSON text to frozen messages, and what a hub says to bytes.

Wire facts, field order included, are those of npm ``peerpigeon`` 1.1.3; ``docs/protocol.md`` lists
every message. On the wire a namespace is called ``networkName``, and only here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.config import GLOBAL_NAMESPACE
from peerpigeon.core.ids import PeerId, parse_peer_id
from peerpigeon.core.wire.nesting import DEEPEST, is_too_deep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.wire.hub_news import Member

SYSTEM = "system"
"""Reference: ``fromPeerId`` of what the server itself says."""

_SIGNALS = frozenset({"offer", "answer", "ice-candidate", "connection-rejected"})
# Real clients send these too when a connection changes; the reference answers them with an error.
_SIGNAL_FAMILIES = ("renegotiation-", "ice-restart-")

QUOTED_LENGTH = 40
"""Characters of a stranger's text that an error repeats."""


class MessageError(Exception):
    """A client's message cannot be used; the text tells the client why."""


class Announce(msgspec.Struct, frozen=True, gc=False):
    """A client enters a namespace."""

    namespace: str
    data: bytes
    """What the client says of itself: a JSON object without ``peerId`` and ``isHub``."""
    is_hub: bool
    """Whether it claims to be a hub; a claim, no proof."""


class Signal(msgspec.Struct, frozen=True, gc=False):
    """An offer, answer, candidate or their like for one other client."""

    kind: str
    target: PeerId
    namespace: str
    data: msgspec.Raw
    """The JSON value to pass on as it came. Refers to the decoded text: copy before keeping it."""


class Goodbye(msgspec.Struct, frozen=True, gc=False):
    """A client leaves its namespace; its socket may stay."""


class Ping(msgspec.Struct, frozen=True, gc=False):
    """A client wants a pong."""


class Cleanup(msgspec.Struct, frozen=True, gc=False):
    """A client has dropped a peer connection. Reference: nothing follows from it."""


Message: TypeAlias = Announce | Signal | Goodbye | Ping | Cleanup


class Envelope(msgspec.Struct, gc=False, rename="camel"):
    """The fields of an incoming message that mean something."""

    type: str
    data: msgspec.Raw = msgspec.Raw()
    target_peer_id: str | None = None
    network_name: str | None = None


class _Rejection(msgspec.Struct, gc=False):
    reason: str = ""


_envelope = msgspec.json.Decoder(Envelope)
_rejection = msgspec.json.Decoder(_Rejection)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()


def decode(text: str) -> Message:
    """Return the message in one frame of a client; raise ``MessageError`` if there is none.

    Who sent it is not in the result: a client speaks for its own socket only, whatever
    ``fromPeerId`` says.
    """
    try:
        envelope = _envelope.decode(text)
    except msgspec.ValidationError as error:
        raise MessageError(f"message not understood: {error}") from None
    except msgspec.DecodeError as error:
        raise MessageError(f"message is not valid JSON: {error}") from None
    except RecursionError:
        raise MessageError("message is nested too deeply") from None
    kind = envelope.type
    if kind in _SIGNALS or kind.startswith(_SIGNAL_FAMILIES):
        return read_signal(envelope)
    match kind:
        case "announce":
            return read_announce(envelope)
        case "goodbye":
            return Goodbye()
        case "ping":
            return Ping()
        case "cleanup" | "cleanup-all":
            return Cleanup()
    raise MessageError(
        f"message type {kind[:QUOTED_LENGTH]!r} is not known here; application data belongs on"
        " the clients' own data channels"
    )


def read_signal(envelope: Envelope) -> Signal:
    """Return a message as the signal that it is; raise ``MessageError`` if it lacks something."""
    name = envelope.target_peer_id
    target = None if name is None else parse_peer_id(name)
    if target is None or not envelope.data:
        raise MessageError(f"{envelope.type[:QUOTED_LENGTH]} {_lack(envelope)}")
    # Reference: an empty or missing networkName means the global one.
    namespace = envelope.network_name or GLOBAL_NAMESPACE
    return Signal(envelope.type, target, namespace, envelope.data)


def _lack(envelope: Envelope) -> str:
    if envelope.target_peer_id is None:
        return "has no targetPeerId; say for whom it is"
    if parse_peer_id(envelope.target_peer_id) is None:
        return "has a targetPeerId that is not 40 hexadecimal digits"
    return "has no data; there is nothing to pass on"


def read_announce(envelope: Envelope) -> Announce:
    """Return a message's ``data`` and namespace as an announce; raise ``MessageError`` if none."""
    data: dict[str, msgspec.Raw] = {}
    if envelope.data and bytes(envelope.data) != b"null":
        try:
            data = _object.decode(envelope.data)
        except msgspec.ValidationError:
            raise MessageError("announce has data that is not a JSON object") from None
    data.pop("peerId", None)
    if is_too_deep(bytes(envelope.data)):
        raise MessageError(
            f"announce has data with more than {DEEPEST} arrays and objects one inside the other"
        )
    is_hub = bytes(data.pop("isHub", b"")) == b"true"
    namespace = envelope.network_name or GLOBAL_NAMESPACE
    return Announce(namespace, _encoder.encode(data), is_hub)


def is_role_conflict(rejection: Signal) -> bool:
    """Tell whether an offer is turned down because the one who does so is the one to offer.

    Reference: the larger id is, and both sides may offer while they have few connections.
    """
    try:
        return _rejection.decode(rejection.data).reason == "initiator_role_conflict"
    except msgspec.ValidationError:
        return False


class _Out(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    """The outgoing envelope, fields in the reference's order."""

    type: str
    data: msgspec.Raw | dict[str, object]
    network_name: str | None = None
    from_peer_id: str = ""
    target_peer_id: str | None = None
    timestamp: int = 0


class _OutSignal(msgspec.Struct, gc=False, rename="camel"):
    type: str
    data: msgspec.Raw
    from_peer_id: PeerId
    target_peer_id: PeerId
    network_name: str
    timestamp: int


class _OutError(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    type: str
    error: str
    timestamp: int
    network_name: str | None = None
    data: dict[str, object] | None = None


# What is told to crowds is put together from its parts: only the id of who is told is another one,
# and in 40 hexadecimal digits there is nothing to escape. Field by field it is an ``_Out``.
_DISCOVERED = b'{"type":"peer-discovered","data":'
_DISCONNECTED = b'{"type":"peer-disconnected","data":'
_FROM_SYSTEM = b',"networkName":%b,"fromPeerId":"system","targetPeerId":"'
_STAMP = b'","timestamp":%d}'


def encode_signal(signal: Signal, sender: PeerId, target: PeerId, timestamp: int) -> bytes:
    """Return ``signal`` as its target gets it; ``timestamp`` is the hub's clock in milliseconds."""
    return _encoder.encode(
        _OutSignal(signal.kind, signal.data, sender, target, signal.namespace, timestamp)
    )


def encode_connected(peer: PeerId, resume_key: str, timestamp: int) -> bytes:
    """Return the greeting. Reference: it alone carries no ``networkName``, and no resume key.

    An empty key is left out.
    """
    data: dict[str, object] = {"peerId": peer}
    if resume_key:
        data["resumeKey"] = resume_key
    return _encoder.encode(_Out("connected", data, None, SYSTEM, None, timestamp))


def announced(text: str) -> Announce | None:
    """Return a client's message if it is an announce."""
    try:
        message = decode(text)
    except MessageError:
        return None
    return message if isinstance(message, Announce) else None


def raw(data: bytes) -> msgspec.Raw:
    """Return JSON that has been checked before as the ``data`` of a signal."""
    return msgspec.Raw(data)


PLAIN = b""
"""The introduction of a client that says nothing of itself, as most: others can make it up from the
id, so that it need not be kept, nor sent to other hubs."""


def introduction(peer: PeerId, announce: Announce) -> bytes:
    """Return the ``data`` under which others get to know a client, as JSON; perhaps ``PLAIN``.

    The id and the kind are the hub's own knowledge; the rest is what the client announced.
    """
    data = announce.data
    return PLAIN if data == b"{}" else plain_introduction(peer)[:-1] + b"," + data[1:]


def plain_introduction(peer: PeerId) -> bytes:
    """Return what ``PLAIN`` stands for."""
    return b'{"peerId":"%b","isHub":false}' % peer.encode()


def hub_introduction(hub: PeerId) -> bytes:
    """Return the ``data`` under which a hub is known."""
    return b'{"peerId":"%b","isHub":true}' % hub.encode()


def introduced(member: Member) -> bytes:
    """Return the whole ``data`` under which others get to know a member."""
    return member.introduction or plain_introduction(member.peer)


def encode_discovered(introduced: bytes, namespace: str, to: PeerId, timestamp: int) -> bytes:
    """Return the news for ``to`` that a peer, by its ``introduction``, is in its namespace."""
    return encode_arrival(introduced, namespace, (to,), timestamp)[0]


def encode_arrival(
    introduced: bytes, namespace: str, to: Iterable[PeerId], timestamp: int
) -> list[bytes]:
    """Return the news for each of some peers that one is in their namespace."""
    return _to_each(_DISCOVERED + introduced, namespace, to, timestamp)


def encode_members(
    introduced: Iterable[bytes], namespace: str, to: PeerId, timestamp: int
) -> list[bytes]:
    """Return the news for ``to`` that some peers, each by its introduction, are there."""
    tail = _FROM_SYSTEM % _encoder.encode(namespace) + to.encode() + _STAMP % timestamp
    return [_DISCOVERED + each + tail for each in introduced]


def encode_departure(
    peer: PeerId, namespace: str, to: Iterable[PeerId], timestamp: int
) -> list[bytes]:
    """Return the news for each of some peers that one has left their namespace."""
    data = _encoder.encode({"peerId": peer, "isHub": False})
    return _to_each(_DISCONNECTED + data, namespace, to, timestamp)


def _to_each(said: bytes, namespace: str, to: Iterable[PeerId], timestamp: int) -> list[bytes]:
    head, tail = said + _FROM_SYSTEM % _encoder.encode(namespace), _STAMP % timestamp
    return [head + each.encode() + tail for each in to]


def encode_goodbye(peer: PeerId, namespace: str, timestamp: int) -> bytes:
    """Return the farewell of ``peer``. Reference: it names no target, so one text serves all."""
    data: dict[str, object] = {"peerId": peer, "timestamp": timestamp}
    return _encoder.encode(_Out("goodbye", data, namespace, peer, None, timestamp))


def encode_pong(to: PeerId, namespace: str | None, timestamp: int) -> bytes:
    """Return the answer to a client's ``ping``."""
    data: dict[str, object] = {"timestamp": timestamp}
    return _encoder.encode(_Out("pong", data, namespace, SYSTEM, to, timestamp))


def encode_error(
    text: str, namespace: str | None, timestamp: int, detail: dict[str, object] | None = None
) -> bytes:
    """Return a complaint to a client; ``detail`` says the same to a program."""
    return _encoder.encode(_OutError("error", text, timestamp, namespace, detail))
