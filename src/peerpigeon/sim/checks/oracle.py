"""What a mesh should come to, computed centrally: the ideal links, and measures of a graph.

The hubs of a mesh find their links by talking to their neighbours; that the outcome is the same as
here is what the scenes of ``sim`` check.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.ids import PeerId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

Pair: TypeAlias = tuple[PeerId, PeerId]
"""Two hubs, the lower id first."""

Graph: TypeAlias = dict[PeerId, set[PeerId]]
"""The neighbours of each hub."""

_PLACE_BITS = 20
"""Enough for the places of a million hubs in the order of ids."""


def pair(a: PeerId, b: PeerId) -> Pair:
    """Return two hubs as a pair."""
    return (a, b) if a < b else (b, a)


def ideal_links(hubs: Iterable[PeerId], max_links: int) -> set[Pair]:
    """Return the links that these hubs should come to, whatever came before (S14).

    Each hub is linked with its neighbours on the circle of ids. All further links are the stable
    matching by digit distance, ties broken by the pair of ids. As both ends value a link alike,
    that is what taking the nearest pair first leads to.
    """
    circle = sorted(hubs)
    links = ring_links(circle)
    free = [max_links] * len(circle)
    place_of = {hub: place for place, hub in enumerate(circle)}
    for hub in chain.from_iterable(links):
        free[place_of[hub]] -= 1
    open_places = sum(places > 0 for places in free)
    mask = (1 << _PLACE_BITS) - 1
    for entry in sorted(_distances(circle, free)):
        one, other = entry >> _PLACE_BITS & mask, entry & mask
        if free[one] > 0 and free[other] > 0 and (circle[one], circle[other]) not in links:
            links.add((circle[one], circle[other]))
            for place in (one, other):
                free[place] -= 1
                open_places -= free[place] == 0
            if not open_places:
                break
    return links


def ring_links(circle: Sequence[PeerId]) -> set[Pair]:
    """Return the links between neighbours on the circle; ``circle`` is in order."""
    if len(circle) < 2:  # noqa: PLR2004 - one hub has no neighbour
        return set()
    return {pair(circle[place - 1], hub) for place, hub in enumerate(circle)}


def _distances(circle: Sequence[PeerId], free: Sequence[int]) -> list[int]:
    """Return distance and places of each pair of hubs with free places, as one number each."""
    codes = [(place, _unary(hub)) for place, hub in enumerate(circle) if free[place] > 0]
    return [
        (code ^ other_code).bit_count() << 2 * _PLACE_BITS | place << _PLACE_BITS | other
        for (place, code), (other, other_code) in combinations(codes, 2)
    ]


_WEIGHTS = {
    f"{digit:x}": "".join(str(digit >> bit & 1) * (1 << bit) for bit in range(4))
    for digit in range(16)
}


def _unary(hub: PeerId) -> int:
    """Return a code for an id: the number of bits in which two codes differ is their distance.

    A bit of a digit that weighs eight stands there eight times.
    """
    return int("".join(_WEIGHTS[digit] for digit in hub.lower()), 2)


def graph_of(links: Iterable[Pair], hubs: Iterable[PeerId] = ()) -> Graph:
    """Return the graph of ``links``, with those of ``hubs`` that have none."""
    graph: Graph = {hub: set() for hub in hubs}
    for one, other in links:
        graph.setdefault(one, set()).add(other)
        graph.setdefault(other, set()).add(one)
    return graph


def components(graph: Graph) -> int:
    """Return into how many parts a graph falls."""
    unseen = dict.fromkeys(graph)
    count = 0
    while unseen:
        count += 1
        for hub in distances_from(next(iter(unseen)), graph):
            del unseen[hub]
    return count


def distances_from(hub: PeerId, graph: Graph) -> dict[PeerId, int]:
    """Return how many links each hub is away that can be reached, nearest first."""
    distances = {hub: 0}
    frontier: Collection[PeerId] = [hub]
    steps = 0
    while frontier:
        steps += 1
        reached: list[PeerId] = []
        for near in frontier:
            for far in graph[near]:
                if far not in distances:
                    distances[far] = steps
                    reached.append(far)
        frontier = reached
    return distances


@dataclass(frozen=True, slots=True)
class Spread:
    """How far apart the hubs of a graph are, in links, over all pairs with a path."""

    mean_hops: float
    diameter: int


def spread(graph: Graph) -> Spread:
    """Measure all shortest paths."""
    total = count = diameter = 0
    for hub in graph:
        distances = distances_from(hub, graph)
        total += sum(distances.values())
        count += len(distances) - 1
        diameter = max(diameter, *distances.values())
    return Spread(total / count if count else 0.0, diameter)
