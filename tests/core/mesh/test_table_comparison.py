"""What two tables lack of each other is found, and nothing else is sent."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from hypothesis import given

from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.membership import Membership
from peerpigeon.core.mesh.table_comparison import compare, summarize
from tests.core.mesh.tables import (
    ADVERTS,
    A,
    B,
    C,
    D,
    F,
    Table,
    advert,
    line,
    lose,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.mesh.table_comparison import Entry
    from peerpigeon.core.wire.hub_frames import Advert


def summary(made: Membership) -> tuple[Entry, ...]:
    return summarize(made.live_adverts())


def compared(made: Membership, theirs: Iterable[Entry]) -> tuple[tuple[Advert, ...], bool]:
    """Return what a neighbour with these entries lacks, and whether it has what is lacking here."""
    comparison = compare(made.live_adverts(), theirs, made.unreachable)
    return comparison.lacking_there, comparison.is_lacking_here


def test_the_summary_has_the_live_hubs_in_the_order_of_their_ids() -> None:
    made = table(advert(B, A, sequence=7), advert(D, A), advert(C, A, incarnation=6), links=(B, D))
    assert summary(made) == ((A, 5, 0, 2), (B, 5, 0, 7), (C, 6, 0, 1), (D, 5, 0, 1))
    lose(made, C, 12.0)
    assert summary(made) == ((A, 5, 0, 2), (B, 5, 0, 7), (D, 5, 0, 1))


def test_a_neighbour_gets_what_it_lacks_and_no_more() -> None:
    made = table(advert(B, A, sequence=7), advert(C, A, incarnation=6), links=(B, C))
    same = summary(made)
    assert compared(made, same) == ((), False)
    assert compared(made, ()) == ((made.own, made.advert(B), made.advert(C)), False)
    assert compared(made, [(A, 5, 0, 2), (B, 5, 0, 6), (C, 5, 0, 9)]) == (
        (made.advert(B), made.advert(C)),
        False,
    )
    assert compared(made, [*same[:2], (C, 6, 0, 2)]) == ((), True)
    assert compared(made, [*same[:2], (C, 6, 3, 0)]) == ((), True)
    assert compared(made, [*same[:2], (C, 7, 0, 0)]) == ((), True)
    assert compared(made, [*same, (D, 5, 0, 1)]) == ((), True)
    assert compared(made, [(A, 5, 0, 2), (B, 5, 0, 6), (D, 5, 0, 1)]) == (
        (made.advert(B), made.advert(C)),
        True,
    )


def test_who_is_missing_here_is_lacking_here_too() -> None:
    made = table(advert(B, A), advert(C))
    lose(made, C, 12.0)
    assert compared(made, [(A, 5, 0, 2), (B, 5, 0, 1), (C, 5, 0, 1)]) == ((), True)
    assert compared(made, [(A, 5, 0, 2), (B, 5, 0, 1)]) == ((), False)


def test_who_is_out_of_reach_here_too_is_not_repeated_to_a_neighbour_that_has_lost_it() -> None:
    made = line()
    made.take(advert(C, B, sequence=2), now=20.0)
    made.check(20.0)
    assert D in made
    theirs = summary(made)[:3]
    assert compared(made, theirs) == ((), False)
    assert compared(made, [*theirs, (D, 5, 0, 0)]) == ((made.advert(D),), False)
    made.take(advert(C, B, D, sequence=3), now=21.0)
    made.check(21.0)
    assert compared(made, summary(made)[:3]) == ((made.advert(D),), False)


@given(ADVERTS, ADVERTS)
def test_one_exchange_each_way_brings_two_tables_into_agreement(
    here: list[Advert], there: list[Advert]
) -> None:
    said = {(each.hub, each.age): each for each in here}
    there = [said.get((each.hub, each.age), each) for each in there]
    one, other = Table(B), Membership(advert(F, B), Random(2), MeshLimits(), 0.0)
    one.take(*here)
    for each in there:
        other.learn(each, 0.0)
    for_other, one_lacks = compared(one, summary(other))
    assert all(other.learn(each, 1.0) for each in for_other)
    for_one, other_lacks = compared(other, summary(one))
    assert bool(for_one) == one_lacks
    assert not other_lacks
    assert all(one.learn(each, 1.0) for each in for_one)
    assert summary(one) == summary(other)
    assert one.digest == other.digest
    assert {hub: one.advert(hub) for hub in one.live} == {
        hub: other.advert(hub) for hub in other.live
    }
    assert {hub: set(near) for hub, near in one.graph.items()} == {
        hub: set(near) for hub, near in other.graph.items()
    }


@given(ADVERTS, ADVERTS)
def test_digests_are_equal_just_when_tables_are(here: list[Advert], there: list[Advert]) -> None:
    one, other = Table(B), Table(B)
    one.take(*here)
    other.take(*there)
    is_equal = summary(one) == summary(other)
    assert (one.digest == other.digest) is is_equal
