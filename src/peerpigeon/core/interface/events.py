"""All that can happen to a hub.

A shell makes one of these of each thing it sees and hands it to ``Hub.handle`` with the time, or
several to ``Hub.take``.
They are msgspec structs because one is made for every message: a frozen dataclass takes ten
times as long to build (``docs/design.md``, "Events and actions").
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from peerpigeon.core.ids import LinkId, PeerId, SessionId
from peerpigeon.core.wire.hub_frames import Carrier, Frame


class Permits(msgspec.Struct, frozen=True, gc=False):
    """What a token allows that the shell has checked: its signature, and that it is valid now."""

    peer_id: PeerId | None
    """The only id that its bearer may have; ``None`` for any."""

    namespaces: tuple[str, ...]
    """Those it may enter beside the open ones; a ``*`` at the end stands for any end."""

    expires_at: float
    """When its bearer is closed, on the clock of the hub."""


class PeerOpened(msgspec.Struct, frozen=True, gc=False):
    """A WebSocket was accepted. The hub answers with a greeting or with ``ClosePeer``."""

    session: SessionId
    """Chosen by the shell; larger than every one before."""

    peer_id: str
    """What the client gave as ``peerId``, unchecked; empty if it gave none."""

    address: str
    """The IP address it came from, for people and for limits."""

    permits: Permits | None = None
    """What its token allows; ``None`` if it has shown none."""

    is_page: bool = False
    """Whether a web page has opened it, which an ``Origin`` shows: such a one is no hub."""

    resume_key: str = ""
    """What the client gave as ``resumeKey``, unchecked; empty if it gave none."""

    owner: bytes = b""
    """The owner mark of a client that another worker has greeted, and has passed on with
    ``PassOn``; empty for all others."""

    passed_on_by: int = 0
    """The number of that worker."""


class VisitorOpened(msgspec.Struct, frozen=True, gc=False):
    """A WebSocket was accepted whose client speaks a dialect; for all else it is like a client's.

    What is to be said first is the dialect's; a refusal is ``ClosePeer``.
    """

    session: SessionId
    """As in ``PeerOpened``, of which there is none."""

    dialect: str
    """One of those in the option ``dialects``."""

    target: str
    """Path and query of its request, as they were sent."""

    address: str
    """As in ``PeerOpened``."""

    permits: Permits | None = None
    """As in ``PeerOpened``."""


class PeerSent(msgspec.Struct, frozen=True, gc=False):
    """A whole text message came from a client."""

    session: SessionId
    text: str
    """Valid Unicode, no longer than ``max_message_size`` bytes in UTF-8."""


class PeerPonged(msgspec.Struct, frozen=True, gc=False):
    """A WebSocket ping or pong came from a client: it is alive, or was when that was sent."""

    session: SessionId
    number: int
    """That of the ping it answers; 0 if it answers none of ours."""


class PingSent(msgspec.Struct, frozen=True, gc=False):
    """A ping of ours has a lot before it that the client may still have to read.

    Told of soon after a ``PingPeer``, and only if it is more than ``MUCH_UNREAD``.
    """

    session: SessionId
    number: int
    """That of the ping."""
    unread: int
    """Bytes, as ``ReadProgress`` counts them."""


class PeerBehind(msgspec.Struct, frozen=True, gc=False):
    """Much waits for a client that reads slowly, or it has read all of that.

    A shell that never says so has no fewer clients, but more that are closed because of others.
    """

    session: SessionId
    is_behind: bool
    """Whether more than a quarter of ``max_outbox_size`` waits; ``False`` once nothing does."""


class PeerLost(msgspec.Struct, frozen=True, gc=False):
    """A client's socket closed, or the shell gave it up."""

    session: SessionId
    code: int
    """The WebSocket close code; 1005 if the client gave none, 1006 if it just vanished."""

    reason: str


class LinkOpened(msgspec.Struct, frozen=True, gc=False):
    """A connection to another hub is open; either side may send now."""

    link: LinkId
    """Chosen by the shell; larger than every one before."""
    carrier: Carrier
    opening: int
    """The ``opening`` of the ``Dial`` or channel that led to it; 0 for a socket we accepted."""
    address: str = ""
    """The IP address that a socket we accepted comes from, for limits."""


