"""From the links that are to the links that should be: what to begin, what to close, in order.

It reads the table of links and the adverts, and changes neither. It begins what is missing, and
returns what is too much, for its caller to close.
"""

from __future__ import annotations

from math import inf
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
from peerpigeon.core.mesh.link_roles import LinkRoles
from peerpigeon.core.mesh.partings import is_needless
from peerpigeon.core.mesh.topology import Bar, Topology
from peerpigeon.core.wire.hub_frames import Carrier

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Links, NeighbourLink
    from peerpigeon.core.mesh.membership import Membership

RING_LINKS = 2
"""As many links as the ring takes."""

NO_ADMISSION = -1
"""A bar that no distance undercuts."""


class LinkPlanner:
    """The links of one hub as they should be."""

    def __init__(
        self,
        config: ServerConfig,
        links: Links,
        membership: Membership,
        attempts: Attempts,
        effects: Effects,
        limits: MeshLimits,
    ) -> None:
        self._policy = config.dial_policy
        self._max_links = config.hub_mesh_max_peers
        self._limits = limits
        self._links = links
        self._membership = membership
        self._attempts = attempts
        self._effects = effects
        self._topology = Topology(membership.own.hub, self._max_links)
        self.roles = LinkRoles(links, membership, attempts)
        """What the links are for, by the plan that was made last."""
        self._replan_at: float | None = None
        # While hubs come one upon the other: since when, and until when we wait for the next one.
        self._coming_since = self._calm_at = -inf

    @property
    def admission_bar(self) -> Bar | None:
        """What a hub must undercut to become a shortcut of ours."""
        return self.roles.plan.bar

    # The hubs that there are

    def add(self, hub: PeerId) -> None:
        """Add a live hub."""
        self._topology.add(hub)

    def await_more(self, now: float) -> None:
        """Wait with plans for a moment, as hubs have come and others may be about to.

        The plans of those who come first are wrong while all come at once: each link that they lead
        to is in the way of the right one, and all hubs have to hear that it has come and gone.
        """
        limits = self._limits
        if now > self._calm_at:
            self._coming_since = now
        calm = min(limits.calm_per_hub * len(self._membership), limits.longest_calm)
        self._calm_at = min(now + calm, self._coming_since + limits.longest_coming)

    def remove(self, hub: PeerId) -> None:
        """Remove a hub that is gone."""
        self._topology.remove(hub)

    def gap(self) -> list[PeerId]:
        """Return the missing hubs that are this hub's to look for."""
        return self._topology.gap(list(self._membership.missing))

    # When to plan

    def replan_by(self, when: float) -> None:
        """Have the links planned anew no later than at ``when``."""
        if self._replan_at is None or when < self._replan_at:
            self._replan_at = when

    def replan_soon(self, now: float) -> None:
        """Have the links planned anew when what else changes in a moment is known too."""
        self.replan_by(now + self._limits.plan_delay)

    def is_due(self, now: float) -> bool:
        """Tell whether it is time for ``replan``."""
        due_at = self._due_at()
        return due_at is not None and now >= due_at

    def _due_at(self) -> float | None:
        due_at = earliest(self._replan_at, self._attempts.retry_at)
        return None if due_at is None else max(due_at, self._calm_at)

    def deadline(self) -> float | None:
        """Return when there is something to plan, or an attempt to give up."""
        return earliest(self._due_at(), self._attempts.deadline())

    # Planning

    def replan(self, now: float) -> list[NeighbourLink]:
        """Plan anew, begin what is missing, and return what is to be closed after that."""
        self._replan_at = None
        self._renew_plan()
        surplus = self._surplus()
        self._begin(now)
        return surplus

    def _renew_plan(self) -> None:
        linked = {hub for hub in self._links.neighbours if self.roles.is_held(hub)}
        self.roles.adopt(self._topology.plan(linked, self._bar_of))

    def _bar_of(self, hub: PeerId) -> Bar | None:
        advert = self._membership.advert(hub)
        if advert is None or advert.is_draining:
            return (NO_ADMISSION, hub)
        return advert.bar

    def _begin(self, now: float) -> None:
        neighbours = self._links.neighbours
        wanted = [
            WantedHub(hub, self._addresses(hub), hub in neighbours)
            for hub in self.roles.plan.wanted
            if not self._links.needs_no_socket(hub)
        ]
        # One more than allowed, for the moment in which a new link replaces an old one.
        most = self._max_links + 1
        # Without a neighbour there is no room for channels: an offer would not get out, and until
        # it is given up the other hub's are ignored.
        channels = most - self._open_channels() if neighbours else 0
        room = Room(most - self.roles.count(), channels)
        for attempt in self._attempts.begin_due(wanted, room, now):
            self._start(attempt)

    def _start(self, attempt: Attempt) -> None:
        match attempt:
            case ChannelAttempt(opening):
                self._effects.act(MakeOffer(opening))
            case DialAttempt(opening, uri):
                self._effects.act(Dial(opening, uri, uri not in self._policy.own))
            case _:
                assert_never(attempt)

    def _open_channels(self) -> int:
        """Return how many data channels are open, those included that have no name yet."""
        return self._links.count(Carrier.P2P) + self._links.nameless(Carrier.P2P)

    def _addresses(self, hub: PeerId) -> tuple[str, ...]:
        advert = self._membership.advert(hub)
        return () if advert is None else tuple(filter(self._policy.admits, advert.addresses))

    def _surplus(self) -> list[NeighbourLink]:
        """Return the least wanted links above the maximum.

        No link is spare below it: while places are free, a link that is there has one.
        """
        wanted, neighbours = self.roles.plan.wanted, self._links.neighbours
        spare = [
            hub
            for hub in neighbours
            if hub not in wanted and self.roles.counts(hub) and not self._is_lifeline(hub)
        ]
        excess = max(0, self.roles.count() - self._max_links)
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
        near = self._membership.graph.get(hub, ())
        # Of sockets that it needs no longer it may name some that are closed (``partings``).
        ends = {end.hub for end in advert.links if end.hub in near or not is_needless(end)}
        if len(ends) < min(RING_LINKS, len(self._membership) - 1):
            return True
        return len(ends) <= RING_LINKS and not ends.issuperset(self._topology.around(hub))

    def _worth(self, hub: PeerId) -> tuple[bool, int, PeerId]:
        return (self.roles.is_wanted_there(hub), -self._topology.distance(hub), hub)

    def replan_for(self, hub: PeerId) -> bool:
        """Plan anew, and tell whether there is a place for a data channel that a hub offers."""
        if self._links.over(Carrier.P2P, hub) is not None:
            return True  # a new channel for one that the other end has lost
        self._renew_plan()
        mine = self._attempts.channel_to(hub) is not None
        counted = hub in self._links.neighbours and self.roles.counts(hub)
        channels = self._open_channels() + self._attempts.channels
        taken = max(channels - mine, self.roles.count() - counted)
        return taken < self._max_links + (hub in self.roles.plan.wanted)
