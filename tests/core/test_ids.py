from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.ids import (
    PeerId,
    closest,
    digit_distance,
    generate_peer_id,
    key_of,
    parse_peer_id,
    same_peer,
    xor_distance,
)

ids = st.text("0123456789abcdefABCDEF", min_size=40, max_size=40).map(PeerId)


@pytest.mark.parametrize(
    "text", ["", "a" * 39, "a" * 41, "g" * 40, "a" * 40 + "\n", " " + "a" * 39, "é" * 40, "٣" * 40]
)
def test_an_id_is_forty_hexadecimal_digits(text: str) -> None:
    assert parse_peer_id(text) is None


@given(ids)
def test_an_id_keeps_its_spelling(peer_id: PeerId) -> None:
    assert parse_peer_id(peer_id) == peer_id


def test_a_generated_id_is_an_id_in_lower_case() -> None:
    made = generate_peer_id(Random(1))
    assert parse_peer_id(made) == made == made.lower()


def test_generated_ids_differ() -> None:
    rng = Random(1)
    assert len({generate_peer_id(rng) for _ in range(100)}) == 100


def test_spelling_does_not_make_two_peers_of_one() -> None:
    assert same_peer(PeerId("aB" * 20), PeerId("Ab" * 20))
    assert not same_peer(PeerId("aB" * 20), PeerId("Ac" * 20))


def test_all_spellings_have_one_key_and_it_is_no_copy() -> None:
    lower: str = "ab" * 20
    key: str = key_of(PeerId(lower))
    assert key is lower
    assert key_of(PeerId("aB" * 20)) == key_of(PeerId("AB" * 20)) == key


def test_the_digit_distance_sums_the_xor_of_the_digits() -> None:
    """S14, with an example small enough to check by hand: 1^4 is 5, f^0 is 15."""
    assert digit_distance(PeerId("1f" + "0" * 38), PeerId("40" + "0" * 38)) == 20


@given(ids, ids, ids)
@pytest.mark.parametrize("distance", [digit_distance, xor_distance])
def test_both_distances_are_metrics(
    distance: Callable[[PeerId, PeerId], int], a: PeerId, b: PeerId, c: PeerId
) -> None:
    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert (distance(a, b) == 0) == same_peer(a, b)


@given(ids, st.lists(ids, unique=True, max_size=20), st.integers(0, 25))
def test_closest_sorts_by_digit_distance_then_id(
    target: PeerId, others: list[PeerId], count: int
) -> None:
    """S14."""
    expected = sorted(others, key=lambda other: (digit_distance(target, other), other))[:count]
    assert closest(target, reversed(others), count) == expected
