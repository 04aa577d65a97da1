"""From the links that are to the links that should be; and the exchanges that lead there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import (
    Action,
    DropChannel,
    MakeAnswer,
    MakeOffer,
    TakeAnswer,
    TakeCandidate,
)
from peerpigeon.core.interface.events import ChannelCandidate, ChannelDescribed
from peerpigeon.core.wire.hub_frames import (
    Adverts,
    Answer,
    Body,
    Candidate,
    Decline,
    LinkEnd,
    Offer,
    Purpose,
    Routed,
)
from tests.core.mesh.meshes import (
    CHANNEL,
    HUBS,
    OWN,
    SOCKET,
    Bench,
    advert,
    closings,
    frames,
    of_kind,
)

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

BELOW, ABOVE, NEAREST, FAR, FARTHEST = HUBS[4], HUBS[6], HUBS[7], HUBS[9], HUBS[10]
DOOR = HUBS[8]


def spare(hub: PeerId, sequence: int = 2, purpose: Purpose = Purpose.SPARE) -> Adverts:
    """Return the advert of a hub that has no more use for its link to us."""
    ends = tuple(LinkEnd(other, CHANNEL, purpose) for other in (OWN, *HUBS[14:]))
    return Adverts((advert(hub, sequence=sequence, links=ends),))


def bodies(actions: list[Action]) -> list[Body]:
    return [routed.body for routed in of_kind(Routed, frames(actions))]


def knowing(*hubs: PeerId, max_links: int = 3) -> tuple[Bench, int]:
    """Return a hub that is linked to a door by WebSocket and has heard of others."""
    bench = Bench(hub_mesh_max_peers=max_links)
    link = bench.open(SOCKET)
    bench.hello(link, DOOR)
    ends = (LinkEnd(OWN, SOCKET, Purpose.BOOTSTRAP),)
    heard = (advert(DOOR, links=ends), *(advert(hub) for hub in hubs))
    bench.receive(link, Adverts(heard))
    return bench, link


def offer_to(bench: Bench, link: int, now: float = 0.0) -> int:
    """Have an offer to the hub below come from the shell; return the opening."""
    (offer,) = of_kind(MakeOffer, bench.tick(now + 0.2))
    bench.handle(ChannelDescribed(offer.opening, "ours"), now + 0.25)
    return offer.opening


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


def test_answer_and_candidates_are_handed_to_the_channel_they_are_about() -> None:
    bench, link = knowing(BELOW)
    opening = offer_to(bench, link)
    said = bench.routed(link, Answer(opening, "theirs"), BELOW, 0.3)
    assert said == [TakeAnswer(opening, "theirs")]
    said = bench.routed(link, Candidate(opening, "way", is_from_offerer=False), BELOW, 0.3)
    assert said == [TakeCandidate(opening, "way")]
    said = bench.handle(ChannelCandidate(opening, "my way"), 0.3)
    assert bodies(said) == [Candidate(opening, "my way", is_from_offerer=True)]


def test_steps_of_an_exchange_that_is_over_or_never_was_mean_nothing() -> None:
    bench, link = knowing(BELOW)
    opening = offer_to(bench, link)
    strangers: list[tuple[PeerId, Body]] = [
        (BELOW, Answer(opening + 1, "sdp")),
        (ABOVE, Answer(opening, "sdp")),
        (BELOW, Candidate(opening, "way", is_from_offerer=True)),
        (BELOW, Decline(opening + 1, "no place")),
    ]
    for source, step in strangers:
        assert bench.routed(link, step, source, 0.3) == []
    assert bench.handle(ChannelDescribed(99, "sdp"), 0.3) == []
    assert bench.handle(ChannelCandidate(99, "way"), 0.3) == []


def test_who_is_declined_drops_the_channel_and_asks_again_a_second_later() -> None:
    bench, link = knowing(BELOW)
    opening = offer_to(bench, link)
    said = bench.routed(link, Decline(opening, "no place"), BELOW, 0.3)
    assert said == [DropChannel(opening)]
    assert of_kind(MakeOffer, bench.pass_time(0.31, 0.45, link)) == []
    assert of_kind(MakeOffer, bench.pass_time(0.75, 1.7, link)) != []


def test_an_offer_without_an_answer_is_given_up() -> None:
    bench, link = knowing(BELOW)
    opening = offer_to(bench, link)
    said = bench.pass_time(0.3, 4.0, link)
    assert DropChannel(opening) in said


def test_an_offer_is_answered_with_what_the_shell_makes_of_it() -> None:
    bench, link = knowing(ABOVE)
    (make,) = bench.routed(link, Offer(7, "theirs"), ABOVE)
    assert isinstance(make, MakeAnswer)
    assert make.sdp == "theirs"
    said = bench.handle(ChannelDescribed(make.opening, "ours"), 0.1)
    assert bodies(said) == [Answer(7, "ours")]
    said = bench.handle(ChannelCandidate(make.opening, "way"), 0.1)
    assert bodies(said) == [Candidate(7, "way", is_from_offerer=False)]
    said = bench.routed(link, Candidate(7, "theirs", is_from_offerer=True), ABOVE, 0.2)
    assert said == [TakeCandidate(make.opening, "theirs")]


# Glare


def test_of_two_crossing_offers_that_of_the_larger_id_stands() -> None:
    bench, link = knowing(BELOW)
    offer_to(bench, link)
    assert bench.routed(link, Offer(7, "theirs"), BELOW, 0.3) == []


def test_the_smaller_id_gives_its_own_offer_up_for_the_larger_ones() -> None:
    bench, link = knowing(ABOVE)
    bench.tick(0.2)
    makes = of_kind(MakeOffer, bench.tick(0.8))
    for make in makes:
        bench.handle(ChannelDescribed(make.opening, "ours"), 0.85)
    dropped, answer = bench.routed(link, Offer(7, "theirs"), ABOVE, 0.9)
    assert isinstance(dropped, DropChannel)
    assert dropped.opening in [make.opening for make in makes]
    assert isinstance(answer, MakeAnswer)


# Places


def test_a_hub_whose_places_are_taken_declines() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    bench.link(BELOW)
    link = bench.link(ABOVE)
    bench.receive(link, Adverts((advert(FAR),)))
    assert bodies(bench.routed(link, Offer(7, "sdp"), FAR)) == [Decline(7, "no place")]


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


def test_a_hub_that_has_lost_its_channel_to_us_gets_another() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    for hub in (BELOW, ABOVE):
        bench.link(hub)
    link = bench.link(FAR)
    assert len(of_kind(MakeAnswer, bench.routed(link, Offer(7, "sdp"), FAR))) == 1


def test_a_hub_that_is_about_to_stop_is_not_asked_for_a_shortcut() -> None:
    for is_draining in (False, True):
        bench, link = knowing(BELOW, ABOVE)
        bench.receive(link, Adverts((advert(HUBS[1], is_draining=is_draining),)))
        offers = of_kind(MakeOffer, bench.tick(0.3))
        assert len(offers) == (1 if is_draining else 2)


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
