"""What one component of a hub reports to the others. ``local_changes.py`` hands each on."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from peerpigeon.core.dialects.dialect import DialectNews, Enter
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.wire.client_messages import Announce, Signal
from peerpigeon.core.wire.hub_frames import Ack, Load, Segment

# The mesh


class HubGone(msgspec.Struct, frozen=True):
    """A hub cannot be reached any more."""

    hub: PeerId


class LoadTold(msgspec.Struct, frozen=True):
    """Another worker of the same command has said how many clients it has."""

    hub: PeerId
    load: Load


class HubForgotten(msgspec.Struct, frozen=True):
    """A hub has been gone for so long that it is not remembered any more."""

    hub: PeerId


class HubReturned(msgspec.Struct, frozen=True):
    """A hub that was gone is back, and has lost nothing meanwhile."""

    hub: PeerId


class HubRestarted(msgspec.Struct, frozen=True):
    """A hub has begun a new life: all that it had is lost."""

    hub: PeerId
    incarnation: int


class HubRose(msgspec.Struct, frozen=True):
    """A hub goes on in its life under another incarnation: it has risen above another life.

    Its clients have other sessions by now. What is under way to it and from it still counts.
    """

    hub: PeerId
    incarnation: int


class LifeRaised(msgspec.Struct, frozen=True):
    """This hub has risen above another life under its id; for all others it has begun anew."""

    incarnation: int
    """Its own one from now on."""


class HubFound(msgspec.Struct, frozen=True):
    """A hub has become known."""

    hub: PeerId


class DrainsChanged(msgspec.Struct, frozen=True):
    """A hub, perhaps this one, drains by now: it is to be no rendezvous hub any more."""


class RoutesChanged(msgspec.Struct, frozen=True):
    """Frames under way may be lost with a link that has broken, or a way is open again."""


class Arrived(msgspec.Struct, frozen=True):
    """A body came for this hub."""

    source: PeerId
    incarnation: int
    body: Segment | Ack


# Hubs of the npm package: which are there


class ReferenceNamed(msgspec.Struct, frozen=True):
    """A reference hub that we have dialled has said who it is."""

    session: SessionId
    hub: PeerId


class ReferenceFound(msgspec.Struct, frozen=True):
    """A reference hub has linked up with us."""

    hub: PeerId


class ReferenceGone(msgspec.Struct, frozen=True):
    """The socket of a reference hub has ended."""

    hub: PeerId | None
    """``None`` if it had not said who it is."""
    session: SessionId
    code: int
    reason: str


class HubReported(msgspec.Struct, frozen=True):
    """A reference hub has told of a hub that is ours, as far as one can see."""

    hub: PeerId
    addresses: tuple[str, ...]
    """Where it can be dialled; none if it is gone from there."""


# Hubs of the npm package: what they want for their clients and themselves


class GuestAnnounced(msgspec.Struct, frozen=True):
    """A client of a reference hub has announced itself, or its id may be free now."""

    hub: SessionId
    peer: PeerId
    announce: Announce
    may_contest: bool
    """Whether another client with its id is to show that it lives: once, not again and again."""


class GuestSignaled(msgspec.Struct, frozen=True):
    """A guest sends a signal."""

    guest: SessionId
    signal: Signal


class GuestGone(msgspec.Struct, frozen=True):
    """A guest's hub says that it is gone."""

    guest: SessionId


class HubClaimed(msgspec.Struct, frozen=True):
    """A reference hub's id is to be published, so that no other hub of ours serves it too."""

    hub: SessionId


class IdAwaited(msgspec.Struct, frozen=True):
    """The rendezvous hub of a namespace is to be asked whether an id is free there."""

    namespace: str
    peer: PeerId


# Clients


class ClientFlooded(msgspec.Struct, frozen=True):
    """A client goes on sending too much though it was slowed: it is to be closed."""

    session: SessionId
    reason: str


class VisitorGone(msgspec.Struct, frozen=True):
    """The socket of a visitor has ended, or is about to be closed."""

    session: SessionId
    dialect: str


class VisitorTold(msgspec.Struct, frozen=True):
    """Something has become of what was wanted for a visitor."""

    session: SessionId
    news: DialectNews


class IdFreed(msgspec.Struct, frozen=True):
    """An id for which a visitor has waited may be free."""

    session: SessionId
    enter: Enter


class BacklogReady(msgspec.Struct, frozen=True):
    """A client has been let in late: what it said before that is its first messages."""

    session: SessionId
    texts: tuple[str, ...]


ViewChange: TypeAlias = (
    HubGone
    | HubForgotten
    | LoadTold
    | HubReturned
    | HubRestarted
    | HubRose
    | HubFound
    | LifeRaised
    | DrainsChanged
    | RoutesChanged
)
ReferenceChange: TypeAlias = ReferenceNamed | ReferenceFound | ReferenceGone | HubReported
GuestChange: TypeAlias = GuestAnnounced | GuestSignaled | GuestGone | HubClaimed
LocalChange: TypeAlias = (
    ViewChange
    | ReferenceChange
    | GuestChange
    | IdAwaited
    | ClientFlooded
    | VisitorGone
    | VisitorTold
    | IdFreed
    | BacklogReady
)
Change: TypeAlias = LocalChange | Arrived
