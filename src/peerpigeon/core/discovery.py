"""Who in a namespace learns of whom, each pair once (S25, S26).

While there are at most ``limit`` others, everybody is introduced to everybody, as the reference
does. In a larger namespace a newcomer is introduced to ``limit`` members: mostly the XOR-closest,
and some drawn at random, so that the clients' own mesh does not fall into islands of similar ids.
A join costs O(limit), where the reference costs O(members).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from peerpigeon.core.ids import PeerId

ID_BITS = 160
RANDOM_SHARE = 8  # one introduction of so many is drawn at random
SATURATION = 4  # a member is introduced to no more newcomers at so many times the limit


@dataclass(frozen=True, slots=True)
class Departure:
    """What follows when a member leaves."""

    told: tuple[PeerId, ...]
    """The members that knew it and must hear that it is gone."""

    introductions: tuple[tuple[PeerId, PeerId], ...]
    """Pairs to introduce to each other, because one of them has come to know too few."""


@dataclass(slots=True)
class _Namespace:
    """The members of one namespace in the order of their ids."""

    keys: list[int] = field(default_factory=list)
    members: list[PeerId] = field(default_factory=list)
    circles: dict[PeerId, set[PeerId]] | None = None
    """Who knows whom; ``None`` while everybody knows everybody, which is the common case."""

    def add(self, member: PeerId) -> None:
        key = int(member, 16)
        place = bisect_left(self.keys, key)
        self.keys.insert(place, key)
        self.members.insert(place, member)
        if self.circles is not None:
            self.circles[member] = set()

    def remove(self, member: PeerId) -> None:
        place = bisect_left(self.keys, int(member, 16))
        del self.keys[place]
        del self.members[place]

    def draw_circles(self) -> dict[PeerId, set[PeerId]]:
        """Write down who knows whom from now on."""
        if self.circles is None:
            everyone = set(self.members)
            self.circles = {member: everyone - {member} for member in self.members}
        return self.circles


class Discovery:
    """The namespaces of one hub and who in them has been introduced to whom."""

    def __init__(self, limit: int, rng: Random) -> None:
        self._limit = limit
        self._rng = rng
        self._namespaces: dict[str, _Namespace] = {}

    def __len__(self) -> int:
        """Return how many namespaces have a member."""
        return len(self._namespaces)

    def join(self, namespace: str, peer: PeerId) -> list[PeerId]:
        """Add ``peer``, which must not be a member, and return whom it is introduced to."""
        place = self._namespaces.setdefault(namespace, _Namespace())
        if place.circles is None and len(place.members) <= self._limit:
            introduced = list(place.members)
            place.add(peer)
            return introduced
        place.draw_circles()
        place.add(peer)
        return self._introduce(place, peer)

    def top_up(self, namespace: str, peer: PeerId) -> list[PeerId]:
        """Return new members for a member to know if it knows fewer than it may."""
        place = self._namespaces[namespace]
        return [] if place.circles is None else self._introduce(place, peer)

    def leave(self, namespace: str, peer: PeerId) -> Departure:
        """Remove a member and return what follows from it."""
        place = self._namespaces[namespace]
        place.remove(peer)
        if not place.members:
            del self._namespaces[namespace]
            return Departure((), ())
        if place.circles is None:
            return Departure(tuple(place.members), ())
        told = sorted(place.circles.pop(peer))
        for member in told:
            place.circles[member].discard(peer)
        return Departure(tuple(told), tuple(self._replenish(place, told)))

    def _replenish(self, place: _Namespace, lonely: list[PeerId]) -> list[tuple[PeerId, PeerId]]:
        # At half the limit, not below the limit at once: so that a departure rarely causes
        # introductions, and their number stays a small share of those that joins caused.
        circles = place.draw_circles()
        pairs: list[tuple[PeerId, PeerId]] = []
        for member in lonely:
            known = len(circles[member])
            if known < max(1, self._limit // 2) and known < len(place.members) - 1:
                pairs.extend((member, other) for other in self._introduce(place, member))
        return pairs

    def _introduce(self, place: _Namespace, peer: PeerId) -> list[PeerId]:
        """Introduce ``peer`` to as many more members as the limit allows, and return them."""
        circles = place.draw_circles()
        own = circles[peer]
        wanted = min(self._limit, len(place.members) - 1) - len(own)
        if wanted <= 0:
            return []
        fresh = [
            member
            for member in self._candidates(place, peer, wanted + len(own) + 1)
            if member != peer and member not in own
        ]
        # Members that very many newcomers are close to are spared while there are others.
        fresh.sort(key=lambda member: len(circles[member]) >= SATURATION * self._limit)
        introduced = fresh[:wanted]
        for member in introduced:
            own.add(member)
            circles[member].add(peer)
        return introduced

    def _candidates(self, place: _Namespace, peer: PeerId, count: int) -> list[PeerId]:
        total = len(place.members)
        drawn = [self._rng.randrange(total) for _ in range(min(total, count // RANDOM_SHARE))]
        closest = nearest(place.keys, int(peer, 16), count)
        # A dict keeps the order and drops what came up twice.
        return [place.members[index] for index in dict.fromkeys(drawn + closest)]


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
