"""How neighbours find out that their tables of hubs differ, and what each one lacks.

With each heartbeat neighbours tell each other the digests of their tables. When these differ for
long, one sends a summary of its table, and both get the adverts that they lack. It is the
anti-entropy of Demers et al., "Epidemic Algorithms for Replicated Database Maintenance" (1987);
``gossip`` is what they call rumor mongering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import SendToLink
from peerpigeon.core.mesh.table_comparison import compare, summarize
from peerpigeon.core.wire.hub_frames import Adverts, Summary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.links import Link, Links, NeighbourLink
    from peerpigeon.core.mesh.membership import Membership


class AntiEntropy:
    """What one hub does about differences between its table and its neighbours'."""

    def __init__(
        self,
        membership: Membership,
        links: Links,
        interval: float,
        effects: Effects,
        limits: MeshLimits,
    ) -> None:
        self._membership = membership
        self._links = links
        self._interval = interval
        self._limits = limits
        self._effects = effects
        # Heartbeats in a row, over each link, whose digest was not that of our table.
        self._differing: dict[LinkId, int] = {}

    def forget(self, link: Link) -> None:
        """Forget what has come over a link that has ended."""
        self._differing.pop(link.id, None)

    def on_heartbeat(self, link: NeighbourLink, digest: int, now: float) -> None:
        """Send our summary if a neighbour's table has differed from ours for too long."""
        membership = self._membership
        if digest == membership.digest:
            self._differing.pop(link.id, None)
            return
        differing = self._differing.get(link.id, 0) + 1
        limits = self._limits
        patience = limits.still_patience
        if now < membership.changed_at + patience * self._interval:
            # The more hubs, the longer all of them are at it, and the more a comparison costs.
            excess = max(0, len(membership) - limits.small_mesh)
            patience = limits.restless_patience + excess // limits.hubs_per_heartbeat
        if differing < min(patience, limits.longest_patience):
            self._differing[link.id] = differing
        else:
            self._differing.pop(link.id, None)
            self._send_summary(link)

    def on_summary(self, link: NeighbourLink, summary: Summary) -> None:
        """Send a neighbour what it lacks, and our own summary if we lack something too."""
        membership = self._membership
        adverts, unreachable = membership.live_adverts(), membership.unreachable
        comparison = compare(adverts, summary.entries, unreachable)
        if comparison.lacking_there:
            self._effects.act(SendToLink(link.id, Adverts(comparison.lacking_there)))
        if comparison.is_lacking_here and summary.wants_answer:
            self._send_summary(link, wants_answer=False)

    def greet(self, link: NeighbourLink, *, is_same: bool) -> None:
        """Send our summary to a new neighbour from another part of the mesh, if tables differ.

        It may have heard much that we have not. ``is_same``: tables were the same before we met.
        """
        if not is_same and not self._membership.reaches(link.hub):
            self._send_summary(link)

    def on_returned(self, hubs: Iterable[PeerId]) -> None:
        """Compare tables with the neighbours among the hubs that are back.

        Of hubs that it has not lost itself such a neighbour may have nothing new to say.
        """
        links = [link for hub in hubs if (link := self._links.to(hub)) is not None]
        if links:
            summary = Summary(summarize(self._membership.live_adverts()))
            for link in links:
                self._effects.act(SendToLink(link.id, summary))

    def _send_summary(self, link: NeighbourLink, *, wants_answer: bool = True) -> None:
        entries = summarize(self._membership.live_adverts())
        self._effects.act(SendToLink(link.id, Summary(entries, wants_answer)))
