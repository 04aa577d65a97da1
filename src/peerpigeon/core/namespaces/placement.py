"""Which hubs are a namespace's rendezvous hubs: those closest to its key (``docs/mesh.md``)."""

from __future__ import annotations

from bisect import bisect_left, insort
from hashlib import sha1
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from peerpigeon.core.ids import PeerId

ID_BITS = 160
RENDEZVOUS_HUBS = 2
"""For each namespace: the primary introduces its members, the backup only stores them."""

CACHED_NAMESPACES = 10_000


def namespace_key(namespace: str) -> int:
    """Return the place of a namespace among the hub ids: the SHA-1 of its name, as a number."""
    digest = sha1(namespace.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return int.from_bytes(digest.digest(), "big")


def nearest(keys: Sequence[int], target: int, count: int) -> list[int]:
    """Return the indices of the ``count`` (at least 1) keys XOR-closest to ``target``, in order.

    ``keys`` are distinct 160-bit numbers in rising order. All keys that share a prefix lie side by
    side, so whole ranges are taken or left at once: O(160 log n + count log count).
    """
    chosen: list[int] = []
    low, high, bit = 0, len(keys), ID_BITS - 1
    while high - low > count - len(chosen):
        ones = ((keys[low] >> bit) | 1) << bit
        middle = bisect_left(keys, ones, low, high)
        zero_side, one_side = (low, middle), (middle, high)
        near, far = (one_side, zero_side) if target >> bit & 1 else (zero_side, one_side)
        bit -= 1
        if near[1] - near[0] >= count - len(chosen):
            low, high = near
        else:
            chosen.extend(range(*near))
            low, high = far
    chosen.extend(range(low, high))
    return sorted(chosen, key=lambda index: keys[index] ^ target)


def closest_hubs(
    namespace: str, hubs: Sequence[PeerId], count: int = RENDEZVOUS_HUBS
) -> tuple[PeerId, ...]:
    """Return the ``count`` hubs closest to the key of a namespace, the primary first.

    ``hubs`` are in rising order of the numbers that their ids are.
    """
    found = nearest([int(hub, 16) for hub in hubs], namespace_key(namespace), count)
    return tuple(hubs[index] for index in found)


class Placement:
    """``closest_hubs`` of the present view, remembered until a change concerns them."""

    def __init__(self, hubs: Iterable[PeerId]) -> None:
        self._count = 0
        self._hubs: dict[int, PeerId] = {}  # those that may be rendezvous hubs
        self._keys: list[int] = []
        # A dict in order of use would keep the right ones; the oldest ones go instead, which
        # is simpler, and only costs a computation.
        self._cache: dict[str, tuple[int, tuple[PeerId, ...]]] = {}
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
        for hub in left:
            key = int(hub, 16)
            del self._hubs[key]
            del self._keys[bisect_left(self._keys, key)]
        fresh = [(int(hub, 16), hub) for hub in come]
        for key, hub in fresh:
            if key not in self._hubs:
                insort(self._keys, key)
            self._hubs[key] = hub
        gone, keys = set(left), [key for key, _ in fresh]
        self._cache = {
            namespace: (place, found)
            for namespace, (place, found) in self._cache.items()
            if gone.isdisjoint(found) and not _is_nearer(keys, place, found)
        }

    def primary(self, namespace: str) -> PeerId:
        """Return the rendezvous hub that introduces the members of a namespace."""
        return self.rendezvous_hubs(namespace)[0]

    def rendezvous_hubs(self, namespace: str) -> tuple[PeerId, ...]:
        """Return the rendezvous hubs of a namespace: the primary, and a backup if there is one."""
        cached = self._cache.get(namespace)
        if cached is None:
            place = namespace_key(namespace)
            found = [self._keys[index] for index in nearest(self._keys, place, RENDEZVOUS_HUBS)]
            cached = place, tuple(self._hubs[key] for key in found)
            if len(self._cache) >= CACHED_NAMESPACES:
                del self._cache[next(iter(self._cache))]
            self._cache[namespace] = cached
        return cached[1]


def _is_nearer(come: list[int], place: int, found: tuple[PeerId, ...]) -> bool:
    if len(found) < RENDEZVOUS_HUBS:
        return bool(come)
    farthest = int(found[-1], 16) ^ place
    # Not less, but at most: the same hub may have come back under another spelling of its id.
    return any(key ^ place <= farthest for key in come)
