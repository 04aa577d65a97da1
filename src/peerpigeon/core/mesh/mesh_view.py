"""What becomes of other hubs, as this one sees it; and who in this hub has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import (
    DrainsChanged,
    HubForgotten,
    HubFound,
    HubGone,
    HubRestarted,
    HubReturned,
    HubRose,
    RoutesChanged,
)
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, POLICY_VIOLATION
from peerpigeon.core.mesh.gossip import FORGED_BY_NEIGHBOUR

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.link_lifecycle import LinkLifecycle
    from peerpigeon.core.mesh.parts import MeshParts
    from peerpigeon.core.mesh.readiness import Readiness
    from peerpigeon.core.wire.hub_frames import Adverts


class MeshView:
    """The other hubs: found, restarted, gone and returned."""

    def __init__(self, parts: MeshParts, lifecycle: LinkLifecycle, readiness: Readiness) -> None:
        self._effects = parts.effects
        self._most_links = parts.limits.open_links
        self._forged: dict[PeerId, int] = {}
        self._membership = parts.membership
        self._links = parts.links
        self._bootstrap = parts.bootstrap
        self._dialer = parts.dialer
        self._forwarder = parts.forwarder
        self._planner = parts.planner
        self._gossip = parts.gossip
        self._anti_entropy = parts.anti_entropy
        self._lifecycle = lifecycle
        self._readiness = readiness

    def on_adverts(self, sender: PeerId, frame: Adverts, now: float) -> None:
        """Take a neighbour's adverts."""
        learned = self._gossip.learn(sender, frame, now)
        if learned.forged:
            self._count_forged(sender, learned.forged, now)
        for advert in learned.restarted:
            self._effects.report(HubRestarted(advert.hub, advert.incarnation))
        for advert in learned.risen:
            self._effects.report(HubRose(advert.hub, advert.incarnation))
        for hub in learned.exchanged:
            # Sessions do not tell the two lives apart: forget all, and ask for what there is.
            self._effects.report(HubGone(hub))
            self._effects.report(HubReturned(hub))
        if learned.drains:
            self._effects.report(DrainsChanged())
        for hub in learned.found:
            self._planner.add(hub)
            self._effects.report(HubFound(hub))
        if not learned.is_anything:
            return
        if learned.found:
            self._planner.await_more(now)
        self._planner.replan_soon(now)
        self._readiness.update(now)
        if frame.is_urgent:
            # Our way to some hub may have led over what was lost.
            self._forwarder.loss_reported()
            self._effects.report(RoutesChanged())
            self._membership.check_soon(now)

    def _count_forged(self, sender: PeerId, count: int, now: float) -> None:
        """Count adverts by which a neighbour lies, and leave it when they are too many."""
        total = self._forged.pop(sender, 0) + count
        if total > FORGED_BY_NEIGHBOUR:
            for link in [each for each in self._links.to_neighbours() if each.hub == sender]:
                reason = "adverts that others did not sign"
                self._lifecycle.close(link, POLICY_VIOLATION, reason, now)
            return
        self._forged[sender] = total
        if len(self._forged) > self._most_links:
            del self._forged[next(iter(self._forged))]

    def check(self, now: float) -> None:
        """See who can be reached, if it is time."""
        check_at = self._membership.deadline()
        if check_at is None or now < check_at:
            return
        changes = self._membership.check(now)
        for hub in changes.gone:
            self._on_gone(hub, now)
        for hub in changes.returned:
            self._planner.add(hub)
            self._effects.report(HubReturned(hub))
        for hub in changes.forgotten:
            self._effects.report(HubForgotten(hub))
        if changes.reached:
            self._effects.report(RoutesChanged())
        self._dialer.reach_for(changes.stranded_from, now)
        if changes.gone:
            self._bootstrap.hubs_lost(now)
        self._gossip.on_returned(changes.returned, now)
        self._anti_entropy.on_returned(changes.returned)
        if changes.gone or changes.returned:
            self._planner.replan_by(now)
            self._readiness.update(now)

    def _on_gone(self, hub: PeerId, now: float) -> None:
        self._planner.remove(hub)
        self._effects.report(HubGone(hub))
        advert = self._membership.advert(hub)
        if advert is not None and advert.is_leaving:
            self._membership.stopped(hub)
            for link in self._links.to_neighbours():
                if link.hub == hub:
                    self._lifecycle.close(link, NORMAL_CLOSURE, "stopping", now)
