"""Links that are closing: nothing is sent over them any more, but what still comes is heard.

Each end says ``Bye`` as the last thing it sends. Whoever has the other's knows that nothing more
comes that way, and the end that began then closes the link. So nothing is lost that was already
on its way when a link is closed in good order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.actions import CloseLink, SendToLink
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE
from peerpigeon.core.mesh.links import NeighbourLink
from peerpigeon.core.wire.hub_frames import Bye

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Link


class ClosingLink(msgspec.Struct, frozen=True):
    """A link over which this end has said ``Bye``."""

    id: LinkId
    hub: PeerId | None
    """Who is at the other end; ``None`` if it was not let in yet."""
    reason: str
    is_ours: bool
    """Whether this end has begun, and is to close the link when the other is done."""
    is_stale: bool
    """Whether what still comes may be older than the lifetime of a signal: this end was asleep."""


class ClosingLinks:
    """The links of one hub that are closing, whichever end has begun."""

    def __init__(self, effects: Effects, limits: MeshLimits) -> None:
        self._effects = effects
        self._linger = limits.linger
        self._links: dict[LinkId, ClosingLink] = {}
        self._timeouts: TimerQueue[LinkId] = TimerQueue()

    def __len__(self) -> int:
        """Return how many links are closing."""
        return len(self._links)

    def __contains__(self, link: LinkId) -> bool:
        """Tell whether a link is closing."""
        return link in self._links

    def get(self, link: LinkId) -> ClosingLink | None:
        """Return a link that is closing."""
        return self._links.get(link)

    def begin(
        self, link: Link, reason: str, now: float, *, is_ours: bool, is_stale: bool = False
    ) -> None:
        """Say ``Bye`` over a link, over which this end sends nothing more."""
        hub = link.hub if isinstance(link, NeighbourLink) else None
        self._links[link.id] = ClosingLink(link.id, hub, reason, is_ours, is_stale)
        self._timeouts.set(link.id, now + self._linger)
        self._effects.act(SendToLink(link.id, Bye(reason)))

    def answered(self, link: ClosingLink) -> None:
        """Take the other end's ``Bye``."""
        if link.is_ours:
            self.end(link.id)
            self._close(link)

    def end(self, link: LinkId) -> None:
        """Forget a link that has ended, if it was closing."""
        self._timeouts.drop(link)
        self._links.pop(link, None)

    def expire(self, now: float) -> None:
        """Close the links whose other end takes too long."""
        for link in self._timeouts.expire(now):
            self._close(self._links.pop(link))

    def _close(self, link: ClosingLink) -> None:
        self._effects.act(CloseLink(link.id, NORMAL_CLOSURE, link.reason))

    def deadline(self) -> float | None:
        """Return when ``expire`` is due."""
        return self._timeouts.deadline()
