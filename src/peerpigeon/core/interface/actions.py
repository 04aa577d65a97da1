"""All that a hub can ask of its shell, in the order in which it must happen."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from peerpigeon.core.ids import LinkId, SessionId
from peerpigeon.core.interface.events import PeerOpened
from peerpigeon.core.interface.notices import Notice
from peerpigeon.core.interface.spans import Traced
from peerpigeon.core.wire.hub_frames import Frame


class SendToPeers(msgspec.Struct, frozen=True, gc=False):
    """Send text messages to clients, in order. Never waits; a session that is gone is no fault."""

    sessions: tuple[SessionId, ...]
    """Each message is for the session at its place; often the same one several times in a row."""
    payloads: tuple[bytes, ...]
    """As many as sessions: JSON in UTF-8."""


class PingPeer(msgspec.Struct, frozen=True, gc=False):
    """Send a WebSocket ping; the answer comes back as ``PeerPonged``.

    If the client may have a lot to read before it, that comes back as ``PingSent``.
    """

    session: SessionId
    number: int
    """What the ping carries, and the answer with it; larger than in every one before."""


class PausePeer(msgspec.Struct, frozen=True, gc=False):
    """Read nothing more of a client, until ``ResumePeer``; what was read before may still come.

    Pings and pongs wait with the rest. Without it nothing is lost, but what one client sends in
    excess is at the expense of others.
    """

    session: SessionId


class ResumePeer(msgspec.Struct, frozen=True, gc=False):
    """Read a client again; a session that is gone is no fault."""

    session: SessionId


class ClosePeer(msgspec.Struct, frozen=True, gc=False):
    """Send what is still to be sent, then close the client's socket.

    The hub has forgotten the session already; the shell owes it no ``PeerLost``.
    """

    session: SessionId
    code: int
    reason: str
    """At most 123 bytes in UTF-8 (RFC 6455, section 5.5)."""


class DismissPeer(msgspec.Struct, frozen=True, gc=False):
    """Send what is still to be sent and a close frame, and read on until the client answers it.

    So nothing is lost that the client had on its way. ``PeerLost`` comes when it has answered, or
    has not in ``close_timeout``.
    """

    session: SessionId
    code: int
    reason: str
    """At most 123 bytes in UTF-8 (RFC 6455, section 5.5)."""


class PassOn(msgspec.Struct, frozen=True, gc=False):
    """Hand a client's connection to another worker of the same command, where its namespace is.

    The hub has forgotten the client, and keeps what it still says in ``texts``. Once the shell
    reads nothing more of it, it owes a ``PeerLost``. The other worker is then given ``opened`` and
    ``texts`` in order; if that is not possible, this hub is, under another session.
    """

    opened: PeerOpened
    """As the other hub is to be told of it, under a session of its own."""
    worker: int
    texts: list[str]
    """What it has said and nobody has heeded: its announce, and what follows."""


class Drained(msgspec.Struct, frozen=True, gc=False):
    """All clients are gone, as ``DrainRequested`` has asked for: the process may end.

    Nothing remains to be done but to leave the other hubs, with ``Stopping``.
    """


class Dial(msgspec.Struct, frozen=True, gc=False):
    """Open a WebSocket to a hub; comes back as ``LinkOpened`` or ``OpeningFailed``."""

    opening: int
    uri: str
    is_told: bool = False
    """Whether another hub has told the address, and not the operator: then it is dialled only if it
    leads where ``DialPolicy.admits_address`` admits."""


class Resolve(msgspec.Struct, frozen=True, gc=False):
    """Look up all IP addresses of a name, afresh.

    Comes back, once and within seconds, as ``NameResolved`` or ``ResolvingFailed``; the name is
    not asked for again before.
    """

    name: str


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


class TrustLink(msgspec.Struct, frozen=True, gc=False):
    """Take messages of any size over a link from now on: a hub of the mesh is at its other end.

    Before, the shell takes ``link_pieces.STRANGER_MESSAGES`` of ``STRANGER_MESSAGE`` bytes, and
    ends the link for anything more.
    """

    link: LinkId


class CloseLink(msgspec.Struct, frozen=True, gc=False):
    """Send what is still to be sent, then close a link. No ``LinkLost`` is owed for it."""

    link: LinkId
    code: int
    """The WebSocket close code; a data channel has none and is just closed."""
    reason: str


class Tell(msgspec.Struct, frozen=True):
    """Tell people (subscribers, the log, metrics) what happened."""

    notice: Notice


class Warn(msgspec.Struct, frozen=True, gc=False):
    """Have it in the log that somebody was refused, or that something does not work.

    Strangers can cause as many as they like, so that the shell writes few of each kind.
    """

    text: str
    """What is wrong and what to do; the same for all of its kind."""
    address: str = ""
    """Where it comes from: an IP address, or that of a hub."""
    peer: str = ""
    """The id of the client or hub, if it is known."""
    reason: str = ""
    """What is said to the other side, or by it; there may be something of a stranger in it."""
    apart: str = ""
    """That of another one is a kind of its own, such as another hub."""


ChannelAction: TypeAlias = MakeOffer | MakeAnswer | TakeAnswer | TakeCandidate | DropChannel
LinkAction: TypeAlias = Dial | Resolve | ChannelAction | SendToLink | TrustLink | CloseLink
ClientAction: TypeAlias = PingPeer | PausePeer | ResumePeer | ClosePeer | DismissPeer
OtherAction: TypeAlias = ClientAction | PassOn | LinkAction | Drained | Tell | Warn | Traced
Action: TypeAlias = SendToPeers | OtherAction
