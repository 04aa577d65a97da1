"""Each hop is on a shortest path of the graph as it is known; where none is, it goes by XOR."""

from __future__ import annotations

from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId, generate_peer_id, xor_distance
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.routing import Routing

Graph = dict[PeerId, dict[PeerId, None]]

A, B, C, D, E, F = (PeerId(digit * 40) for digit in "abcdef")


def graph_of(*links: tuple[PeerId, PeerId]) -> Graph:
    graph: Graph = {}
    for one, other in links:
        graph.setdefault(one, {})[other] = None
        graph.setdefault(other, {})[one] = None
    return graph


def some_graph(hubs: int, links: int, seed: int) -> tuple[list[PeerId], Graph]:
    rng = Random(seed)
    ids = [generate_peer_id(rng) for _ in range(hubs)]
    pairs = list(combinations(ids, 2))
    return ids, {hub: {} for hub in ids} | graph_of(*rng.sample(pairs, min(links, len(pairs))))


def distances_to(goal: PeerId, graph: Graph, without: PeerId | None = None) -> dict[PeerId, int]:
    """Say breadth first how many links each hub is away from ``goal``."""
    distances, queue = {goal: 0}, [goal]
    for hub in queue:
        for other in graph[hub]:
            if other not in distances and other != without:
                distances[other] = distances[hub] + 1
                queue.append(other)
    return distances


def hop(
    routing: Routing,
    own: PeerId,
    goal: PeerId,
    graph: Graph,
    version: tuple[int, int] = (1, 1),
    now: float = 0.0,
) -> PeerId | None:
    return routing.next_hop(goal, graph.get(own, {}), graph, version, now)


@given(st.integers(2, 12), st.integers(0, 24), st.integers(0, 10**6))
def test_the_next_hop_is_the_xor_closest_of_those_on_a_shortest_path(
    hubs: int, links: int, seed: int
) -> None:
    ids, graph = some_graph(hubs, links, seed)
    own, routing = ids[0], Routing(ids[0], MeshLimits())
    for goal in ids[1:]:
        left = distances_to(goal, graph, without=own)
        ways = [hub for hub in graph[own] if hub in left]
        fewest = min((left[hub] for hub in ways), default=0)
        candidates = [hub for hub in ways if left[hub] == fewest] or list(graph[own])
        nearest = min(candidates, key=lambda hub: xor_distance(hub, goal), default=None)
        assert hop(routing, own, goal, graph) == nearest
        # Between neighbours no way has to be known.
        if graph[own] and goal not in graph[own]:
            assert routing.knows(goal) == bool(ways)


@given(st.integers(2, 12), st.integers(1, 24), st.integers(0, 10**6))
def test_with_each_hop_there_is_one_less_to_go(hubs: int, links: int, seed: int) -> None:
    ids, graph = some_graph(hubs, links, seed)
    tables = {hub: Routing(hub, MeshLimits()) for hub in ids}
    for goal in ids:
        to_go = distances_to(goal, graph)
        for hub in to_go:
            at = hub
            for _ in range(to_go[hub]):
                following = hop(tables[at], at, goal, graph)
                assert following is not None
                assert to_go[following] == to_go[at] - 1
                at = following
            assert at == goal


def test_a_neighbour_is_handed_its_frames_itself() -> None:
    graph = graph_of((A, B), (A, C), (B, C))
    assert hop(Routing(A, MeshLimits()), A, C, graph) == C
    assert hop(Routing(A, MeshLimits()), A, B, graph) == B


def test_without_neighbours_there_is_nobody_to_hand_a_frame_to() -> None:
    assert hop(Routing(A, MeshLimits()), A, B, {}) is None


def test_on_the_way_to_an_unknown_hub_the_xor_closest_neighbour_is_next() -> None:
    # f^b is 4 and f^c is 3.
    graph, routing = graph_of((A, B), (A, C)), Routing(A, MeshLimits())
    assert hop(routing, A, F, graph) == C
    assert not routing.knows(F)
    # a hub of no known links: b^8 is 3 and c^8 is 4
    assert hop(routing, A, PeerId("8" * 40), graph) == B


def test_of_ids_that_are_spelled_differently_but_as_near_the_lesser_is_next() -> None:
    small, capital = PeerId("c" * 40), PeerId("C" * 40)
    assert hop(Routing(A, MeshLimits()), A, F, graph_of((A, small), (A, capital))) == capital
    assert hop(Routing(A, MeshLimits()), A, F, graph_of((A, capital), (A, small))) == capital


def test_of_two_ways_as_short_the_xor_closer_goes_before_the_longer_way_never_does() -> None:
    # f is two links behind b and behind c, and three behind e, which is closest to it by XOR.
    graph = graph_of((A, B), (A, C), (A, E), (B, F), (C, F), (E, D), (D, F))
    assert hop(Routing(A, MeshLimits()), A, F, graph) == C


def test_a_link_that_is_open_counts_before_anybody_has_advertised_it() -> None:
    routing = Routing(A, MeshLimits())
    graph = graph_of((B, C), (C, D))
    assert routing.next_hop(D, {B: None}, graph, (1, 0), 0.0) == B
    assert routing.knows(D)
    assert routing.knows(B)
    assert not routing.knows(A)


def test_nobody_is_reached_through_ourselves() -> None:
    routing = Routing(A, MeshLimits())
    # The graph still has a link of ours that is open no more.
    graph = graph_of((A, B), (A, C), (C, D))
    assert routing.next_hop(D, {B: None}, graph, (1, 0), 0.0) == B
    assert not routing.knows(D)


LONG = graph_of((A, B), (A, C), (B, D), (C, E), (E, D))
"""From A to D it is one hub by B and two by C."""

TURNED = graph_of((A, B), (A, C), (B, E), (E, D), (C, D))
"""The other way round."""


def test_ways_are_not_found_anew_while_nothing_changes() -> None:
    routing = Routing(A, MeshLimits())
    assert hop(routing, A, D, LONG, (1, 1), 0.0) == B
    assert hop(routing, A, D, TURNED, (1, 1), 100.0) == B


def test_after_a_change_of_the_graph_ways_may_be_a_quarter_of_a_second_old() -> None:
    routing = Routing(A, MeshLimits())
    assert hop(routing, A, D, LONG, (1, 1), 5.0) == B
    assert hop(routing, A, D, TURNED, (1, 2), 5.249) == B
    assert hop(routing, A, D, TURNED, (1, 2), 5.25) == C
    assert hop(routing, A, D, LONG, (1, 3), 5.499) == C
    assert hop(routing, A, D, LONG, (1, 3), 5.5) == B


def test_a_change_of_our_own_links_counts_at_once() -> None:
    routing = Routing(A, MeshLimits())
    assert hop(routing, A, D, LONG, (1, 1), 5.0) == B
    assert hop(routing, A, D, TURNED, (2, 1), 5.0) == C


def test_to_a_hub_without_a_known_way_a_changed_graph_is_searched_at_once() -> None:
    routing = Routing(A, MeshLimits())
    known = graph_of((A, B), (A, C), (B, E))
    assert hop(routing, A, D, known, (1, 1), 5.0) == C, "d^c is less than d^b"
    assert not routing.knows(D)
    more = graph_of((A, B), (A, C), (B, E), (E, D))
    assert hop(routing, A, D, more, (1, 2), 5.1) == B
    assert routing.knows(D)
