"""From the links that are to the links that should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from peerpigeon.core.interface.actions import DropChannel, MakeAnswer, MakeOffer
from peerpigeon.core.interface.events import ChannelDescribed
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import Adverts, LinkEnd, Offer, Purpose, Routed
from tests.core.mesh.benches import FAR, knowing
from tests.core.mesh.meshes import CHANNEL, HUBS, OWN, Bench, advert, closings, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

BELOW, ABOVE, NEAREST, FARTHEST = HUBS[4], HUBS[6], HUBS[7], HUBS[10]


def spare(hub: PeerId, sequence: int = 2, purpose: Purpose = Purpose.SPARE) -> Adverts:
    """Return the advert of a hub that has no more use for its link to us."""
    ends = tuple(LinkEnd(other, CHANNEL, purpose) for other in (OWN, *HUBS[14:]))
    return Adverts((advert(hub, sequence=sequence, links=ends),))


# What is begun


def test_an_offer_goes_to_each_hub_wanted_whose_id_is_smaller_at_once() -> None:
    bench, link = knowing(BELOW, ABOVE, NEAREST)
    (make,) = of_kind(MakeOffer, bench.tick(0.2))
    said = bench.handle(ChannelDescribed(make.opening, "sdp"), 0.25)
    (routed,) = of_kind(Routed, frames(said, link))
    assert routed == Routed(OWN, 1000, BELOW, 1000, 32, Offer(make.opening, "sdp"))


def test_the_offer_of_a_larger_id_is_awaited_for_half_a_second() -> None:
    bench, _ = knowing(ABOVE)
    assert of_kind(MakeOffer, bench.tick(0.2)) == []
    assert len(of_kind(MakeOffer, bench.pass_time(0.2, 0.75))) == 2


# When hubs come one upon the other

CALM = MeshLimits(calm_per_hub=0.1, longest_calm=0.6, longest_coming=1.5)


def coming(limits: MeshLimits, *times: float) -> Bench:
    """Return a hub that is linked to a door, and hears of another hub at each of the times."""
    bench, link = knowing(limits=limits, max_links=2)
    bench.pass_time(0.0, 1.0, link)
    for hub, when in zip(HUBS, times, strict=False):
        assert of_kind(MakeOffer, bench.tick(when - 0.01)) == []
        bench.receive(link, Adverts((advert(hub),)), when)
    return bench


def test_nothing_is_planned_while_hubs_come_one_upon_the_other() -> None:
    bench = coming(CALM, 2.0, 2.25, 2.6)
    assert of_kind(MakeOffer, bench.tick(3.09)) == []
    assert len(of_kind(MakeOffer, bench.tick(3.11))) == 1
    assert bench.mesh.deadline() > 3.11


def test_hubs_that_come_without_end_do_not_keep_a_hub_from_planning() -> None:
    bench = coming(CALM, 2.0, 2.2, 2.5, 2.8, 3.2, 3.4)
    assert of_kind(MakeOffer, bench.tick(3.49)) == []
    assert len(of_kind(MakeOffer, bench.tick(3.51))) == 1


def test_the_wait_for_more_hubs_is_no_longer_than_its_limit() -> None:
    bench = coming(replace(CALM, longest_calm=0.35), 2.0, 2.25, 2.6)
    assert of_kind(MakeOffer, bench.tick(2.94)) == []
    assert len(of_kind(MakeOffer, bench.tick(2.96))) == 1


# Places


def test_a_hub_that_is_wanted_may_have_one_place_more_until_another_link_is_closed() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    bench.link(BELOW)
    link = bench.link(FAR)
    bench.receive(link, Adverts((advert(ABOVE),)))
    assert len(of_kind(MakeAnswer, bench.routed(link, Offer(7, "sdp"), ABOVE))) == 1
    again = bench.routed(link, Offer(8, "sdp"), ABOVE)
    assert len(of_kind(DropChannel, again)) == len(of_kind(MakeAnswer, again)) == 1


def test_a_hub_with_room_takes_whoever_asks() -> None:
    bench, link = knowing(BELOW, ABOVE, NEAREST, FARTHEST)
    assert len(of_kind(MakeAnswer, bench.routed(link, Offer(7, "sdp"), FARTHEST))) == 1


def test_a_hub_that_is_about_to_stop_is_not_asked_for_a_shortcut() -> None:
    for is_draining in (False, True):
        bench, link = knowing(BELOW, ABOVE)
        bench.receive(link, Adverts((advert(HUBS[1], is_draining=is_draining),)))
        offers = of_kind(MakeOffer, bench.tick(0.3))
        assert len(offers) == (1 if is_draining else 2)


@pytest.mark.parametrize("is_draining", [False, True])
def test_a_hub_that_is_about_to_stop_gets_no_place_above_the_maximum(is_draining: bool) -> None:
    bench = Bench(hub_mesh_max_peers=3)
    link, *_ = [bench.link(hub) for hub in (BELOW, ABOVE, FAR)]
    bench.receive(link, Adverts((advert(NEAREST, is_draining=is_draining),)))
    answers = of_kind(MakeAnswer, bench.routed(link, Offer(7, "sdp"), NEAREST))
    assert len(answers) == (0 if is_draining else 1)


# What is closed


def test_a_link_is_kept_until_the_one_that_is_to_replace_it_is_there() -> None:
    bench = Bench(hub_mesh_max_peers=3)
    links = [bench.link(hub) for hub in (BELOW, ABOVE, FAR)]
    bench.receive(links[0], Adverts((advert(NEAREST),)))
    bench.receive(links[2], spare(FAR))
    assert closings(bench.pass_time(0.0, 5.0, *links)) == {}
    better = bench.link(NEAREST, now=6.0)
    assert closings(bench.pass_time(6.0, 6.5, *links, better)) == {3: (1000, "not wanted")}


def test_no_link_is_closed_while_places_are_free_although_its_other_end_has_no_use_for_it() -> None:
    bench = Bench(hub_mesh_max_peers=3)
    links = [bench.link(hub) for hub in (BELOW, ABOVE, FAR)]
    bench.receive(links[2], spare(FAR))
    assert closings(bench.pass_time(0.0, 5.0, *links)) == {}


def test_the_least_wanted_link_above_the_maximum_is_closed() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    for hub in (BELOW, FAR, ABOVE):
        bench.link(hub)
    assert closings(bench.tick(0.2)) == {2: (1000, "not wanted")}


def test_a_link_that_its_other_end_wants_goes_last() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    for hub in (BELOW, NEAREST, FAR, ABOVE):
        bench.link(hub)
    bench.receive(2, spare(NEAREST))
    assert list(closings(bench.tick(0.2))) == [2, 3]


def test_a_link_with_a_purpose_that_only_newer_hubs_know_counts_as_wanted() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    for hub in (BELOW, NEAREST, FAR, ABOVE):
        bench.link(hub)
    bench.receive(2, spare(NEAREST))
    bench.receive(3, spare(FAR, purpose=Purpose(7)))
    assert list(closings(bench.tick(0.2))) == [2, 3]


def test_a_link_that_is_the_only_one_its_other_end_has_is_kept() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    bench.link(BELOW)
    bench.link(FAR, others=())
    bench.link(ABOVE)
    assert closings(bench.tick(0.2)) == {}
    bench.receive(2, Adverts((advert(FAR, OWN, *HUBS[14:], sequence=2),)), 0.3)
    assert closings(bench.tick(0.5)) == {2: (1000, "not wanted")}


def test_a_hub_with_two_links_is_kept_until_they_are_those_of_the_ring() -> None:
    """Else two hubs that have each other and one more might lose both others at one moment."""
    bench = Bench(hub_mesh_max_peers=2)
    for hub in (BELOW, FAR, ABOVE):
        bench.link(hub)
    bench.receive(2, Adverts((advert(FAR, OWN, HUBS[15], sequence=2),)), 0.1)
    assert closings(bench.tick(0.3)) == {}
    bench.receive(2, Adverts((advert(FAR, BELOW, ABOVE, sequence=3),)), 0.4)
    assert closings(bench.tick(0.7)) == {2: (1000, "not wanted")}
