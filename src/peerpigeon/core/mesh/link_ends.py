"""What hubs advertise of their links, found by both ends of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Advert, LinkEnd

FEW = 16
"""Links among which one is found sooner by looking at all of them than by an index. All hubs but
those by which very many came in have no more."""

MOST_INDEXES = 64


class LinkEnds:
    """The ends of links by the latest adverts, ``adverts``, of all hubs; these are read only."""

    def __init__(self, adverts: Mapping[PeerId, Advert]) -> None:
        self._adverts = adverts
        # Of hubs with many links, each with the advert that it was made from.
        self._indexes: dict[PeerId, tuple[Advert, dict[PeerId, LinkEnd]]] = {}

    def get(self, hub: PeerId, other: PeerId) -> LinkEnd | None:
        """Return what ``hub`` advertises of its link to ``other``; ``None`` if there is none."""
        advert = self._adverts.get(hub)
        if advert is None:
            return None
        if len(advert.links) > FEW:
            return self._index(advert).get(other)
        for end in advert.links:
            if end.hub == other:
                return end
        return None

    def _index(self, advert: Advert) -> dict[PeerId, LinkEnd]:
        made_from, index = self._indexes.get(advert.hub, (None, {}))
        if made_from is not advert:
            index = {end.hub: end for end in reversed(advert.links)}  # the first of two counts
            if len(self._indexes) >= MOST_INDEXES:
                self._indexes.clear()
            self._indexes[advert.hub] = advert, index
        return index
