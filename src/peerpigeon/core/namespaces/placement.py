"""Which hubs are a namespace's rendezvous hubs: those closest to its key (``docs/mesh.md``)."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import chain
from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.keys import namespace_key, nearest, regions_near

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.regions import Regions

RENDEZVOUS_HUBS = 2
"""For each namespace: the primary introduces its members, the backup only stores them."""

CACHED_NAMESPACES = 10_000

REGIONS_FOR_A_HUB = 4
"""Regions in which to look for namespaces that are a hub's: to find out in which there may be some
takes as long. Most hubs of a large mesh that forms have no namespace yet."""


def closest_hubs(
    namespace: str, hubs: Sequence[PeerId], count: int = RENDEZVOUS_HUBS
) -> tuple[PeerId, ...]:
    """Return the ``count`` hubs closest to the key of a namespace, the primary first.

    ``hubs`` are in rising order of the numbers that their ids are.
    """
    found = nearest([int(hub, 16) for hub in hubs], namespace_key(namespace), count)
    return tuple(hubs[index] for index in found)


class Placement:
    """``closest_hubs`` of the present view, remembered until that changes."""

    def __init__(self, hubs: Iterable[PeerId]) -> None:
        self._count = 0
        self._hubs: dict[int, PeerId] = {}  # those that may be rendezvous hubs
        self._keys: list[int] = []
        # A dict in order of use would keep the right ones; the oldest ones go instead, which
        # is simpler, and only costs a computation.
        self._cache: dict[str, tuple[PeerId, ...]] = {}
        self._alone: tuple[PeerId, ...] | None = None  # the one hub, where there are no others
        self._names: list[Regions] = []
        self._moved: dict[int, None] = {}
        self.update(hubs)

    def __len__(self) -> int:
        """Return how many hubs there are."""
        return self._count

    def update(self, hubs: Iterable[PeerId], draining: Collection[PeerId] = ()) -> list[PeerId]:
        """Take the ids of all live hubs, this one included; O(hubs).

        No namespace is placed at those that are ``draining``, as long as there are others. Returns
        those at which none is placed any more.
        """
        everybody = list(hubs)
        self._count = len(everybody)
        staying = [hub for hub in everybody if hub not in draining]
        view = dict.fromkeys(staying or everybody)
        left = [hub for hub in self._hubs.values() if hub not in view]
        known = set(self._hubs.values())
        self.change([hub for hub in view if hub not in known], left)
        return left

    def change(self, come: Sequence[PeerId] = (), left: Sequence[PeerId] = ()) -> None:
        """Take the ids of hubs that have come and of others that are gone."""
        self._note_moved(left)
        for hub in left:
            key = int(hub, 16)
            del self._hubs[key]
            del self._keys[bisect_left(self._keys, key)]
        for hub in come:
            key = int(hub, 16)
            if key not in self._hubs:
                insort(self._keys, key)
            self._hubs[key] = hub
        self._note_moved(come)
        if come or left:
            self._cache.clear()
            self._alone = tuple(self._hubs.values()) if len(self._hubs) == 1 else None

    # Which namespaces have others by that

    def watch(self, names: Regions) -> None:
        """Look out for changes that concern some namespaces."""
        self._names.append(names)

    def take_moved(self) -> Iterable[int]:
        """Take out and return the regions (``keys.py``) of those whose hubs may be others now."""
        moved, self._moved = self._moved, {}
        return moved

    def _note_moved(self, hubs: Sequence[PeerId]) -> None:
        few = REGIONS_FOR_A_HUB * len(hubs)
        if sum(len(names) for names in self._names) > few:
            self._moved |= dict.fromkeys(self.near(hubs))
        else:
            for names in self._names:
                self._moved |= dict.fromkeys(names.occupied())

    def near(self, hubs: Iterable[PeerId]) -> list[int]:
        """Return the regions in which some hubs may be rendezvous hubs."""
        some = {key for key in (int(hub, 16) for hub in hubs) if key in self._hubs}
        return list(chain.from_iterable(regions_near(self._keys, some, RENDEZVOUS_HUBS)))

    # Where they are

    def primary(self, namespace: str) -> PeerId:
        """Return the rendezvous hub that introduces the members of a namespace."""
        return self.rendezvous_hubs(namespace)[0]

    def rendezvous_hubs(self, namespace: str) -> tuple[PeerId, ...]:
        """Return the rendezvous hubs of a namespace: the primary, and a backup if there is one."""
        found = self._alone or self._cache.get(namespace)
        if found is None:
            key = namespace_key(namespace)
            places = nearest(self._keys, key, RENDEZVOUS_HUBS)
            found = tuple(self._hubs[self._keys[place]] for place in places)
            if len(self._cache) >= CACHED_NAMESPACES:
                del self._cache[next(iter(self._cache))]
            self._cache[namespace] = found
        return found
