"""All that a hub can ask of its shell, in the order in which it must happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.ids import LinkId, SessionId
from peerpigeon.core.interface.notices import Notice
from peerpigeon.core.wire.hub_frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator


class SendToPeer(msgspec.Struct, frozen=True, gc=False):
    """Send text messages to a client. Never waits; a session that is gone is no fault."""

    session: SessionId
    payloads: list[bytes]
    """The messages in order, each JSON in UTF-8."""


class SendToPeers(msgspec.Struct, frozen=True, gc=False):
    """Send text messages, each to the client at its place, as if by a ``SendToPeer`` for each."""

    sessions: list[SessionId]
    payloads: list[bytes]
    """As many: each message is for the session at its place."""


class PingPeer(msgspec.Struct, frozen=True, gc=False):
    """Send a WebSocket ping; the answer comes back as ``PeerPonged``."""

    session: SessionId
    number: int
    """What the ping carries, and the answer with it; larger than in every one before."""


class ClosePeer(msgspec.Struct, frozen=True, gc=False):
    """Send what is still to be sent, then close the client's socket.

    The hub has forgotten the session already; the shell owes it no ``PeerLost``.
    """

    session: SessionId
    code: int
    reason: str
    """At most 123 bytes in UTF-8 (RFC 6455, section 5.5)."""


class Dial(msgspec.Struct, frozen=True, gc=False):
    """Open a WebSocket to a hub; comes back as ``LinkOpened`` or ``OpeningFailed``."""

    opening: int
    uri: str


class MakeOffer(msgspec.Struct, frozen=True, gc=False):
    """Begin a data channel to a hub; the offer comes back as ``ChannelDescribed``.

    The channel then comes back as ``LinkOpened`` or ``OpeningFailed``; if neither comes, the hub
    gives it up itself with ``DropChannel``.
    """

    opening: int


class MakeAnswer(msgspec.Struct, frozen=True, gc=False):
    """Begin the other end of a data channel; the answer comes back as ``ChannelDescribed``."""

    opening: int
    sdp: str
    """The other hub's offer, unchecked."""


class TakeAnswer(msgspec.Struct, frozen=True, gc=False):
    """Hand a channel the other hub's answer, unchecked."""

    opening: int
    sdp: str


class TakeCandidate(msgspec.Struct, frozen=True, gc=False):
    """Hand a channel one of the other hub's candidates, unchecked."""

    opening: int
    candidate: str


class DropChannel(msgspec.Struct, frozen=True, gc=False):
    """Give up a channel that has not come to be; nothing is owed for it any more."""

    opening: int


class SendToLink(msgspec.Struct, frozen=True, gc=False):
    """Send one frame to a hub. Never waits; a link that is gone is no fault."""

    link: LinkId
    frame: Frame


class CloseLink(msgspec.Struct, frozen=True, gc=False):
    """Send what is still to be sent, then close a link. No ``LinkLost`` is owed for it."""

    link: LinkId
    code: int
    """The WebSocket close code; a data channel has none and is just closed."""
    reason: str


class Tell(msgspec.Struct, frozen=True):
    """Tell people (subscribers, the log, metrics) what happened."""

    notice: Notice


Action: TypeAlias = (
    SendToPeer
    | SendToPeers
    | PingPeer
    | ClosePeer
    | Dial
    | MakeOffer
    | MakeAnswer
    | TakeAnswer
    | TakeCandidate
    | DropChannel
    | SendToLink
    | CloseLink
    | Tell
)


def messages_of(action: SendToPeer | SendToPeers) -> Iterator[tuple[SessionId, bytes]]:
    """Return the single messages of which an action consists, in order."""
    if isinstance(action, SendToPeers):
        yield from zip(action.sessions, action.payloads, strict=True)
    else:
        for payload in action.payloads:
            yield action.session, payload
