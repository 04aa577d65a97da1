"""Offers, answers and candidates go to the channel that they are about, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import (
    DropChannel,
    MakeAnswer,
    MakeOffer,
    TakeAnswer,
    TakeCandidate,
)
from peerpigeon.core.interface.events import ChannelCandidate, ChannelDescribed
from peerpigeon.core.wire.hub_frames import Adverts, Answer, Body, Candidate, Decline, Offer
from tests.core.mesh.benches import FAR, bodies, knowing
from tests.core.mesh.meshes import HUBS, Bench, advert, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

BELOW, ABOVE = HUBS[4], HUBS[6]


def offer_to(bench: Bench, link: int, now: float = 0.0) -> int:
    """Have an offer to the hub below come from the shell; return the opening."""
    (offer,) = of_kind(MakeOffer, bench.tick(now + 0.2))
    bench.handle(ChannelDescribed(offer.opening, "ours"), now + 0.25)
    return offer.opening


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


def test_a_hub_whose_places_are_taken_declines() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    bench.link(BELOW)
    link = bench.link(ABOVE)
    bench.receive(link, Adverts((advert(FAR),)))
    assert bodies(bench.routed(link, Offer(7, "sdp"), FAR)) == [Decline(7, "no place")]


def test_a_hub_that_has_lost_its_channel_to_us_gets_another() -> None:
    bench = Bench(hub_mesh_max_peers=2)
    for hub in (BELOW, ABOVE):
        bench.link(hub)
    link = bench.link(FAR)
    assert len(of_kind(MakeAnswer, bench.routed(link, Offer(7, "sdp"), FAR))) == 1
