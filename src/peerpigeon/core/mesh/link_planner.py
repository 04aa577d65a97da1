"""From the links that are to the links that should be: what to begin, what to close, in order.

It reads the table of links and the adverts, and changes neither. It begins what is missing, and
returns what is too much, for its caller to close.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.interface.actions import Dial, MakeOffer
from peerpigeon.core.mesh.attempts import (
    Attempt,
    Attempts,
    ChannelAttempt,
    DialAttempt,
    Room,
    WantedHub,
)
from peerpigeon.core.mesh.links import NeighbourLink
from peerpigeon.core.mesh.topology import Bar, Plan, Topology
from peerpigeon.core.wire.hub_frames import Carrier, LinkEnd, Purpose

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Link, Links
    from peerpigeon.core.mesh.membership import Membership

RING_LINKS = 2
"""As many links as the ring takes."""

NO_ADMISSION = -1
"""A bar that no distance undercuts."""


class LinkPlanner:
    """The links of one hub as they are and as they should be."""

    def __init__(
        self,
        max_links: int,
        links: Links,
        membership: Membership,
        attempts: Attempts,
        effects: Effects,
        limits: MeshLimits,
    ) -> None:
        self._own = membership.own.hub
        self._max_links = max_links
        self._plan_delay = limits.plan_delay
        self._links = links
        self._membership = membership
        self._attempts = attempts
        self._effects = effects
        self._topology = Topology(self._own, max_links)
        self._plan = Plan((), (), None)
        self._replan_at: float | None = None

    @property
    def admission_bar(self) -> Bar | None:
        """What a hub must undercut to become a shortcut of ours."""
        return self._plan.bar

    def add(self, hub: PeerId) -> None:
        """Add a live hub."""
        self._topology.add(hub)

    def remove(self, hub: PeerId) -> None:
        """Forget a hub that is gone."""
        self._topology.remove(hub)

    def gap(self) -> list[PeerId]:
        """Return the missing hubs that are this hub's to look for."""
        return self._topology.gap(list(self._membership.missing))

    def replan_by(self, when: float) -> None:
        """Have the links planned anew no later than at ``when``."""
        if self._replan_at is None or when < self._replan_at:
            self._replan_at = when

    def replan_soon(self, now: float) -> None:
        """Have the links planned anew when what else changes in a moment is known too."""
        self.replan_by(now + self._plan_delay)

    def is_due(self, now: float) -> bool:
        """Tell whether it is time for ``replan``."""
        return self._attempts.is_due(now) or (
            self._replan_at is not None and now >= self._replan_at
        )

    def deadline(self) -> float | None:
        """Return when there is something to plan, or an attempt to give up."""
        return earliest(self._replan_at, self._attempts.deadline())

    # Links as they are

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

    def _purpose(self, hub: PeerId, carrier: Carrier, *, is_ready: bool) -> Purpose:
        if hub in self._plan.wanted and self._counts(hub):
            return Purpose.MESH
        if carrier is Carrier.WEBSOCKET and (hub in self._plan.wanted or not is_ready):
            return Purpose.BOOTSTRAP
        return Purpose.SPARE

    def _needs_socket(self, link: Link) -> bool:
        if not isinstance(link, NeighbourLink):
            return False
        if self._links.over(Carrier.P2P, link.hub) is not None:
            return False
        end = self._end_there(link.hub)
        return link.hub in self._plan.wanted or end is None or end.purpose is not Purpose.SPARE

    def _end_there(self, hub: PeerId) -> LinkEnd | None:
        return self._membership.link_end(hub, self._own)

    def _is_held(self, hub: PeerId) -> bool:
        """Tell whether the other end of a neighbour's link means it to be one of the mesh's."""
        if self._links.over(Carrier.P2P, hub) is not None:
            return True
        end = self._end_there(hub)
        return end is not None and end.purpose is Purpose.MESH

    def _counts(self, hub: PeerId) -> bool:
        """Tell whether the link to a neighbour is more than a socket for bootstrap (S13).

        A socket is one of our links only in place of a data channel that cannot be had. What the
        other end means it for does not count: very many newcomers may have only this hub, and
        each of them takes it for one of its own links at first.
        """
        if self._links.over(Carrier.P2P, hub) is not None:
            return True
        return hub in self._plan.wanted and self._attempts.has_failed(hub)

    def count(self) -> int:
        """Return how many links count (S13), those included that have not said whose they are."""
        known = sum(1 for hub in self._links.neighbours if self._counts(hub))
        return known + self._links.nameless(Carrier.P2P)

    # Links as they should be

    def replan(self, now: float) -> list[NeighbourLink]:
        """Plan anew, begin what is missing, and return what is to be closed after that."""
        self._replan_at = None
        self._renew_plan()
        surplus = self._surplus()
        self._begin(now)
        return surplus

    def _renew_plan(self) -> None:
        linked = {hub for hub in self._links.neighbours if self._is_held(hub)}
        self._plan = self._topology.plan(linked, self._bar_of)

    def _bar_of(self, hub: PeerId) -> Bar | None:
        advert = self._membership.advert(hub)
        if advert is None or advert.is_draining:
            return (NO_ADMISSION, hub)
        return advert.bar

    def _begin(self, now: float) -> None:
        neighbours = self._links.neighbours
        wanted = [
            WantedHub(hub, self._addresses(hub), hub in neighbours)
            for hub in self._plan.wanted
            if self._links.over(Carrier.P2P, hub) is None
        ]
        # One more than allowed, for the moment in which a new link replaces an old one.
        most = self._max_links + 1
        # Without a neighbour there is no room for channels: an offer would not get out, and until
        # it is given up the other hub's are ignored.
        channels = most - self._open_channels() if neighbours else 0
        room = Room(most - self.count(), channels)
        for attempt in self._attempts.begin_due(wanted, room, now):
            self._start(attempt)

    def _start(self, attempt: Attempt) -> None:
        match attempt:
            case ChannelAttempt(opening):
                self._effects.act(MakeOffer(opening))
            case DialAttempt(opening, uri):
                self._effects.act(Dial(opening, uri))
            case _:
                assert_never(attempt)

    def _open_channels(self) -> int:
        """Return how many data channels are open, those included that have no name yet."""
        return self._links.count(Carrier.P2P) + self._links.nameless(Carrier.P2P)

    def _addresses(self, hub: PeerId) -> tuple[str, ...]:
        advert = self._membership.advert(hub)
        return () if advert is None else advert.addresses

    def _surplus(self) -> list[NeighbourLink]:
        """Return the least wanted links above the maximum.

        No link is spare below it: while places are free, a link that is there has one.
        """
        wanted, neighbours = self._plan.wanted, self._links.neighbours
        spare = [
            hub
            for hub in neighbours
            if hub not in wanted and self._counts(hub) and not self._is_lifeline(hub)
        ]
        excess = max(0, self.count() - self._max_links)
        links = (self._links.to(hub) for hub in sorted(spare, key=self._worth)[:excess])
        return [link for link in links if link is not None]

    def _is_lifeline(self, hub: PeerId) -> bool:
        """Tell whether the other end may depend on this link, as far as it has told.

        A hub that has the links of the ring does not. A hub with two others may: one of them may be
        to a hub that has as few, and which links that hub's neighbours are closing is not known.
        """
        advert = self._membership.advert(hub)
        if advert is None or hub not in self._membership:
            return True
        ends = {end.hub for end in advert.links}
        if len(ends) < min(RING_LINKS, len(self._membership) - 1):
            return True
        return len(ends) <= RING_LINKS and not ends.issuperset(self._topology.around(hub))

    def _is_wanted_there(self, hub: PeerId) -> bool:
        end = self._end_there(hub)
        return end is None or end.purpose is not Purpose.SPARE

    def _worth(self, hub: PeerId) -> tuple[bool, int, PeerId]:
        return (self._is_wanted_there(hub), -self._topology.distance(hub), hub)

    def replan_for(self, hub: PeerId) -> bool:
        """Plan anew, and tell whether there is a place for a data channel that a hub offers."""
        if self._links.over(Carrier.P2P, hub) is not None:
            return True  # a new channel for one that the other end has lost
        self._renew_plan()
        mine = self._attempts.channel_to(hub) is not None
        counted = hub in self._links.neighbours and self._counts(hub)
        channels = self._open_channels() + self._attempts.channels
        taken = max(channels - mine, self.count() - counted)
        return taken < self._max_links + (hub in self._plan.wanted)
