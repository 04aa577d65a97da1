"""What the parts of a hub tell the rest of it: who has come and gone, and what has arrived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_frames import News

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.wire.hub_frames import Ack, Segment


@dataclass(frozen=True, slots=True)
class HubGone:
    """A hub cannot be reached any more."""

    hub: PeerId


@dataclass(frozen=True, slots=True)
class HubReturned:
    """A hub that was gone is back, and has lost nothing meanwhile."""

    hub: PeerId


@dataclass(frozen=True, slots=True)
class HubRestarted:
    """A hub has begun a new life: all that it had is lost."""

    hub: PeerId
    incarnation: int


@dataclass(frozen=True, slots=True)
class HubFound:
    """A hub has become known."""

    hub: PeerId


@dataclass(frozen=True, slots=True)
class ReferenceNamed:
    """A reference hub that we have dialled has said who it is."""

    session: SessionId
    hub: PeerId


@dataclass(frozen=True, slots=True)
class ReferenceFound:
    """A reference hub has linked up with us."""

    hub: PeerId


@dataclass(frozen=True, slots=True)
class ReferenceGone:
    """The socket of a reference hub has ended."""

    hub: PeerId | None
    """``None`` if it had not said who it is."""
    session: SessionId
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class HubReported:
    """A reference hub has told of a hub that is ours, as far as one can see."""

    hub: PeerId
    addresses: tuple[str, ...]
    """Where it can be dialled; none if it is gone from there."""


@dataclass(frozen=True, slots=True)
class RoutesChanged:
    """Frames under way may be lost with a link that has broken, or a way is open again."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A body came for this hub."""

    source: PeerId
    incarnation: int
    body: Segment | Ack


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A piece of news for this hub whose turn has come.

    A struct, not a dataclass, because every message makes one.
    """

    source: PeerId
    news: News


class Leaving(msgspec.Struct, frozen=True, gc=False):
    """A piece of news for another hub, or for this one."""

    hub: PeerId
    news: News


ViewChange: TypeAlias = HubGone | HubReturned | HubRestarted | HubFound | RoutesChanged
Change: TypeAlias = ViewChange | Arrived
ReferenceChange: TypeAlias = ReferenceNamed | ReferenceFound | ReferenceGone | HubReported
