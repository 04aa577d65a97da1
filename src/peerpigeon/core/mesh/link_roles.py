"""What the links of one hub are for, to this end and to the other, and which of them count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.mesh.links import NeighbourLink
from peerpigeon.core.mesh.topology import Plan
from peerpigeon.core.wire.hub_frames import Carrier, LinkEnd, Purpose

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.attempts import Attempts
    from peerpigeon.core.mesh.links import Link, Links
    from peerpigeon.core.mesh.membership import Membership


class LinkRoles:
    """The links as they are, seen in the light of the plan that was adopted last."""

    def __init__(self, links: Links, membership: Membership, attempts: Attempts) -> None:
        self._own = membership.own.hub
        self._links = links
        self._membership = membership
        self._attempts = attempts
        self._plan = Plan((), (), None)

    @property
    def plan(self) -> Plan:
        """The links that are wanted."""
        return self._plan

    def adopt(self, plan: Plan) -> None:
        """Judge links by another plan from now on."""
        self._plan = plan

    # All links

    def ends(self, *, is_ready: bool) -> tuple[LinkEnd, ...]:
        """Return what to publish of our links."""
        links = ((hub, self._links.to(hub)) for hub in sorted(self._links.neighbours))
        return tuple(
            LinkEnd(hub, link.carrier, self._purpose(hub, link.carrier, is_ready=is_ready))
            for hub, link in links
            if link is not None
        )

    def idle_sockets(self) -> list[Link]:
        """Return the WebSockets that have no more use, to this end or to the other."""
        return [
            link
            for link in self._links
            if link.carrier is Carrier.WEBSOCKET and not self._needs_socket(link)
        ]

    def count(self) -> int:
        """Return how many links count (S13), those included that have not said whose they are."""
        known = sum(1 for hub in self._links.neighbours if self.counts(hub))
        return known + self._links.nameless(Carrier.P2P)

    # One link

    def counts(self, hub: PeerId) -> bool:
        """Tell whether the link to a neighbour is more than a socket for bootstrap (S13).

        A socket is one of our links only in place of a data channel that cannot be had. What the
        other end means it for does not count: very many newcomers may have only this hub, and
        each of them takes it for one of its own links at first. What links the workers of one
        machine is there in any case, and costs too little to count.
        """
        if self._links.over(Carrier.P2P, hub) is not None:
            return True
        if self._links.over(Carrier.LOCAL, hub) is not None:
            return False
        return hub in self._plan.wanted and self._attempts.has_failed(hub)

    def is_held(self, hub: PeerId) -> bool:
        """Tell whether the other end of a neighbour's link means it to be one of the mesh's."""
        if self._links.over(Carrier.P2P, hub) is not None:
            return True
        end = self._end_there(hub)
        return end is not None and end.purpose is Purpose.MESH

    def is_wanted_there(self, hub: PeerId) -> bool:
        """Tell whether the other end of a neighbour's link has a use for it, or has not told."""
        end = self._end_there(hub)
        return end is None or end.purpose is not Purpose.SPARE

    def _purpose(self, hub: PeerId, carrier: Carrier, *, is_ready: bool) -> Purpose:
        if carrier is Carrier.LOCAL or (hub in self._plan.wanted and self.counts(hub)):
            return Purpose.MESH
        if carrier is Carrier.WEBSOCKET and (hub in self._plan.wanted or not is_ready):
            return Purpose.BOOTSTRAP
        return Purpose.SPARE

    def _needs_socket(self, link: Link) -> bool:
        if not isinstance(link, NeighbourLink):
            return False
        if self._links.needs_no_socket(link.hub):
            return False
        return link.hub in self._plan.wanted or self.is_wanted_there(link.hub)

    def _end_there(self, hub: PeerId) -> LinkEnd | None:
        return self._membership.link_end(hub, self._own)
