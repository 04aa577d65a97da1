"""The central answers are right, and fast enough for a thousand hubs."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId, digit_distance, generate_peer_id
from peerpigeon.sim.checks.oracle import (
    Pair,
    Spread,
    components,
    distances_from,
    graph_of,
    ideal_links,
    pair,
    ring_links,
    spread,
)


def hubs(count: int, seed: int = 1) -> list[PeerId]:
    rng = Random(seed)
    return [generate_peer_id(rng) for _ in range(count)]


A, B, C, D, E, F = (PeerId(digit * 40) for digit in "abcdef")


def test_one_hub_has_no_links() -> None:
    assert ideal_links([A], 3) == set()


def test_two_hubs_have_one_link() -> None:
    assert ideal_links([B, A], 3) == {(A, B)}


@pytest.mark.parametrize("max_links", [2, 3, 5])
def test_up_to_the_most_links_and_one_everybody_is_linked_with_everybody(max_links: int) -> None:
    some = sorted(hubs(max_links + 1))
    assert ideal_links(some, max_links) == set(combinations(some, 2))


def test_with_two_links_there_is_just_the_ring() -> None:
    assert ideal_links([A, B, C, D, E], 2) == {(A, B), (B, C), (C, D), (D, E), (A, E)}


def test_shortcuts_are_the_nearest_pairs_that_still_have_places() -> None:
    # Distances by digit: a^c 6, a^d 7, a^e 4, b^d 6, b^e 5, b^f 4, c^e 2, c^f 3, d^f 2.
    ring = ring_links([A, B, C, D, E, F])
    assert ideal_links([A, B, C, D, E, F], 3) == ring | {(C, E), (D, F)}


def reference_links(some: list[PeerId], max_links: int) -> set[Pair]:
    """Say the same thing as slowly and plainly as possible."""
    circle = sorted(some)
    links = {pair(hub, circle[(place + 1) % len(circle)]) for place, hub in enumerate(circle)}
    for _, one, other in sorted(
        (digit_distance(one, other), one, other) for one, other in combinations(circle, 2)
    ):
        if all(sum(hub in link for link in links) < max_links for hub in (one, other)):
            links.add((one, other))
    return links


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 24), st.integers(2, 6), st.integers(0, 10**6))
def test_it_agrees_with_the_plainest_way_to_say_it(count: int, most: int, seed: int) -> None:
    some = hubs(count, seed)
    assert ideal_links(some, most) == reference_links(some, most)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(2, 5), st.integers(0, 10**6))
def test_nobody_has_more_links_than_allowed_and_all_hang_together(
    count: int, most: int, seed: int
) -> None:
    graph = graph_of(ideal_links(hubs(count, seed), most))
    assert max(len(neighbours) for neighbours in graph.values()) <= most
    assert components(graph) == 1


@pytest.mark.slow
def test_a_thousand_hubs_take_seconds() -> None:
    graph = graph_of(ideal_links(hubs(1000), 5))
    # The table of docs/mesh.md has 4.7 hops and a diameter of 7.
    measured = spread(graph)
    assert measured.mean_hops == pytest.approx(4.7, abs=0.1)
    assert measured.diameter in (7, 8)


def test_parts_of_a_graph_are_counted() -> None:
    assert components({}) == 0
    assert components(graph_of([(A, B), (B, C), (D, E)], [F])) == 3


def test_distances_are_those_of_shortest_paths() -> None:
    graph = graph_of([(A, B), (B, C), (C, D), (A, D)], [E])
    assert distances_from(A, graph) == {A: 0, B: 1, D: 1, C: 2}
    assert spread(graph) == Spread(mean_hops=16 / 12, diameter=2)


def test_a_lonely_hub_is_no_distance_away() -> None:
    assert spread(graph_of([], [A])) == Spread(0.0, 0)
