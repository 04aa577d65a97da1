"""The next hop towards a hub: a neighbour on a shortest path, ties broken by XOR distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import xor_distance

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits


class Routing:
    """The ways from one hub to all others."""

    def __init__(self, own: PeerId, limits: MeshLimits) -> None:
        self._own = own
        self._lifetime = limits.route_lifetime
        self._version: tuple[int, int] | None = None
        self._found_at = 0.0
        # For each hub a set of neighbours, as bits, that lie on a shortest path to it.
        self._ways: dict[PeerId, int] = {}
        self._neighbours: list[PeerId] = []

    def next_hop(
        self,
        goal: PeerId,
        neighbours: Collection[PeerId],
        graph: Mapping[PeerId, Collection[PeerId]],
        version: tuple[int, int],
        now: float,
    ) -> PeerId | None:
        """Return the neighbour to hand a frame for ``goal``; ``None`` if there is no neighbour.

        ``neighbours`` are the hubs to which a link is open, ``graph`` the links of all hubs;
        ``version`` changes when either does. While no way is known the XOR-closest neighbour is
        taken (``docs/mesh.md``, routing); a frame's hop limit ends its wandering.
        """
        if goal in neighbours:
            return goal
        if version != self._version:
            moved = self._version is None or version[0] != self._version[0]
            if moved or now >= self._found_at + self._lifetime or goal not in self._ways:
                self._find(neighbours, graph)
                self._version, self._found_at = version, now
        ways = self._ways.get(goal, 0)
        candidates = [hub for bit, hub in enumerate(self._neighbours) if ways >> bit & 1]
        if len(candidates) == 1:
            return candidates[0]
        return min(
            candidates or neighbours, key=lambda hub: (xor_distance(hub, goal), hub), default=None
        )

    def knows(self, goal: PeerId) -> bool:
        """Tell whether a way to ``goal`` was known when ways were last looked for."""
        return goal in self._ways

    def _find(
        self, neighbours: Collection[PeerId], graph: Mapping[PeerId, Collection[PeerId]]
    ) -> None:
        """Search breadth first from all neighbours at once."""
        self._neighbours = list(neighbours)
        ways = {hub: 1 << bit for bit, hub in enumerate(self._neighbours)}
        ways[self._own] = 0
        frontier = list(self._neighbours)
        while frontier:
            level: dict[PeerId, int] = {}
            for hub in frontier:
                bits = ways[hub]
                for other in graph.get(hub, ()):
                    if other not in ways:
                        level[other] = level.get(other, 0) | bits
            ways.update(level)
            frontier = list(level)
        del ways[self._own]
        self._ways = ways
