"""Nobody has more of a room than it leaves to the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.shares import Shares


def fill(shares: Shares[str], owner: str, size: int) -> int:
    """Take as much as one owner may have, and return how often that was."""
    count = 0
    while shares.has_room(owner, size):
        shares.take(owner, size)
        count += 1
    return count


def test_each_that_comes_may_have_half_of_what_the_others_left() -> None:
    shares: Shares[str] = Shares(1000)
    assert [fill(shares, owner, 10) for owner in "abcd"] == [50, 25, 12, 6]
    assert shares.size == 930


def test_nobody_gets_more_before_it_has_given_back() -> None:
    shares: Shares[str] = Shares(1000)
    fill(shares, "a", 10)
    assert not shares.has_room("a", 1)
    shares.give_back("a", 10)
    assert shares.held("a") == 490
    assert shares.left_to("a") == 20
    assert shares.has_room("a", 10)


def test_nothing_is_kept_of_who_has_nothing() -> None:
    shares: Shares[str] = Shares(1000)
    shares.take("a", 30)
    shares.take("a", 3)
    assert "a" in shares
    shares.give_back("a", 30)
    shares.give_back("a", 3)
    assert "a" not in shares
    assert not shares._held
    assert shares.size == 0


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 300)), max_size=200))
def test_who_comes_last_has_room_whatever_the_others_took(wanted: list[tuple[str, int]]) -> None:
    shares: Shares[str] = Shares(100_000)
    for owner, size in wanted:
        if shares.has_room(owner, size):
            shares.take(owner, size)
    assert all(shares.held(owner) <= 100_000 - shares.size for owner in "abcdef")
    assert shares.has_room("newcomer", 100_000 // 2**7)
