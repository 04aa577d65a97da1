"""Who is there: adverts that replace each other, the graph they make, and who is gone."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId, generate_peer_id
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.membership import Membership, ReachChanges
from peerpigeon.core.mesh.own_advert import RISE
from peerpigeon.core.wire.hub_frames import Advert, Carrier, LinkEnd, Purpose
from peerpigeon.core.wire.ranges import LAST_INCARNATION
from tests.core.mesh.tables import (
    ADDRESS,
    ADVERTS,
    A,
    B,
    C,
    D,
    E,
    Table,
    advert,
    ends,
    line,
    lose,
    table,
    xor_of,
)

# Adverts


def test_a_hub_alone_knows_itself() -> None:
    alone = Table()
    assert len(alone) == 1
    assert A in alone
    assert B not in alone
    assert alone.live == {A}
    assert alone.incarnations() == {A: 5}
    assert alone.known() == []
    assert list(alone.missing) == []
    assert alone.advert(A) is alone.own
    assert alone.advert(B) is None
    assert alone.graph == {A: {}}
    assert alone.digest == alone.own.mark
    assert (alone.incarnation(A), alone.incarnation(B)) == (5, 0)
    assert alone.deadline() is None


def test_a_hub_is_live_from_its_first_advert() -> None:
    made = Table()
    assert made.take(advert(C), advert(B, incarnation=7)) == [True, True]
    assert len(made) == 3
    assert made.live == {A, B, C}
    assert list(made.incarnations().items()) == [(A, 5), (B, 7), (C, 5)]
    assert made.known() == [C, B]
    assert made.incarnation(B) == 7
    assert made.advert(B) == advert(B, incarnation=7)


def test_an_advert_is_news_once_and_replaces_only_what_is_older() -> None:
    made = Table()
    newer = advert(B, C, sequence=3)
    assert made.take(advert(B, sequence=2), newer) == [True, True]
    for stale in (newer, advert(B, sequence=2), advert(B, sequence=9, incarnation=4)):
        assert made.take(stale) == [False]
        assert made.advert(B) == newer


def test_a_restarted_hub_counts_from_one_again() -> None:
    made = table(advert(B, A, sequence=80))
    assert made.take(advert(B, incarnation=6)) == [True]
    assert made.incarnation(B) == 6
    assert made.graph == {A: {}, B: {}}
    assert made.take(advert(B, A, sequence=81)) == [False]


def test_what_others_say_of_this_hub_is_not_learned() -> None:
    made = Table(B)
    assert made.take(advert(A, C, sequence=99)) == [False]
    assert made.own.sequence == 2
    assert made.advert(A) is made.own


def test_the_ends_of_a_link_are_told_as_they_were_advertised() -> None:
    made = Table()
    end = LinkEnd(C, Carrier.WEBSOCKET, Purpose.BOOTSTRAP)
    made.take(Advert(B, 5, 1, 0, (), (*ends(A), end)))
    assert made.link_end(B, C) == end
    assert made.link_end(B, A) == ends(A)[0]
    assert made.link_end(B, D) is None
    assert made.link_end(D, A) is None


def test_our_own_advert_is_renewed_when_there_is_something_new_to_say() -> None:
    made = Table()
    first = made.own
    assert not made.has_news((), None, is_draining=False)
    changes: list[tuple[tuple[LinkEnd, ...], tuple[int, PeerId] | None, bool]] = [
        (ends(B), None, False),
        (ends(B), (80, C), False),
        (ends(B), (80, C), True),
    ]
    for sequence, (links, bar, is_draining) in enumerate(changes, 2):
        assert made.has_news(links, bar, is_draining=is_draining)
        made.publish(links, bar, 0.0, is_draining=is_draining)
        renewed = made.own
        assert renewed is made.advert(A)
        assert (renewed.hub, renewed.incarnation, renewed.sequence) == (A, 5, sequence)
        assert (renewed.links, renewed.bar, renewed.is_draining) == (links, bar, is_draining)
        assert renewed.addresses == ADDRESS
        assert renewed.mark != first.mark
        assert renewed.mark < 2**64
        assert made.digest == renewed.mark
        assert not made.has_news(links, bar, is_draining=is_draining)


def test_of_two_lives_with_one_incarnation_the_same_one_wins_everywhere() -> None:
    one, other = Table(), Table()
    first, second = advert(B, sequence=9, life=3), advert(B, sequence=1, life=4)
    assert one.take(first, second) == [True, True]
    assert other.take(second, first) == [True, False]
    assert one.advert(B) == other.advert(B) == second
    assert one.take(advert(B, sequence=99, life=3)) == [False]


@pytest.mark.parametrize(
    ("incarnation", "risen"),
    [
        (5, 5 + RISE),
        (9, 9 + RISE),
        (LAST_INCARNATION - RISE - 1, LAST_INCARNATION - 1),
        (LAST_INCARNATION - RISE, LAST_INCARNATION),
        (LAST_INCARNATION - 1, RISE - 1),
        (LAST_INCARNATION, RISE),
    ],
)
def test_we_rise_above_an_incarnation_that_is_in_use_under_our_id(
    incarnation: int, risen: int
) -> None:
    made = Table(B)
    made.take(advert(B, A))
    before = made.own
    made.rise_above(incarnation)
    assert made.own is made.advert(A)
    assert made.incarnation(A) == risen
    assert (made.own.links, made.own.addresses) == (before.links, before.addresses)
    assert made.own.mark != before.mark
    assert made.own.mark < 2**64
    assert made.digest == made.own.mark ^ advert(B, A).mark
    assert made.graph == {A: {B: None}, B: {A: None}}


def test_after_the_last_incarnation_come_the_first_ones() -> None:
    made = Table(A)
    last, risen = advert(B, incarnation=LAST_INCARNATION), advert(B, incarnation=RISE)
    assert made.take(last, risen, last) == [True, True, False]
    assert made.advert(B) == risen


def test_of_two_things_said_under_one_number_the_same_one_wins_everywhere() -> None:
    one, other = Table(), Table()
    first, second = advert(B, A), advert(B, C)
    assert one.take(first, second).count(True) + other.take(second, first).count(True) == 3
    assert one.advert(B) == other.advert(B)
    assert one.digest == other.digest ^ one.own.mark ^ other.own.mark


def test_our_own_advert_goes_above_what_somebody_has_made_up_of_this_life() -> None:
    made = Table(B)
    before = made.own
    made.outdo(77, 3.0)
    assert (made.own.sequence, made.own.links) == (78, before.links)
    assert made.own.mark != before.mark
    assert made.digest == made.own.mark
    assert made.changed_at == 3.0


# The graph


def test_a_link_counts_when_both_ends_advertise_it() -> None:
    made = Table()
    made.take(advert(B, C))
    assert made.graph == {A: {}, B: {}}
    assert made.graph_version == 0
    made.take(advert(C, B))
    assert made.graph == {A: {}, B: {C: None}, C: {B: None}}
    assert made.graph_version == 1
    made.take(advert(B, C, D, sequence=2))
    assert made.graph_version == 1
    made.take(advert(C, sequence=2))
    assert made.graph == {A: {}, B: {}, C: {}}
    assert made.graph_version == 2
    made.take(advert(C, B, sequence=3))
    assert made.graph == {A: {}, B: {C: None}, C: {B: None}}


def test_a_hub_that_says_it_is_linked_to_itself_does_no_harm() -> None:
    made = Table()
    made.take(advert(B, B), advert(B, B, B, sequence=2))
    assert made.graph == {A: {}, B: {}}
    made.take(advert(B, sequence=3))
    assert made.graph == {A: {}, B: {}}
    assert made.graph_version == 0


def plain_graph(adverts: list[Advert]) -> dict[PeerId, set[PeerId]]:
    said = {advert.hub: {end.hub for end in advert.links} for advert in adverts}
    graph: dict[PeerId, set[PeerId]] = {hub: set() for hub in said}
    for one, other in combinations(said, 2):
        if other in said[one] and one in said[other]:
            graph[one].add(other)
            graph[other].add(one)
    return graph


@given(ADVERTS, st.sets(st.sampled_from([B, C, D])))
def test_table_graph_and_digest_are_those_of_the_latest_adverts_in_whatever_order_they_come(
    adverts: list[Advert], links: set[PeerId]
) -> None:
    made = Table(*sorted(links))
    made.take(*adverts)
    latest = {made.own.hub: made.own}
    for each in sorted(adverts, key=lambda one: one.age):
        latest[each.hub] = each
    assert {hub: made.advert(hub) for hub in made.live} == latest
    assert {hub: set(near) for hub, near in made.graph.items()} == plain_graph([*latest.values()])
    assert made.digest == xor_of([*latest.values()])


@given(ADVERTS, st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=25))
def test_in_the_course_of_time_live_is_who_was_in_reach_within_the_grace(
    adverts: list[Advert], pauses: list[tuple[int, bool]]
) -> None:
    made, now = Table(B), 0.0
    reached_at = {A: 0.0}
    for each, (half_seconds, is_renewed) in zip(adverts, pauses, strict=False):
        now += half_seconds / 2
        if is_renewed:
            made.link(*([B, D] if len(made.own.links) == 1 else [B]))
        made.take(each, now=now)
        reached_at.setdefault(each.hub, now)
        changes = made.check(now)
        reached, queue = {A}, [A]
        for hub in queue:
            queue += [other for other in made.graph[hub] if other not in reached]
            reached |= set(made.graph[hub])
        for hub in reached:
            reached_at[hub] = now
        assert reached <= made.live
        assert {hub for hub, at in reached_at.items() if now < at + 2.0} <= made.live
        assert set(changes.gone).isdisjoint(made.live)
        assert set(changes.returned) <= reached
        assert made.live.isdisjoint(made.missing)
        assert made.live | set(made.missing) == reached_at.keys() == made.graph.keys()
        known = [made.advert(hub) for hub in made.live]
        assert made.digest == xor_of([one for one in known if one is not None])
        deadline = made.deadline()
        assert deadline is None or deadline > now
        if made.live - reached:
            assert deadline is not None
            assert deadline <= now + 2.0


# Who is gone


def test_who_can_be_reached_stays_however_far_away() -> None:
    made = line()
    assert made.live == {A, B, C, D}
    assert made.deadline() is None


def test_a_hub_out_of_reach_is_gone_after_a_grace_of_two_seconds() -> None:
    made = line()
    made.take(advert(C, B, sequence=2), now=20.0)
    assert made.check(20.1) == ReachChanges()
    assert D in made
    assert made.deadline() == 22.1
    assert made.check(22.0) == ReachChanges()
    assert made.deadline() == 22.1
    digest = made.digest
    assert made.check(22.1) == ReachChanges(gone=[D])
    assert D not in made
    assert len(made) == 3
    assert made.digest == digest ^ advert(D, C).mark
    assert list(made.missing) == [D]
    assert made.known() == [B, C, D]
    assert made.advert(D) == advert(D, C)


def test_a_hub_whose_process_has_ended_is_gone_as_soon_as_nobody_reaches_it() -> None:
    made = line()
    made.ended(D, 20.0)
    assert made.check(20.0) == ReachChanges(), "the third one has not noticed yet"
    made.take(advert(C, B, sequence=2), now=20.3)
    made.ended(E, 20.4)
    assert made.check(20.4) == ReachChanges(gone=[D])
    assert list(made.missing) == [D]


def test_that_a_process_has_ended_counts_for_two_seconds() -> None:
    made = line()
    made.ended(D, 20.0)
    made.take(advert(C, B, sequence=2), now=22.0)
    assert made.check(22.0) == ReachChanges()
    made.ended(C, 22.0)
    assert list(made._ended) == [C]
    assert made.check(24.0) == ReachChanges(gone=[D])


def test_who_is_in_reach_is_known_from_the_last_look() -> None:
    made = line()
    made.take(advert(C, B, sequence=2), now=20.0)
    assert made.reaches(D)
    made.check(20.0)
    assert [hub for hub in (A, B, C, D, E) if made.reaches(hub)] == [A, B, C]
    made.check(22.0)
    assert not made.reaches(D)


def test_who_is_back_within_the_grace_was_never_gone() -> None:
    made = line()
    made.take(advert(C, B, sequence=2), now=20.0)
    made.check(20.0)
    made.take(advert(C, B, D, sequence=3), now=21.0)
    assert made.deadline() == 21.0, "somebody may have much to send there"
    assert made.check(21.0) == ReachChanges(reached=[D])
    assert made.deadline() is None
    made.take(advert(C, B, sequence=4), now=21.5)
    assert made.check(21.5) == ReachChanges()
    assert made.check(22.5) == ReachChanges(), "the grace begins anew"
    assert made.check(23.5) == ReachChanges(gone=[D])


def test_all_behind_a_lost_hub_go_with_it_in_the_order_of_their_ids() -> None:
    made = table(advert(B, A, D), advert(D, B, C), advert(C, D))
    made.link()
    made.check(20.0)
    assert made.check(22.0) == ReachChanges(gone=[B, C, D])
    assert made.digest == made.own.mark


def test_a_new_hub_and_a_lost_link_are_looked_at_after_five_seconds_at_the_latest() -> None:
    made = Table()
    made.take(advert(B), now=3.0)
    assert made.deadline() == 8.0
    made.take(advert(C), now=4.0)
    assert made.deadline() == 8.0, "it is not put off"
    made = line()
    made.take(advert(C, B, sequence=2), now=20.0)
    assert made.deadline() == 25.0
    made.check(25.0)
    assert made.deadline() == 27.0


def test_what_takes_no_link_away_is_no_reason_to_look() -> None:
    made = line()
    made.take(advert(D, C, sequence=2), advert(C, B, D, A, sequence=2), now=20.0)
    made.take(advert(B, A, C, D, sequence=2), advert(D, B, C, sequence=3), now=20.0)
    assert D in made.graph[B]
    assert made.deadline() is None


def test_a_link_that_only_one_end_advertised_is_missed_by_nobody() -> None:
    made = line()
    made.take(advert(D, C, A, sequence=2), advert(D, C, sequence=3), now=20.0)
    assert made.deadline() is None


def test_when_it_is_urgent_the_look_is_no_later_than_asked_for() -> None:
    made = Table()
    made.check_by(7.0)
    made.check_by(9.0)
    assert made.deadline() == 7.0
    made.check_by(5.0)
    assert made.deadline() == 5.0
    made.check(5.0)
    assert made.deadline() is None


def test_a_link_that_we_have_lost_ourselves_is_a_reason_to_look_at_once() -> None:
    made = table(advert(B, A))
    made.link(now=20.0)
    assert made.deadline() == 20.0
    assert made.check(20.0) == ReachChanges(stranded_from=[B])
    assert made.check(22.0) == ReachChanges(gone=[B])


def test_who_is_cut_off_with_few_hears_so_once() -> None:
    few = table(advert(B, A), advert(C, A, D), advert(D, C), links=(B, C))
    few.link(B)
    assert few.check(20.0).stranded_from == [C, D]
    assert few.check(20.5).stranded_from == []


def test_nobody_is_stranded_from_hubs_of_which_it_has_just_heard() -> None:
    made = Table(B)
    made.take(advert(B, A), advert(C, B), advert(D, B))
    assert made.check(0.0) == ReachChanges()
    assert not made.reaches(C), "B is yet to say that it is linked to it"
    made.take(advert(B, sequence=2), now=1.0)
    assert made.check(1.0).stranded_from == [B, C, D], "it was in reach, the others never were"


def test_who_is_cut_off_with_most_does_not() -> None:
    most = table(advert(B, A, C), advert(C, B, D), advert(D, C))
    most.take(advert(C, B, sequence=2))
    assert most.check(20.0) == ReachChanges()
    assert most.check(22.0) == ReachChanges(gone=[D])


def test_our_own_new_links_and_bars_are_no_reason_to_look() -> None:
    made = table(advert(B, A), advert(C, B, A), advert(B, A, C, sequence=2))
    made.link(B, C)
    made.publish(made.own.links, (80, D), 0.0, is_draining=False)
    assert C in made.graph[A]
    assert made.deadline() is None


# When the table has changed


def test_a_table_changes_with_each_new_advert_ours_included() -> None:
    made = Membership(advert(A), Random(1), MeshLimits(), 3.0)
    assert made.changed_at == 3.0
    made.learn(advert(B, A), 4.0)
    assert made.changed_at == 4.0
    made.learn(advert(B, A), 5.0)
    assert made.changed_at == 4.0, "it was known"
    made.publish(ends(B), None, 6.0, is_draining=False)
    assert made.changed_at == 6.0


def test_a_table_changes_when_hubs_are_gone_and_when_they_are_back() -> None:
    made = line()
    made.take(advert(C, B, sequence=2), now=20.0)
    made.check(20.5)
    assert made.changed_at == 20.0
    made.check(22.5)
    assert made.changed_at == 22.5
    made.take(advert(C, B, D, sequence=3), now=30.0)
    made.check(30.5)
    assert made.changed_at == 30.5


# Missing hubs


def test_a_missing_hub_is_back_when_a_path_leads_to_it_again() -> None:
    made = line()
    made.take(advert(C, B, sequence=2))
    lose(made, D, 22.0)
    digest = made.digest
    assert made.take(advert(D, C, sequence=2), now=30.0) == [True]
    assert made.deadline() == 30.0
    assert made.check(30.0) == ReachChanges()
    assert D not in made, "c does not know of the link yet"
    assert made.digest == digest
    made.take(advert(C, B, D, sequence=3), now=30.1)
    assert made.deadline() == 30.1
    assert made.check(30.1) == ReachChanges(returned=[D])
    assert D in made
    assert list(made.missing) == []
    expected = [made.own, advert(B, A, C), advert(C, B, D, sequence=3), advert(D, C, sequence=2)]
    assert made.digest == xor_of(expected)
    assert made.deadline() is None


def test_with_a_link_of_our_own_to_a_missing_hub_it_is_back_at_once() -> None:
    made = table(advert(B, A))
    made.link()
    lose(made, B, 22.0)
    made.take(advert(B, A, sequence=2), now=30.0)
    assert made.check(30.0) == ReachChanges()
    made.link(B, now=30.0)
    assert made.deadline() == 30.0
    assert made.check(30.0) == ReachChanges(returned=[B])


def test_all_behind_a_hub_that_is_back_are_back_longest_missing_first() -> None:
    made = table(advert(B, A, D), advert(D, B, C, E), advert(C, D), advert(E, D))
    made.take(advert(D, B, C, sequence=2), now=20.0)
    lose(made, E, 22.0)
    made.take(advert(B, A, sequence=2), now=30.0)
    made.check(30.0)
    assert made.check(32.0) == ReachChanges(gone=[C, D])
    assert list(made.missing) == [E, C, D]
    made.take(advert(D, B, C, E, sequence=3), advert(B, A, D, sequence=3), now=40.0)
    assert made.deadline() == 40.0
    assert made.check(40.0) == ReachChanges(returned=[E, C, D])


def test_a_link_to_a_missing_hub_that_only_one_end_advertises_is_no_reason_to_look() -> None:
    made = line()
    made.take(advert(C, B, sequence=2), advert(D, sequence=2))
    lose(made, D, 22.0)
    rest = made.deadline()
    made.take(advert(C, B, D, sequence=3), now=30.0)
    assert made.deadline() == rest


def test_links_among_the_missing_are_no_reason_to_look() -> None:
    made = table(advert(B, A, C), advert(C, B, D), advert(D, C), advert(E))
    assert made.check(12.0).gone == [E]
    made.take(advert(C, sequence=2), advert(B, A, sequence=2))
    made.check(20.0)
    assert made.check(22.0).gone == [C, D]
    made.take(advert(D, C, E, sequence=2), now=30.0)
    made.check(30.0)
    made.take(advert(E, D, sequence=2), now=31.0)
    # The news of a missing hub itself is.
    assert made.deadline() == 31.0
    assert made.check(31.0) == ReachChanges()
    assert list(made.missing) == [E, C, D]


def test_an_advert_of_a_missing_hub_that_is_heard_again_is_a_reason_to_look() -> None:
    made = table(advert(B, A))
    made.link()
    lose(made, B, 22.0)
    rest = made.deadline()
    assert made.take(advert(B, A, sequence=0), now=29.0) == [False]
    assert made.deadline() == rest
    assert made.take(advert(B, A), now=30.0) == [False]
    assert made.deadline() == 30.0
    assert made.check(30.0) == ReachChanges()
    live = table(advert(B, A))
    live.take(advert(B, A), now=30.0)
    assert live.deadline() is None


def test_a_missing_hub_that_was_restarted_returns_with_its_new_life() -> None:
    made = table(advert(B, A))
    made.link()
    lose(made, B, 22.0)
    made.link(B)
    made.take(advert(B, A, incarnation=6), now=30.0)
    assert made.check(30.0) == ReachChanges(returned=[B])
    assert made.incarnations() == {A: 5, B: 6}


def test_a_missing_hub_is_remembered_for_an_hour() -> None:
    made = table(advert(B, A), advert(C, B, A), links=(B, C))
    made.link(C)
    lose(made, B, 22.0)
    made.link()
    lose(made, C, 30.0)
    assert made.deadline() == 3622.0
    assert made.check(3621.9) == ReachChanges()
    assert list(made.missing) == [B, C]
    assert made.check(3622.0) == ReachChanges(forgotten=[B])
    assert list(made.missing) == [C]
    assert made.known() == [C]
    assert made.advert(B) is None
    assert made.graph == {A: {}, C: {}}
    assert made.deadline() == 3630.0
    made.check(3630.0)
    assert made.known() == []
    assert made.deadline() is None


def test_what_is_left_of_a_forgotten_hub_does_not_hinder_its_return() -> None:
    made = table(advert(B, A, C), advert(C, B))
    made.link()
    made.check(20.0)
    assert made.check(22.0).gone == [B, C]
    made.check(3622.0)
    assert made.known() == []
    made.link(B)
    assert made.take(advert(C, B), advert(B, A, C), now=4000.0) == [True, True]
    assert made.check(4000.0) == ReachChanges()
    assert made.live == {A, B, C}
    assert made.graph == {A: {B: None}, B: {A: None, C: None}, C: {B: None}}


def test_of_too_many_missing_hubs_those_longest_missing_are_forgotten() -> None:
    few = MeshLimits(missing_hubs=2)
    made = table(*(advert(hub, A) for hub in (B, C, D, E)), links=(B, C, D, E), limits=few)
    made.link(B, E)
    made.check(20.0)
    assert made.check(22.0).gone == [C, D]
    assert list(made.missing) == [C, D]
    made.link()
    made.check(30.0)
    assert made.check(32.0).gone == [B, E]
    assert list(made.missing) == [B, E]
    assert made.known() == [B, E]
    assert made.graph.keys() == {A, B, E}


def test_thousands_of_missing_hubs_are_remembered_and_no_more() -> None:
    made, rng = Table(limits=MeshLimits(gone_at_once=5000)), Random(1)
    made.take(*(advert(generate_peer_id(rng)) for _ in range(4100)))
    made.check(10.0)
    assert len(made.check(12.0).gone) == 4100
    assert len(list(made.missing)) == len(made.known()) == 4096


# What was said of the links of the missing


def cut_off() -> Table:
    """Return the table of a hub that has lost its only link, and then all others: b, c, d."""
    made = line()
    made.link()
    made.check(20.0)
    assert made.check(22.0).gone == [B, C, D]
    return made


def back_at(made: Table, now: float) -> list[PeerId]:
    """Link up with b, which knows of it, and return who is back."""
    made.link(B)
    made.take(advert(B, A, C, sequence=2), now=now)
    return made.check(now).returned


def test_links_of_missing_hubs_do_not_count() -> None:
    made = cut_off()
    assert made.graph == {A: {}, B: {}, C: {}, D: {}}
    version = made.graph_version
    assert back_at(made, 30.0) == [B, C]
    assert made.graph == {A: {B: None}, B: {A: None, C: None}, C: {B: None}, D: {}}
    assert made.graph_version > version


def test_who_links_up_again_does_not_take_the_dead_for_returned_until_it_hears_of_their_end() -> (
    None
):
    """d died while we were cut off; c has noticed, and its news come after those of b."""
    made = cut_off()
    back_at(made, 30.0)
    assert D not in made
    made.take(advert(C, B, sequence=2), now=30.1)
    assert made.check(30.1) == ReachChanges()
    assert made.live == {A, B, C}


@pytest.mark.parametrize("anew", [advert(C, B, D, sequence=2), advert(D, C, sequence=2)])
def test_a_link_counts_again_when_either_end_says_so_anew(anew: Advert) -> None:
    made = cut_off()
    back_at(made, 30.0)
    made.take(anew, now=30.1)
    assert made.check(30.1) == ReachChanges(returned=[D])


def test_a_missing_hub_whose_advert_somebody_repeats_is_back_if_it_is_in_reach() -> None:
    made = cut_off()
    back_at(made, 30.0)
    assert made.take(advert(D, C), now=30.1) == [False]
    assert made.check(30.1) == ReachChanges(returned=[D])


def test_a_repeated_advert_counts_for_one_look() -> None:
    """Who repeats it may believe in a hub that is out of its own reach."""
    made = cut_off()
    made.take(advert(C, B, D), advert(D, C), now=30.0)
    assert made.check(30.0) == ReachChanges()
    assert back_at(made, 30.1) == [B, C]
    assert made.check(31.0) == ReachChanges()


def test_a_repeated_advert_says_nothing_of_hubs_that_nobody_repeats() -> None:
    made = cut_off()
    made.take(advert(C, B, D), now=30.0)
    assert back_at(made, 30.0) == [B, C]
    assert D not in made


@pytest.mark.parametrize("order", [1, -1])
def test_repeated_adverts_bring_back_all_that_hang_together_in_whatever_order(order: int) -> None:
    made = table(advert(B, A, C), advert(C, B, D), advert(D, C, E), advert(E, D))
    made.link()
    made.check(20.0)
    assert made.check(22.0).gone == [B, C, D, E]
    assert back_at(made, 30.0) == [B, C]
    made.take(*[advert(D, C, E), advert(E, D)][::order], now=30.1)
    assert made.check(30.1).returned == [D, E]


def test_among_the_live_all_links_count_that_both_ends_advertise_however_they_came_back() -> None:
    made = table(advert(B, A, C, D), advert(C, B, D), advert(D, B, C))
    made.link()
    made.check(20.0)
    assert made.check(22.0).gone == [B, C, D]
    made.link(B)
    made.take(advert(B, A, C, D, sequence=2), now=30.0)
    assert made.check(30.0).returned == [B, C, D]
    assert D in made.graph[C], "nobody has said so anew, but both are there"


def test_who_can_only_be_reached_by_one_that_has_just_returned_is_in_reach_from_then_on() -> None:
    made = table(advert(B, A), links=(B, D))
    made.take(advert(C, D, E), now=20.0)
    made.check(20.0)
    made.take(advert(E, C), now=22.0)
    assert made.check(22.0).gone == [C]
    assert not made.reaches(E)
    made.take(advert(D, A, C), now=22.5)
    assert made.check(22.5) == ReachChanges(returned=[C], reached=[E])
    made.take(advert(E, sequence=2), now=24.0)
    assert made.check(24.0).gone == []
    assert E in made, "it was in reach until now"


@given(
    ADVERTS.filter(bool),
    st.lists(st.tuples(st.integers(0, 24), st.integers(0, 9), st.booleans()), max_size=40),
)
def test_among_the_live_the_graph_is_that_of_their_adverts_at_all_times(
    adverts: list[Advert], steps: list[tuple[int, int, bool]]
) -> None:
    made, now = Table(B), 0.0
    for index, half_seconds, is_renewed in steps:
        now += half_seconds / 2
        if is_renewed:
            made.link(*([B, D] if len(made.own.links) == 1 else [B]))
        made.take(adverts[index % len(adverts)], now=now)
        made.check(now)
        known = [made.advert(hub) for hub in made.live]
        inner = {hub: set(made.graph[hub]) & made.live for hub in made.live}
        assert inner == plain_graph([one for one in known if one is not None])


# Hubs that have stopped


def stopped() -> Table:
    """Return a table in which b has said that it stops and has done so."""
    made = table(advert(B, A))
    made.take(advert(B, sequence=2, is_draining=True), now=22.0)
    assert made.check(22.0).gone == [B]
    made.stopped(B)
    return made


def test_a_hub_that_says_it_stops_and_has_no_links_is_gone_at_once() -> None:
    made = table(advert(B, A))
    made.take(advert(B, sequence=2, is_draining=True), now=20.0)
    assert made.deadline() == 20.0
    assert made.check(20.0) == ReachChanges(gone=[B])


def test_a_hub_that_drains_is_there_while_it_has_links_and_lost_like_any_other() -> None:
    made = table(advert(B, A))
    made.take(advert(B, A, sequence=2, is_draining=True), now=20.0)
    assert made.check(20.0) == ReachChanges()
    made.link()
    assert B not in made.check(21.0).gone
    made.take(advert(B, sequence=3, is_draining=True), now=22.0)
    assert made.check(22.0).gone == [B]


def test_a_hub_that_has_stopped_is_not_looked_for() -> None:
    made = stopped()
    assert list(made.missing) == []
    assert made.known() == []
    assert B not in made


def test_an_old_copy_of_its_advert_does_not_bring_it_back() -> None:
    made = stopped()
    assert made.take(advert(B, A), advert(B, sequence=2, is_draining=True)) == [False, False]
    made.check(30.0)
    assert made.live == {A}


def test_when_it_is_started_again_it_returns_and_is_looked_for_if_it_is_lost() -> None:
    made = stopped()
    made.link(B)
    assert made.take(advert(B, A, incarnation=6), now=30.0) == [True]
    assert made.check(30.0) == ReachChanges(returned=[B])
    assert made.incarnations() == {A: 5, B: 6}
    assert made.digest == made.own.mark ^ advert(B, A, incarnation=6).mark
    made.link()
    lose(made, B, 42.0)
    assert list(made.missing) == [B]


def test_a_hub_that_has_stopped_leaves_nothing_behind_after_an_hour() -> None:
    made = stopped()
    assert made.deadline() == 3622.0
    made.check(3622.0)
    assert made.advert(B) is None
    assert made.graph == {A: {}}
    # And what it said before it stopped does not count for its next life.
    made.take(advert(B, incarnation=6), now=3700.0)
    made.check(3700.0)
    lose(made, B, 3702.0)
    assert list(made.missing) == [B]


def test_only_the_missing_can_have_stopped() -> None:
    made = table(advert(B, A))
    made.stopped(B)
    made.stopped(D)
    assert B in made
    assert made.known() == [B]


def test_many_that_are_gone_at_once_are_told_of_step_by_step() -> None:
    hubs = [PeerId(f"{number:040x}") for number in range(1, 6)]
    few = MeshLimits(gone_at_once=2)
    made = table(*(advert(hub) for hub in hubs), limits=few)
    assert made.check(10.0).gone == []
    steps = []
    for _ in range(3):
        assert made.deadline() == 12.0
        steps.append((made.check(12.0).gone, made.is_losing))
    assert steps == [(hubs[:2], True), (hubs[2:4], True), (hubs[4:], False)]
    assert made.live == {A}


def test_those_that_stop_are_told_of_step_by_step_too() -> None:
    hubs = [PeerId(f"{number:040x}") for number in range(1, 4)]
    made = Table(limits=MeshLimits(gone_at_once=2))
    made.take(*(advert(hub, is_draining=True) for hub in hubs), now=10.0)
    assert [made.check(10.0).gone, made.check(10.0).gone] == [hubs[:2], hubs[2:]]


def test_a_hub_drains_when_it_has_said_so_for_a_while() -> None:
    made = table(advert(B, A), advert(C, A))
    assert made.more_draining_at(10.0) is None
    made.take(advert(B, A, sequence=2, is_draining=True), now=20.0)
    made.take(advert(B, A, sequence=3, is_draining=True), now=20.125)
    when = made.more_draining_at(20.25)
    assert when == pytest.approx(20.3)
    assert made.draining(20.25) == frozenset()
    assert set(made.draining(when or 0.0)) == {B}
    assert made.more_draining_at(when or 0.0) is None


def test_what_was_made_up_of_a_hub_that_does_not_drain_is_never_believed() -> None:
    made = table(advert(B, A), advert(C, A))
    for second in (20.0, 21.0, 22.0):
        sequence = int(second)
        made.take(advert(B, A, sequence=2 * sequence, is_draining=True), now=second)
        made.take(advert(B, A, sequence=2 * sequence + 1), now=second + 0.25)
        assert made.draining(second + 0.5) == frozenset()
        assert made.more_draining_at(second + 0.25) is None
