"""The links that hubs want come to those that are computed centrally (S13 to S15)."""

from __future__ import annotations

from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId, digit_distance, generate_peer_id
from peerpigeon.core.mesh.topology import Bar, Plan, Topology

A, B, C, D, E, F = (PeerId(digit * 40) for digit in "abcdef")

Pair = tuple[PeerId, PeerId]


def some_hubs(count: int, seed: int, digits: int = 40) -> list[PeerId]:
    """Return ids; with few digits that differ there are many ties."""
    rng, hubs = Random(seed), dict[PeerId, None]()
    while len(hubs) < count:
        hubs[PeerId(generate_peer_id(rng)[:digits].ljust(40, "0"))] = None
    return list(hubs)


def topology_of(own: PeerId, hubs: list[PeerId], max_links: int = 3) -> Topology:
    topology = Topology(own, max_links)
    for hub in hubs:
        if hub != own:
            topology.add(hub)
    return topology


@given(st.integers(2, 12), st.integers(0, 1000))
def test_a_hub_knows_who_is_beside_each_other_one(count: int, seed: int) -> None:
    hubs = some_hubs(count, seed)
    for own, other in permutations(hubs, 2):
        beside = topology_of(other, hubs).ring()
        assert set(topology_of(own, hubs).around(other)) == set(beside)


def free(hub: PeerId) -> Bar | None:
    """Answer for hubs that all have places."""
    return None


def central_links(hubs: list[PeerId], max_links: int) -> set[Pair]:
    """Take the ring, then pair by pair the nearest that both have places, ties by the pair."""
    circle = sorted(hubs)
    ends = {tuple(sorted((hub, circle[place - 1]))) for place, hub in enumerate(circle)}
    links = {(one, other) for one, other in ends if one != other}
    for _, one, other in sorted((digit_distance(a, b), a, b) for a, b in combinations(circle, 2)):
        if all(sum(hub in link for link in links) < max_links for hub in (one, other)):
            links.add((one, other))
    return links


class Council:
    """Hubs that plan in turns, each on what all others have said in the turn before."""

    def __init__(self, hubs: list[PeerId], max_links: int) -> None:
        self.hubs, self.max_links = hubs, max_links
        self.topologies = {hub: topology_of(hub, hubs, max_links) for hub in hubs}
        self.bars: dict[PeerId, Bar | None] = dict.fromkeys(hubs)
        self.links: set[Pair] = set()

    def linked(self, hub: PeerId) -> set[PeerId]:
        return {other for link in self.links if hub in link for other in link if other != hub}

    def turn(self) -> dict[PeerId, Plan]:
        """Let all plan; a link comes to be when both want it, and goes when one does not."""
        plans = {
            hub: topology.plan(self.linked(hub), self.bars.__getitem__)
            for hub, topology in self.topologies.items()
        }
        self.bars = {hub: plan.bar for hub, plan in plans.items()}
        self.links = {
            (one, other)
            for one, other in combinations(sorted(self.hubs), 2)
            if other in plans[one].wanted and one in plans[other].wanted
        }
        return plans

    def settle(self) -> None:
        for _ in range(4 * len(self.hubs) + 4):
            before = self.links, self.bars
            plans = self.turn()
            assert all(len(plan.wanted) <= self.max_links for plan in plans.values())
            assert all(len(set(plan.wanted)) == len(plan.wanted) for plan in plans.values())
            if (self.links, self.bars) == before:
                return
        raise AssertionError("the hubs do not come to an end")


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 16), st.integers(2, 5), st.integers(0, 10**6), st.sampled_from([1, 2, 3, 40]))
def test_hubs_that_plan_on_the_same_data_come_to_the_links_computed_centrally(
    count: int, max_links: int, seed: int, digits: int
) -> None:
    hubs = some_hubs(min(count, 16**digits), seed, digits)
    council = Council(hubs, max_links)
    council.settle()
    assert council.links == central_links(hubs, max_links)


