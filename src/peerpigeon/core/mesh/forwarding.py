"""How frames get from hub to hub over others: set on their way here, or passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import SendToLink
from peerpigeon.core.mesh.routing import Routing
from peerpigeon.core.wire.hub_frames import Routed, Sealed

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.identities import Identities
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Links
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.wire.hub_frames import Body


class Forwarder:
    """The way out of one hub for routed frames."""

    def __init__(
        self,
        own: PeerId,
        links: Links,
        membership: Membership,
        effects: Effects,
        limits: MeshLimits,
        identities: Identities | None = None,
    ) -> None:
        self._own = own
        self._identities = identities
        self._fewest_hops = limits.fewest_hops
        self._links = links
        self._membership = membership
        self._effects = effects
        self._routing = Routing(own, limits)
        self._losses = 0
        self._counts = effects.counts
        self._tracer = effects.tracer

    def loss_reported(self) -> None:
        """Note that a link somewhere has broken: ways found before are not to be trusted."""
        self._losses += 1

    def send(self, goal: PeerId, incarnation: int, body: Body, now: float) -> None:
        """Send a body of this hub on its way to another; an ``incarnation`` of 0 is not known."""
        own = self._membership.own.incarnation
        tag = b""
        if self._identities is not None:
            # Not 0: what was for one life of the goal could be said again to another.
            incarnation = incarnation or self._membership.incarnation(goal)
            key = self._membership.key(goal)
            tag = self._identities.tag(goal, key, (own, incarnation), body)
            if not tag:
                return  # it is sent again, and by then the goal's advert may have come
        frame = Routed(self._own, own, goal, incarnation, self._most_hops(), body, tag)
        self._counts.frames_sent += self._hand(frame, self._next_hop(goal, now), now)

    def pass_on(self, frame: Routed | Sealed, sender: PeerId, now: float) -> None:
        """Pass on a frame that has come from a neighbour and is not for this hub."""
        goal = frame.destination
        if frame.ttl <= 1:
            return
        hop = self._next_hop(goal, now)
        if hop == sender and not self._routing.knows(goal):
            return  # its source sends it again, and by then the way may be known
        ttl = min(frame.ttl - 1, self._most_hops())
        source, incarnation = frame.source, frame.source_incarnation
        goal_incarnation = frame.destination_incarnation
        passed: Routed | Sealed
        if isinstance(frame, Routed):
            passed = Routed(source, incarnation, goal, goal_incarnation, ttl, frame.body, frame.tag)
        else:
            passed = Sealed(source, incarnation, goal, goal_incarnation, ttl, frame.body, frame.tag)
        self._counts.frames_passed_on += self._hand(passed, hop, now)

    def _most_hops(self) -> int:
        return max(self._fewest_hops, len(self._membership))

    def _next_hop(self, goal: PeerId, now: float) -> PeerId | None:
        links, membership = self._links, self._membership
        version = (links.version + self._losses, membership.graph_version)
        return self._routing.next_hop(goal, links.neighbours, membership.graph, version, now)

    def _hand(self, frame: Routed | Sealed, hop: PeerId | None, now: float) -> bool:
        """Send a frame to a neighbour; return whether there is a way."""
        link = None if hop is None else self._links.to(hop)
        if self._tracer is not None and isinstance(frame, Routed):
            self._tracer.forwarded(frame, None if link is None else hop, now)
        if link is None:
            self._counts.frames_without_way += 1
            return False
        self._effects.act(SendToLink(link.id, frame))
        return True
