from collections import deque
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.discovery import SATURATION, Discovery, nearest
from peerpigeon.core.ids import PeerId, generate_peer_id, xor_distance
from tests.core.harness import A, B, C

Circles = dict[PeerId, set[PeerId]]


class Room:
    """One namespace and everything its members have been told."""

    def __init__(self, limit: int, seed: int = 1) -> None:
        self.discovery = Discovery(limit, Random(seed))
        self.circles: Circles = {}

    def join(self, peer: PeerId) -> list[PeerId]:
        introduced = self.discovery.join("net1", peer)
        self.circles[peer] = set()
        for other in introduced:
            self.meet(peer, other)
        return introduced

    def meet(self, one: PeerId, other: PeerId) -> None:
        assert one != other
        assert other not in self.circles[one], "a pair is introduced once"
        self.circles[one].add(other)
        self.circles[other].add(one)

    def leave(self, peer: PeerId) -> None:
        departure = self.discovery.leave("net1", peer)
        assert set(departure.told) == self.circles.pop(peer)
        assert len(set(departure.told)) == len(departure.told)
        for other in departure.told:
            self.circles[other].remove(peer)
        for one, other in departure.introductions:
            self.meet(one, other)


def crowd(count: int, seed: int = 7) -> list[PeerId]:
    rng = Random(seed)
    return [generate_peer_id(rng) for _ in range(count)]


def reachable(circles: Circles) -> int:
    start = next(iter(circles))
    seen, queue = {start}, deque([start])
    while queue:
        for other in circles[queue.popleft()] - seen:
            seen.add(other)
            queue.append(other)
    return len(seen)


def test_in_a_small_namespace_everybody_learns_of_everybody_once() -> None:
    """S26."""
    room = Room(limit=20)
    peers = crowd(21)
    for count, peer in enumerate(peers):
        assert len(room.join(peer)) == count
    assert all(circle == set(peers) - {peer} for peer, circle in room.circles.items())


def test_in_a_large_namespace_a_newcomer_learns_of_as_many_as_the_limit_promises() -> None:
    room = Room(limit=16)
    for peer in crowd(400):
        room.join(peer)
    assert all(len(circle) >= 16 for circle in room.circles.values())
    assert len(room.join(PeerId("5" * 40))) == 16


@pytest.mark.parametrize("seed", range(5))
def test_sparing_some_members_does_not_cost_a_newcomer_introductions(seed: int) -> None:
    room = Room(limit=4, seed=seed)
    for count, peer in enumerate(crowd(300, seed)):
        assert len(room.join(peer)) == min(4, count)


def test_a_newcomer_learns_mostly_of_the_closest() -> None:
    room = Room(limit=32)
    peers = crowd(500)
    for peer in peers:
        room.join(peer)
    newcomer = PeerId("9" * 40)
    closest = sorted(peers, key=lambda peer: xor_distance(newcomer, peer))[:28]
    assert set(closest) <= set(room.join(newcomer))


@pytest.mark.parametrize("seed", range(5))
def test_what_the_members_were_told_is_one_connected_graph(seed: int) -> None:
    room = Room(limit=8, seed=seed)
    for peer in crowd(600, seed):
        room.join(peer)
    assert reachable(room.circles) == 600


def test_clusters_of_alike_ids_do_not_become_islands() -> None:
    """Without the members drawn at random each half of the ids would keep to itself."""
    rng = Random(3)
    peers = [PeerId(f"{half}{rng.getrandbits(156):039x}") for half in "0f" for _ in range(200)]
    room = Room(limit=16)
    for peer in peers:
        room.join(peer)
    assert reachable(room.circles) == 400


def test_nobody_is_introduced_without_end() -> None:
    """A member that all newcomers are closest to is spared when it knows very many."""
    limit = 4
    room = Room(limit)
    victim = PeerId("0" * 40)
    room.join(victim)
    for number in range(1, 400):
        room.join(PeerId(f"{number:040x}"))
    assert len(room.circles[victim]) <= SATURATION * limit + limit


def test_a_member_that_comes_to_know_too_few_is_introduced_to_more() -> None:
    room = Room(limit=16)
    peers = crowd(200)
    for peer in peers:
        room.join(peer)
    loner = peers[0]
    for peer in list(room.circles[loner]):
        room.leave(peer)
    assert len(room.circles[loner]) >= 8


def test_with_a_limit_of_one_nobody_is_left_alone() -> None:
    room = Room(limit=1)
    peers = crowd(40)
    for peer in peers:
        room.join(peer)
    for peer in peers[:20]:
        room.leave(peer)
    assert all(room.circles.values())


def test_announcing_again_fills_up_what_is_missing() -> None:
    room = Room(limit=16)
    peers = crowd(100)
    for peer in peers:
        room.join(peer)
    newcomer = PeerId("4" * 40)
    room.join(newcomer)
    for other in list(room.circles[newcomer])[:5]:
        room.leave(other)
    missing = 16 - len(room.circles[newcomer])
    assert missing > 0
    fresh = room.discovery.top_up("net1", newcomer)
    assert len(fresh) == missing
    for other in fresh:
        room.meet(newcomer, other)
    assert room.discovery.top_up("net1", newcomer) == []


def test_namespaces_know_nothing_of_each_other() -> None:
    """S25."""
    discovery = Discovery(10, Random(1))
    assert discovery.join("net1", A) == []
    assert discovery.join("net2", B) == []
    assert discovery.join("net1", C) == [A]


def test_an_empty_namespace_is_forgotten() -> None:
    discovery = Discovery(10, Random(1))
    discovery.join("net1", A)
    assert len(discovery) == 1
    discovery.leave("net1", A)
    assert len(discovery) == 0


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=120),
    st.integers(0, 100),
)
def test_members_and_news_agree_whoever_comes_and_goes(
    limit: int, steps: list[tuple[bool, int]], seed: int
) -> None:
    """``Room`` asserts that no pair is introduced twice and that leavers are told as known."""
    room = Room(limit, seed)
    for comes, number in steps:
        peer = PeerId(f"{number * 7919 % 65536:040x}")
        if comes and peer not in room.circles:
            before = len(room.circles)
            assert len(room.join(peer)) >= min(1, before)
        elif not comes and peer in room.circles:
            room.leave(peer)
    everyone = len(room.circles)
    assert all(len(c) >= min(limit // 2, everyone - 1) for c in room.circles.values())


@given(
    st.sets(st.integers(0, 2**160 - 1) | st.integers(0, 300), max_size=60),
    st.integers(0, 2**160 - 1) | st.integers(0, 300),
    st.integers(1, 70),
)
def test_nearest_finds_what_sorting_by_xor_would(keys: set[int], target: int, count: int) -> None:
    ordered = sorted(keys)
    expected = sorted(range(len(ordered)), key=lambda index: ordered[index] ^ target)[:count]
    assert nearest(ordered, target, count) == expected
