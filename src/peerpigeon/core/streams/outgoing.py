"""What leaves a stream: bodies for other hubs, and news that was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_frames import Ack, Segment
from peerpigeon.core.wire.hub_news import News
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.streams.sender import Sender


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A body to be routed. A struct, not a dataclass, because every message makes one."""

    destination: PeerId
    incarnation: int
    """Of the destination; a hub with another one must not take the body."""
    body: Segment | Ack


class Failure(msgspec.Struct, frozen=True):
    """News that was given up: as far as this hub knows, it was not delivered."""

    destination: PeerId
    news: News
    reason: Reason


def failed(hub: PeerId, news: Iterable[News], reason: Reason) -> list[Failure]:
    """Return that news for a hub was given up."""
    return [Failure(hub, piece, reason) for piece in news]


def routed(sender: Sender, segments: Iterable[Segment]) -> list[Outgoing]:
    """Return segments of a stream, each with its way."""
    return [Outgoing(sender.hub, sender.incarnation, segment) for segment in segments]