class ReferenceOpened(msgspec.Struct, frozen=True, gc=False):
    """A ``Dial`` has led to a hub of the npm package, which greets in text.

    From now on it is like a client's socket, ``PeerOpened`` apart: ``PeerSent``, ``PeerPonged`` and
    ``PeerLost`` tell of it, and ``SendToPeers``, ``PingPeer`` and ``ClosePeer`` are for it.
    """

    session: SessionId
    """As in ``PeerOpened``, of which there is none."""
    opening: int


NO_ENGINE = "this hub has no WebRTC engine"
"""Why no channel can be had where none is wanted: nobody need be told."""


class OpeningFailed(msgspec.Struct, frozen=True, gc=False):
    """A ``Dial`` was refused or timed out, or a channel cannot be had."""

    opening: int
    reason: str


class NameResolved(msgspec.Struct, frozen=True, gc=False):
    """The addresses that ``Resolve`` asked for, all that the name has now."""

    name: str
    addresses: tuple[str, ...]
    """IPv4 and IPv6 addresses, unchecked."""


class ResolvingFailed(msgspec.Struct, frozen=True, gc=False):
    """A ``Resolve`` has led to no answer, or to the answer that there is no such name."""

    name: str
    reason: str


class ChannelDescribed(msgspec.Struct, frozen=True, gc=False):
    """The offer or answer that ``MakeOffer`` or ``MakeAnswer`` asked for."""

    opening: int
    sdp: str


class ChannelAdvanced(msgspec.Struct, frozen=True, gc=False):
    """The opening of a channel has come further; a shell that never says so has poorer logs."""

    opening: int
    stage: str
    """What is being done now: ``ICE``, ``DTLS`` or ``SCTP``."""
    way: str = ""
    """Between which addresses, if that is known by now."""


class ChannelCandidate(msgspec.Struct, frozen=True, gc=False):
    """One more local candidate of a channel, from an engine that trickles."""

    opening: int
    candidate: str


class LinkReceived(msgspec.Struct, frozen=True, gc=False):
    """One frame came over a link."""

    link: LinkId
    frame: Frame


class LinkLost(msgspec.Struct, frozen=True, gc=False):
    """A link has ended, and the hub had not closed it."""

    link: LinkId
    code: int
    reason: str


class Tick(msgspec.Struct, frozen=True, gc=False):
    """The hub's deadline has come."""


class ClockSet(msgspec.Struct, frozen=True, gc=False):
    """The wall clock of this machine was set; nothing but what people and clients read follows."""

    epoch: float
    """What to add to the hub's time from now on to get seconds since 1970."""


class DialRequested(msgspec.Struct, frozen=True, gc=False):
    """The operator wants a link to the hub at an address; a plain server makes none."""

    uri: str
    """A WebSocket address, as ``bootstrap_hubs`` has them; checked."""


class BootstrapLeft(msgspec.Struct, frozen=True, gc=False):
    """The operator wants the hub to go on without its bootstrap hubs."""


class DrainRequested(msgspec.Struct, frozen=True, gc=False):
    """The hub is to let its clients go, before it stops; asked again while it does, it goes on.

    ``Drained`` comes when the last one is gone.
    """

    over: float
    """Seconds over which they are closed, one after the other; 0 for all at once."""


class Stopping(msgspec.Struct, frozen=True, gc=False):
    """The hub is about to stop: it acknowledges what it has delivered and leaves its links.

    The shell goes on feeding it until its links are closed or ``LEAVE_TIMEOUT`` is over.
    """


NameEvent: TypeAlias = NameResolved | ResolvingFailed
LinkEvent: TypeAlias = (
    LinkOpened
    | OpeningFailed
    | NameEvent
    | ChannelDescribed
    | ChannelCandidate
    | ChannelAdvanced
    | LinkReceived
    | LinkLost
)
OperatorEvent: TypeAlias = DialRequested | BootstrapLeft | Stopping

Event: TypeAlias = (
    PeerOpened
    | VisitorOpened
    | PeerSent
    | PeerPonged
    | PingSent
    | PeerBehind
    | PeerLost
    | ReferenceOpened
    | DrainRequested
    | LinkEvent
    | OperatorEvent
    | ClockSet
    | Tick
)