@settings(max_examples=15, deadline=None)
@given(st.integers(4, 14), st.integers(2, 5), st.integers(0, 10**6))
def test_they_do_so_too_from_the_links_of_a_mesh_that_was_another(
    count: int, max_links: int, seed: int
) -> None:
    hubs = some_hubs(count, seed)
    council = Council(hubs, max_links)
    council.settle()
    gone = hubs[: count // 3]
    council.hubs = hubs[count // 3 :] + [PeerId(hub[::-1]) for hub in gone]
    council.topologies = {hub: topology_of(hub, council.hubs, max_links) for hub in council.hubs}
    council.links = {link for link in council.links if not set(link) & set(gone)}
    council.bars = {hub: council.bars.get(hub) for hub in council.hubs}
    council.settle()
    assert council.links == central_links(council.hubs, max_links)


# The ring


def test_a_hub_alone_wants_nothing() -> None:
    topology = Topology(A, 3)
    assert topology.ring() == ()
    assert topology.plan([], free) == Plan((), (), None)


def test_of_two_hubs_each_wants_the_other_once() -> None:
    for own, other in ((A, B), (B, A)):
        topology = topology_of(own, [other])
        assert topology.ring() == (other,)
        assert topology.plan([], free).wanted == (other,)


def test_of_three_hubs_each_wants_both_others() -> None:
    assert topology_of(A, [A, B, C]).ring() == (C, B)
    assert topology_of(B, [A, B, C]).ring() == (A, C)
    assert topology_of(C, [A, B, C]).ring() == (B, A)


def test_the_ring_closes_from_the_largest_id_to_the_smallest() -> None:
    hubs = [D, A, F, C, E, B]
    assert topology_of(A, hubs).ring() == (F, B)
    assert topology_of(D, hubs).ring() == (C, E)
    assert topology_of(F, hubs).ring() == (E, A)


def test_a_hub_that_is_gone_closes_the_ring_behind_it() -> None:
    topology = topology_of(C, [A, B, D, E])
    topology.remove(D)
    assert topology.ring() == (B, E)
    topology.remove(B)
    assert topology.ring() == (A, E)
    assert topology.plan([], free).wanted == (A, E)
    topology.remove(A)
    topology.remove(E)
    assert topology.ring() == ()
    assert topology.plan([], free).wanted == ()


@given(st.lists(st.integers(0, 11), max_size=30), st.integers(0, 10**6))
def test_after_any_coming_and_going_it_is_as_if_the_others_had_never_been_there(
    toggles: list[int], seed: int
) -> None:
    hubs = some_hubs(13, seed, 2)
    own, topology, present = hubs[12], Topology(hubs[12], 4), list[PeerId]()
    for number in toggles:
        if hubs[number] in present:
            present.remove(hubs[number])
            topology.remove(hubs[number])
        else:
            present.append(hubs[number])
            topology.add(hubs[number])
    assert topology.plan([], free) == topology_of(own, present, 4).plan([], free)


# Shortcuts
#
# Distances by digit: a^c 6, a^d 7, a^e 4, b^d 6, b^e 5, b^f 4, c^e 2, c^f 3, d^f 2; times 40.


def test_the_distance_is_that_of_the_digits() -> None:
    assert topology_of(A, []).distance(C) == 240
    assert topology_of(A, [C]).distance(D) == 280


def test_shortcuts_are_wanted_nearest_first_and_never_to_the_ring() -> None:
    hubs = [A, B, C, D, E, F]
    assert topology_of(A, hubs, 5).plan([], free) == Plan((F, B), (E, C, D), None)
    assert topology_of(A, hubs, 3).plan([], free).shortcuts == (E,)
    assert topology_of(A, hubs, 3).plan([], free).wanted == (F, B, E)


def test_who_has_nothing_but_the_ring_tells_others_not_to_ask() -> None:
    plan = topology_of(A, [A, B, C, D], 2).plan([B, D], free)
    assert plan == Plan((D, B), (), (-1, A))


def test_the_bar_is_told_when_all_places_are_taken_by_links_that_are_open() -> None:
    topology = topology_of(A, [A, B, C, D, E, F], 4)
    assert topology.plan([F, B], free).bar is None
    assert topology.plan([F, B, E], free).bar is None
    assert topology.plan([F, B, E, C], free).bar == (240, C)
    # With a worse one in a place the worse one is the bar; it goes when the better one comes.
    assert topology.plan([D, E], lambda hub: (-1, hub)).bar == (280, D)


def test_an_open_link_is_kept_while_nothing_better_is_to_be_had() -> None:
    topology = topology_of(A, [A, B, C, D, E, F])
    full = {E: (40, F), C: (80, E), D: (80, F)}
    assert topology.plan([D], full.get).shortcuts == (D,)
    assert topology.plan([D], lambda hub: None if hub == C else full.get(hub)).shortcuts == (C,)


def test_a_link_that_is_to_be_replaced_does_not_raise_the_bar() -> None:
    plan = topology_of(A, [A, B, C, D, E, F]).plan([D], free)
    assert plan == Plan((F, B), (E,), None)


def test_a_hub_with_a_worse_link_than_ours_would_be_is_asked() -> None:
    topology = topology_of(A, [A, B, C, D, E, F])
    bars: dict[PeerId, Bar | None] = {E: (159, C), C: (241, D), D: None}
    assert topology.plan([], bars.get).shortcuts == (C,)
    bars[E] = (161, C)
    assert topology.plan([], bars.get).shortcuts == (E,)


@pytest.mark.parametrize(("worst", "is_asked"), [("…00f", False), ("…010", False), ("…100", True)])
def test_of_equally_near_hubs_the_lesser_pair_goes_before(worst: str, is_asked: bool) -> None:
    # All of …00f's, …010's and …100's distances to …000 are given as the same number, one.
    hub, below, own, above = (PeerId(end.rjust(40, "0")) for end in ("0", "00f", "010", "0ff"))
    topology = topology_of(own, [hub, below, above, F])
    assert topology.ring() == (below, above)
    bars: dict[PeerId, Bar | None] = {hub: (1, PeerId(worst[1:].rjust(40, "0"))), F: (-1, F)}
    assert (topology.plan([], bars.get).shortcuts == (hub,)) is is_asked


# Missing hubs


def test_a_hub_looks_for_the_missing_between_its_neighbours_on_the_circle() -> None:
    assert topology_of(C, [A, C, F]).gap([B, D, E]) == [B, D, E]
    assert topology_of(C, [B, C, E]).gap([F, D, A]) == [D]
    assert topology_of(A, [A, C, E]).gap([F, D, B]) == [B, F]
    assert topology_of(F, [C, E, F]).gap([A, B, D]) == [A, B]
    assert topology_of(C, [B, C, D]).gap([A, E, F]) == []


def test_of_two_hubs_both_look_for_all_and_so_does_one_alone() -> None:
    assert topology_of(B, [D]).gap([F, A, C, E]) == [A, C, E, F]
    assert topology_of(D, [B]).gap([F, A, C, E]) == [A, C, E, F]
    assert topology_of(D, []).gap([F, A]) == [A, F]


@given(st.integers(2, 8), st.integers(0, 8), st.integers(0, 10**6))
def test_each_missing_hub_is_looked_for_by_its_two_neighbours_on_the_circle(
    count: int, lost: int, seed: int
) -> None:
    hubs = some_hubs(count + lost, seed)
    live, missing = hubs[:count], hubs[count:]
    seekers = {hub: topology_of(hub, live).gap(missing) for hub in live}
    for hub in missing:
        beside = {topology_of(hub, live).ring()[0], topology_of(hub, live).ring()[-1]}
        assert {seeker for seeker, gap in seekers.items() if hub in gap} == beside
