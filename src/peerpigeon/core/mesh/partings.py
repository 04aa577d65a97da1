"""Sockets that have served their purpose and were closed: which end tells all hubs of it.

Very many hubs may have come in by one, each over a socket that is closed when it is ready. If both
ends told of that, all hubs would hear of each of these; so the end with more links does, of many at
once. The other one may go on naming the link until it has something else to say: a link counts if
both ends name it, so that one suffices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.wire.hub_frames import Carrier, Purpose

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.wire.hub_frames import LinkEnd


def is_needless(end: LinkEnd) -> bool:
    """Tell whether this is a socket for which its hub has no use any more."""
    return end.carrier is Carrier.WEBSOCKET and end.purpose is Purpose.SPARE


class Partings:
    """The closed sockets of one hub that it leaves to the other ends to tell of."""

    def __init__(self, membership: Membership, limits: MeshLimits) -> None:
        self._membership = membership
        self._patience = limits.parting_patience
        # Since when a link counts that is not there.
        self._since: dict[PeerId, float] = {}

    def deadline(self) -> float | None:
        """Return when it is time to tell of a link, as its other end has not."""
        since = earliest(*self._since.values())
        return None if since is None else since + self._patience

    def to_be_said(self, links: tuple[LinkEnd, ...], now: float) -> tuple[LinkEnd, ...]:
        """Return the links to be published, which are those of before if only these have ended."""
        said = self._membership.own.links
        there = {end.hub for end in links}
        ended = [end for end in said if end.hub not in there]
        counting = self._membership.graph[self._membership.own.hub]
        self._since = {
            end.hub: self._since.get(end.hub, now) for end in ended if end.hub in counting
        }
        is_all = len(ended) + len(links) == len(said) and set(links) <= set(said)
        return said if is_all and all(self._is_left(end, now) for end in ended) else links

    def _is_left(self, end: LinkEnd, now: float) -> bool:
        """Tell whether the other end tells of it, or has."""
        if not is_needless(end):
            return False
        since = self._since.get(end.hub)
        if since is None:
            return True
        own, other = self._membership.own, self._membership.held[end.hub]
        has_more = (len(other.links), other.hub) > (len(own.links), own.hub)
        return has_more and now < since + self._patience
