"""Which links should exist: a ring for safety, shortcuts by digit distance for speed (S13 to S15).

Each hub wants links to its predecessor and its successor in the order of ids, on the circle. Its
remaining places are for shortcuts: the stable matching by digit distance among the hubs with free
places. Two hubs link if each prefers the other to the worst it has; preferences are symmetric, so
that comes to an end, and to one answer, which can be computed centrally and compared.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId, digit_distance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


Bar = tuple[int, "PeerId"]


class Plan(msgspec.Struct, frozen=True):
    """The links that one hub wants."""

    ring: tuple[PeerId, ...]
    """Predecessor and successor; one hub if both are the same."""
    shortcuts: tuple[PeerId, ...]
    """Best first."""
    bar: Bar | None
    """What a hub must undercut to become a shortcut of ours; ``None`` while places are free."""

    @property
    def wanted(self) -> tuple[PeerId, ...]:
        """All hubs to which a link is wanted, the most important first."""
        return self.ring + self.shortcuts


class Topology:
    """The other live hubs, as one hub sees them."""

    def __init__(self, own: PeerId, max_links: int) -> None:
        self._own = own
        self._max_links = max_links
        self._circle: list[PeerId] = []
        self._preference: list[tuple[int, PeerId]] = []

    def add(self, hub: PeerId) -> None:
        """Add a live hub."""
        insort(self._circle, hub)
        insort(self._preference, (digit_distance(self._own, hub), hub))

    def remove(self, hub: PeerId) -> None:
        """Remove a hub that is gone."""
        del self._circle[bisect_left(self._circle, hub)]
        entry = (digit_distance(self._own, hub), hub)
        del self._preference[bisect_left(self._preference, entry)]

    def distance(self, hub: PeerId) -> int:
        """Return the digit distance to a hub, known or not."""
        return digit_distance(self._own, hub)

    def ring(self) -> tuple[PeerId, ...]:
        """Return the predecessor and the successor on the circle of ids."""
        circle = self._circle
        if not circle:
            return ()
        place = bisect_left(circle, self._own)
        predecessor, successor = circle[place - 1], circle[place % len(circle)]
        return (predecessor,) if predecessor == successor else (predecessor, successor)

    def around(self, hub: PeerId) -> tuple[PeerId, ...]:
        """Return the predecessor and the successor of another live hub; this hub may be one."""
        circle, own = self._circle, self._own
        place = bisect_left(circle, hub)
        below, above = circle[place - 1], circle[(place + 1) % len(circle)]
        if below == hub:
            return (own,)
        if _between(below, own, hub):
            return (own, above)
        return (below, own) if _between(hub, own, above) else (below, above)

    def gap(self, missing: Collection[PeerId]) -> list[PeerId]:
        """Return the missing hubs between this hub and its live neighbours on the circle.

        It is this hub's part to look for them: each missing hub has two that do, whatever the
        number of hubs.
        """
        if not self._circle:
            return sorted(missing)
        ring = self.ring()
        below, above = ring[0], ring[-1]
        return sorted(hub for hub in missing if _between(below, hub, above))

    def plan(self, linked: Collection[PeerId], bar_of: Callable[[PeerId], Bar | None]) -> Plan:
        """Return the links wanted now.

        ``linked`` are the hubs to which a link is open; ``bar_of`` tells what each other hub
        advertises as its bar.
        """
        ring = self.ring()
        places = self._max_links - len(ring)
        shortcuts: list[tuple[int, PeerId]] = []
        for distance, hub in self._preference:
            if len(shortcuts) >= places:
                break
            if hub in ring:
                continue
            if hub in linked or self._is_welcome(distance, bar_of(hub)):
                shortcuts.append((distance, hub))
        held = [entry for entry in shortcuts if entry[1] in linked]
        bar = None
        if len(held) >= places:
            bar = held[-1] if held else (-1, self._own)
        return Plan(ring, tuple(hub for _, hub in shortcuts), bar)

    def _is_welcome(self, distance: int, bar: Bar | None) -> bool:
        """Tell whether a hub with this bar would rather have us than its worst shortcut."""
        # Of two pairs that have one hub in common the lesser is that with the lesser other hub, so
        # that all break a tie the same way.
        return bar is None or (distance, self._own) < bar


def _between(below: PeerId, hub: PeerId, above: PeerId) -> bool:
    if below < above:
        return below < hub < above
    return hub > below or hub < above
