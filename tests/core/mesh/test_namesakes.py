"""What a hub does about others under its id: earlier lives of it, and hubs that have it too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from peerpigeon.core.changes import HubGone, HubRestarted, HubReturned, LifeRaised
from peerpigeon.core.interface.notices import ErrorOccurred
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.mesh.own_advert import LAST_GUESS, RISE
from peerpigeon.core.wire.hub_frames import Adverts, Bye, Heartbeat, Summary
from peerpigeon.core.wire.ranges import LAST_INCARNATION, is_later_life
from tests.core.mesh.benches import NEAR, linked
from tests.core.mesh.meshes import (
    HUBS,
    OWN,
    SOCKET,
    Bench,
    Meshes,
    advert,
    closings,
    frames,
    notices,
    of_kind,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peerpigeon.core.interface.actions import Action

NEW = HUBS[2]
FIRST, SECOND, THIRD = 71, 72, 73
"""Lives of some hub."""


def lives(actions: Sequence[Action], link: int | None = None) -> list[tuple[int, int]]:
    """Return incarnation and life of each advert of ours, or of NEW, that is sent."""
    sent = of_kind(Adverts, frames(actions, link))
    hubs = (OWN, NEW)
    return [(one.incarnation, one.life) for each in sent for one in each.adverts if one.hub in hubs]


def errors(actions: Sequence[Action]) -> list[str]:
    return [notice.message for notice in of_kind(ErrorOccurred, notices(actions))]


# What a hub hears under its own id


@pytest.mark.parametrize("heard", [1000, 1001, 5000, LAST_GUESS])
def test_a_hub_rises_at_once_above_another_life_and_says_so_to_all(heard: int) -> None:
    bench, near, far = linked()
    own = bench.mesh.advert
    said = bench.receive(near, Adverts((advert(OWN, incarnation=heard, life=FIRST),)), 1.0)
    assert bench.take_changes() == [LifeRaised(heard + RISE)]
    assert bench.mesh.deadline() <= 1.0
    said += bench.tick(1.0)
    risen = heard + RISE, own.life
    assert lives(said, near) == lives(said, far) == [risen]
    assert errors(said) == []
    assert bench.mesh.advert.links == own.links


@pytest.mark.parametrize(
    "changes", [{"incarnation": 999, "life": FIRST, "sequence": 99}, {"incarnation": 1}]
)
def test_what_is_below_is_no_reason_to_rise(changes: dict[str, int]) -> None:
    bench, near, _ = linked()
    assert bench.receive(near, Adverts((advert(OWN, **changes),)), 1.0) == []
    assert bench.mesh.advert.incarnation == 1000


def test_an_advert_of_ours_that_comes_back_is_none_either() -> None:
    bench, near, _ = linked()
    for ours in (bench.mesh.advert, msgspec.structs.replace(bench.mesh.advert, sequence=1)):
        assert bench.receive(near, Adverts((ours,)), 1.0) == []
    assert bench.take_changes() == []


def test_a_hub_does_not_rise_more_often_than_every_five_seconds_and_forgets_nothing() -> None:
    bench, near, _ = linked()
    risen = []
    for number, now in enumerate((1.0, 1.5, 2.0)):
        other = advert(OWN, incarnation=2_000_000 + 100_000 * number, life=FIRST + number)
        bench.receive(near, Adverts((other,)), now)
        bench.receive(near, Heartbeat(bench.digest()), now)
        risen.append(bench.mesh.advert.incarnation)
    assert risen == [2_000_000 + RISE] * 3
    bench.pass_time(2.0, 5.9, near)
    assert bench.mesh.advert.incarnation == 2_000_000 + RISE
    bench.take_changes()
    bench.pass_time(5.9, 6.5, near)
    assert bench.mesh.advert.incarnation == 2_200_000 + RISE
    assert LifeRaised(2_200_000 + RISE) in bench.take_changes()


def test_of_all_that_it_has_heard_a_hub_rises_above_the_latest() -> None:
    bench, near, _ = linked()
    for number, incarnation in enumerate((2_000_000, 5_000_000, 4_000_000)):
        other = advert(OWN, incarnation=incarnation, life=FIRST + number)
        bench.receive(near, Adverts((other,)), 1.0)
    bench.pass_time(1.0, 6.5, near)
    assert bench.mesh.advert.incarnation == 5_000_000 + RISE


def test_a_hub_that_stops_lets_others_have_the_id() -> None:
    bench, near, _ = linked()
    bench.leave(1.0)
    bench.receive(near, Adverts((advert(OWN, incarnation=5000, life=FIRST),)), 1.0)
    assert bench.mesh.advert.incarnation == 1000


def test_a_hub_rises_above_the_last_incarnation_too() -> None:
    """All that are in use can be outdone: incarnations go round."""
    bench, near, _ = linked()
    for now, heard in ((1.0, 2**42), (7.0, LAST_INCARNATION), (13.0, RISE)):
        made_up = advert(OWN, incarnation=heard, life=FIRST)
        bench.receive(near, Adverts((made_up,)), now)
        risen = bench.mesh.advert.incarnation
        assert risen == 1000 or is_later_life(risen, heard)
    assert bench.mesh.advert.incarnation == 2 * RISE


# What somebody has made up of this life of a hub


def test_a_hub_outdoes_what_somebody_has_made_up_of_this_life_of_it() -> None:
    bench, near, far = linked()
    own = bench.mesh.advert
    bench.receive(near, Adverts((msgspec.structs.replace(own, sequence=500, links=()),)), 1.0)
    said = bench.tick(1.1)
    for link in (near, far):
        (adverts,) = of_kind(Adverts, frames(said, link))
        (outdone,) = adverts.adverts
        assert (outdone.sequence, outdone.links) == (501, own.links)
    assert bench.take_changes() == []


def test_the_same_if_it_has_the_number_of_what_the_hub_has_said() -> None:
    bench, near, _ = linked()
    own = bench.mesh.advert
    for links in ((), own.links[:1]):
        told = msgspec.structs.replace(own, links=links, mark=2**64 - 1)
        bench.receive(near, Adverts((told,)), 1.0)
    assert bench.mesh.advert.sequence == own.sequence + 1
    assert bench.mesh.advert.links == own.links


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 2**63 - 1},
        {"sequence": 2**62},
        {"incarnation": 2000},
        {"incarnation": 2000, "sequence": 1},
        {"incarnation": LAST_GUESS, "sequence": 2**63 - 1},
    ],
)
def test_a_hub_rises_above_numbers_after_which_few_are_left(changes: dict[str, int]) -> None:
    bench, near, _ = linked()
    told = msgspec.structs.replace(bench.mesh.advert, **changes)
    bench.receive(near, Adverts((told,)), 1.0)
    risen = bench.mesh.advert
    assert risen.incarnation == changes.get("incarnation", 1000) + RISE
    assert risen.sequence < 100
    assert bench.take_changes() == [LifeRaised(risen.incarnation)]


# Two hubs that live


def test_people_are_told_once_of_a_hub_that_rises_above_us_and_where_it_is() -> None:
    bench, near, _ = linked()
    said = [
        bench.receive(near, Adverts((advert(OWN, incarnation=incarnation, life=FIRST),)), now)
        for now, incarnation in ((1.0, 5000), (6.0, 5000), (7.0, 200_000), (13.0, 900_000))
    ]
    assert [len(errors(each)) for each in said] == [0, 0, 1, 0]
    assert errors(said[2]) == [
        f"another hub uses our id, {OWN}, at ws://5; give one of the two another hub_peer_id"
        " (HUB_ID)"
    ]


def test_a_hub_that_has_our_id_is_turned_away_at_a_link_and_people_are_told() -> None:
    bench = Bench()
    (dial,) = bench.dial("ws://twin:3000", 0.0)
    link = bench.open(SOCKET, getattr(dial, "opening", 0))
    said = bench.hello(link, OWN, life=FIRST)
    assert closings(said) == {link: (1008, "another hub has this id")}
    assert ["ws://twin:3000" in error for error in errors(said)] == [True]
    again = bench.hello(bench.open(SOCKET), OWN, life=FIRST)
    assert errors(again) == []


# What a hub does for a namesake of another one


@pytest.mark.parametrize("incarnation", [999, 1000, 1001])
def test_a_newcomer_hears_first_what_is_held_of_another_life_of_it(incarnation: int) -> None:
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW, incarnation=incarnation, life=FIRST),)), 1.0)
    said = bench.hello(bench.open(now=2.0), NEW, now=2.0, life=SECOND)
    (adverts, *_) = of_kind(Adverts, frames(said))
    held, own = adverts.adverts
    assert (held.hub, held.incarnation, held.life) == (NEW, incarnation, FIRST)
    assert own == bench.mesh.advert


def test_a_hub_that_links_anew_hears_only_of_us() -> None:
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW, life=FIRST),)), 1.0)
    said = bench.hello(bench.open(now=2.0), NEW, now=2.0, life=FIRST)
    assert of_kind(Adverts, frames(said)) == [Adverts((bench.mesh.advert,))]


def test_who_tells_of_a_life_that_is_over_hears_of_the_later_one_though_that_is_missing() -> None:
    bench, near, far = linked()
    later = advert(NEW, NEAR, incarnation=2000, life=SECOND)
    bench.receive(near, Adverts((advert(NEAR, OWN, NEW, sequence=2), later)), 1.0)
    bench.lose(near, 2.0)
    bench.pass_time(2.0, 6.0, far)
    assert NEW not in bench.mesh.incarnations()
    said = bench.receive(far, Adverts((advert(NEW, life=FIRST, sequence=9),)), 7.0)
    assert frames(said, far) == [Adverts((later,))]
    assert bench.receive(far, Adverts((advert(NEW, incarnation=1, life=SECOND),)), 7.0) == []


def test_nobody_is_answered_over_a_link_that_is_closing() -> None:
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW, incarnation=2000, life=SECOND),)), 1.0)
    bench.receive(near, Bye("done"), 1.1)
    assert frames(bench.receive(near, Adverts((advert(NEW, life=FIRST),)), 1.2)) == []


def test_a_neighbour_is_told_of_another_hub_under_its_id() -> None:
    bench, near, far = linked()
    twin = bench.open(now=0.5)
    bench.hello(twin, NEW, now=0.5, life=FIRST)
    bench.receive(twin, Adverts((advert(NEW, OWN, life=FIRST),)), 0.5)
    bench.tick(0.7)
    bench.receive(near, Adverts((advert(NEW, incarnation=2000, life=SECOND),)), 1.0)
    said = bench.tick(1.1)
    assert lives(said, twin) == lives(said, far) == [(2000, SECOND)]
    assert lives(said, near) == []


def test_a_life_with_the_incarnation_of_the_one_before_is_another_all_the_same() -> None:
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW, sequence=9, life=FIRST),)), 1.0)
    bench.take_changes()
    bench.receive(near, Adverts((advert(NEW, life=SECOND),)), 1.1)
    assert bench.take_changes() == [HubGone(NEW), HubReturned(NEW)]
    bench.receive(near, Adverts((advert(NEW, incarnation=2000, life=THIRD),)), 1.2)
    assert bench.take_changes() == [HubRestarted(NEW, 2000)]


def test_a_life_that_goes_on_though_it_seemed_to_be_over_is_asked_for_what_it_has() -> None:
    """The hub itself may not know that somebody has made up another life of it."""
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW, life=FIRST),)), 1.0)
    bench.receive(near, Adverts((advert(NEW, incarnation=2000, life=SECOND),)), 1.1)
    bench.take_changes()
    bench.receive(near, Adverts((advert(NEW, incarnation=70_000, life=FIRST),)), 1.2)
    back = [HubRestarted(NEW, 70_000), HubGone(NEW), HubReturned(NEW)]
    assert bench.take_changes() == back


def test_only_so_many_lives_that_were_before_are_remembered() -> None:
    for most, is_back in ((1, False), (2, True)):
        bench, near, _ = linked()
        told = [(NEW, FIRST), (HUBS[3], FIRST), (NEW, SECOND), (HUBS[3], SECOND), (NEW, FIRST)]
        for number, (hub, life) in enumerate(told):
            said = advert(hub, incarnation=1000 + number, life=life)
            bench.receive(near, Adverts((said,)), 1.0)
            bench.mesh._gossip._limits = MeshLimits(known_hubs=most + 4 * (number == 0))
        assert (HubReturned(NEW) in bench.take_changes()) == is_back


def test_tables_that_differ_only_in_a_life_are_brought_into_agreement() -> None:
    bench, near, _ = linked()
    bench.receive(near, Adverts((advert(NEW, sequence=9, life=SECOND),)), 1.0)
    entries = [(each.hub, *each.age) for each in bench.mesh.adverts() if each.hub != NEW]
    theirs = Summary((*entries, (NEW, 1000, FIRST, 12)))
    (lacking,) = frames(bench.receive(near, theirs, 5.0))
    assert lacking == Adverts((advert(NEW, sequence=9, life=SECOND),))


# Whole lives


@pytest.mark.parametrize("life", [1, 500, 999, 1000])
@pytest.mark.parametrize("down", [0.5, 8.0])
def test_a_hub_whose_clock_was_set_back_is_heeded_again(life: int, down: float) -> None:
    a, b, c = HUBS[:3]
    meshes = Meshes(a, b, c)
    meshes.dial(b, a)
    meshes.dial(c, a)
    meshes.run(5.0)
    meshes.kill(c)
    meshes.run(down)
    meshes.start(c, a, life=life, seed=7)
    meshes.run(2.0)
    risen = meshes.meshes[c].advert
    assert risen.incarnation == 1000 + RISE
    assert HubRestarted(c, 1000 + RISE) in meshes.changes[b]
    assert risen in meshes.meshes[b].adverts()
    assert meshes.meshes[b].snapshot().known_hubs == 3
