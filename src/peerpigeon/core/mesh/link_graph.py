"""The graph of all links: a link counts when both its ends advertise it.

Hubs that are gone can be cut out of it, whatever they have advertised: see ``membership``.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from peerpigeon.core.mesh.link_ends import LinkEnds

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Advert, LinkEnd


class Shift(Enum):
    """What an advert has done to the graph, as far as it bears on who can be reached."""

    NONE = auto()
    LOST = auto()
    """A link has gone."""
    BRIDGED = auto()
    """A link to a hub that is missing or out of reach has come."""


class LinkGraph:
    """The links that count among the hubs whose adverts are known."""

    def __init__(self, own: PeerId, adverts: Mapping[PeerId, Advert]) -> None:
        """Begin without links; ``adverts``, the latest of each hub, are read at each change."""
        self._own = own
        self._adverts = adverts
        self._ends = LinkEnds(adverts)
        # Neighbours in the order in which their links came to count.
        self._neighbours: dict[PeerId, dict[PeerId, None]] = {own: {}}
        self.version = 0
        """Changes with every change of the graph."""

    @property
    def neighbours(self) -> Mapping[PeerId, Collection[PeerId]]:
        """The neighbours of each hub by links that count."""
        return self._neighbours

    def reached(self) -> set[PeerId]:
        """Return the hubs to which a path leads, this one included."""
        neighbours = self._neighbours
        reached = {self._own}
        frontier = [self._own]
        for hub in frontier:  # which grows meanwhile
            for other in neighbours[hub]:
                if other not in reached:
                    reached.add(other)
                    frontier.append(other)
        return reached

    def end(self, hub: PeerId, other: PeerId) -> LinkEnd | None:
        """Return what ``hub`` advertises of its link to ``other``, whether it counts or not."""
        return self._ends.get(hub, other)

    def update(
        self, hub: PeerId, former: Advert | None = None
    ) -> tuple[Collection[PeerId], Collection[PeerId]]:
        """Bring the links of a hub up to date with its advert.

        ``former`` is the advert before, if no hub is cut out: links that it had are looked at no
        more, for they count as soon as the other ends tell of them.

        Returns the hubs with which it has lost and gained a link that counts.
        """
        near = self._neighbours.get(hub)
        if near is None:
            near = self._neighbours[hub] = {}
        links = self._adverts[hub].links
        after = {end.hub for end in links}
        lost: Collection[PeerId] = ()
        if not near.keys() <= after:
            lost = [other for other in near if other not in after]
            for other in lost:
                self._disconnect(hub, other)
        fresh = [end.hub for end in links if end.hub not in near]
        if fresh and former is not None:
            before = {end.hub for end in former.links}
            fresh = [other for other in fresh if other not in before]
        return lost, [other for other in fresh if self._connect(hub, other)]

    def connect_all(self, hub: PeerId, others: Container[PeerId]) -> None:
        """Let the links between a hub and ``others`` count that both ends advertise."""
        for end in self._adverts[hub].links:
            if end.hub in others:
                self._connect(hub, end.hub)

    def isolate(self, hub: PeerId) -> None:
        """Let no link of a hub count, until it is connected again."""
        for other in list(self._neighbours[hub]):
            self._disconnect(hub, other)

    def remove(self, hub: PeerId) -> None:
        """Forget a hub."""
        self.isolate(hub)
        del self._neighbours[hub]

    def _connect(self, hub: PeerId, other: PeerId) -> bool:
        if other in self._neighbours[hub] or other == hub or not self._ends.get(other, hub):
            return False
        self._neighbours[hub][other] = None
        self._neighbours[other][hub] = None
        self.version += 1
        return True

    def _disconnect(self, hub: PeerId, other: PeerId) -> None:
        self._neighbours[hub].pop(other, None)  # a hub may have named another one twice
        self._neighbours[other].pop(hub, None)
        self.version += 1
