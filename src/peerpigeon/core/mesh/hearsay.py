"""Who hears of an advert from somebody else, so that this hub need not tell it.

A hub that tells all its neighbours the same says so. Who hears it then leaves out those of its own
neighbours that are linked with that hub too: they hear it from there. (It is the self-pruning of
Lim and Kim, "Flooding in wireless ad hoc networks", 2001.) While a mesh forms nearly all are linked
with the hub by which they have come in, and most of what they would tell each other is what it has
just told all of them.

What was left out is remembered for some seconds, for a link may be broken though nobody has noticed
it yet.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.membership import Membership

Source: TypeAlias = "tuple[PeerId, bool]"
"""A neighbour that has told something, and whether it tells all its neighbours."""


class Hearsay:
    """What the neighbours of one hub hear from each other."""

    def __init__(self, membership: Membership, limits: MeshLimits) -> None:
        self._membership = membership
        self._lifetime = limits.withheld_for
        # With whom each of those that have told all since the last time was linked before it did.
        self._audiences: dict[PeerId, AbstractSet[PeerId]] = {}
        # By whom a neighbour was to hear what it was not told, and when that was last so.
        self._relied: dict[PeerId, dict[PeerId, float]] = {}
        # What each hub was relied on for, oldest first.
        self._withheld: deque[tuple[float, PeerId, Sequence[PeerId]]] = deque()

    def tells(self, teller: PeerId, *, is_first: bool) -> None:
        """Take that a neighbour tells all its neighbours the same; ``is_first`` of what is fresh.

        Who comes to be one of these just after it has not been told by it, and is told here.
        """
        if is_first:
            self._audiences.clear()
        if teller not in self._audiences:
            self._audiences[teller] = frozenset(self._membership.graph.get(teller, ()))

    def told_to(self, hub: PeerId, sources: Collection[Source]) -> frozenset[Source]:
        """Return those of ``sources`` by which a neighbour has heard the same, or will."""
        near, audiences = self._membership.graph.get(hub, ()), self._audiences
        if len(near) < len(sources):
            others = {(other, True) for other in near if (other, True) in sources}
        else:
            others = {source for source in sources if source[1] and source[0] in near}
        others = {source for source in others if hub in audiences[source[0]]}
        others.update(source for source in ((hub, False), (hub, True)) if source in sources)
        return frozenset(others)

    def rely(self, hub: PeerId, told: Collection[Source], now: float) -> None:
        """Note that a neighbour was not told what these tell it."""
        for source, _ in told:
            if source != hub:
                self._relied.setdefault(hub, {})[source] = now

    def remember(self, fresh: Mapping[PeerId, Sequence[Source]], now: float) -> None:
        """Note what those who were relied on just now have told."""
        sources = {
            source
            for relied in self._relied.values()
            for source, when in relied.items()
            if when == now
        }
        for source in sorted(sources):  # two runs are to be the same
            told = tuple(hub for hub, tellers in fresh.items() if (source, True) in tellers)
            self._withheld.append((now, source, told))
        while self._withheld and now > self._withheld[0][0] + self._lifetime:
            self._withheld.popleft()

    def owed(self, neighbours: Collection[PeerId], now: float) -> dict[PeerId, list[PeerId]]:
        """Return of whom to tell neighbours after all, as who was to tell them cannot any more.

        It may have lost its link to them before it could.
        """
        if not self._relied:
            return {}
        graph, owed = self._membership.graph, {}
        still: dict[PeerId, dict[PeerId, float]] = {}
        for hub, relied in self._relied.items():
            if hub not in neighbours:
                continue
            near = graph.get(hub, ())
            lost = {source for source in relied if source not in near}
            told = [each for _, source, hubs in self._withheld if source in lost for each in hubs]
            if told:
                owed[hub] = list(dict.fromkeys(told))
            kept = {
                source: when
                for source, when in relied.items()
                if source in near and now <= when + self._lifetime
            }
            if kept:
                still[hub] = kept
        self._relied = still
        return owed
