"""A data channel that does not come to be: the log says with which hub, at which stage."""

from __future__ import annotations

import pytest

from peerpigeon.core.interface.actions import MakeOffer, Warn
from peerpigeon.core.interface.events import (
    NO_ENGINE,
    ChannelAdvanced,
    ChannelDescribed,
    OpeningFailed,
)
from peerpigeon.core.wire.hub_frames import Answer
from tests.core.mesh.benches import knowing
from tests.core.mesh.meshes import HUBS, of_kind

BELOW = HUBS[4]
WAY = "10.0.0.1 to 10.0.0.2"


@pytest.mark.parametrize(
    ("stages", "named"),
    [
        ((), "no data channel to a hub, at the stage ICE: UDP does not pass"),
        (("ICE",), "no data channel to a hub, at the stage ICE: UDP does not pass"),
        (("ICE", "DTLS"), "no data channel to a hub, at the stage DTLS: UDP passes"),
        (("ICE", "DTLS", "SCTP"), "no data channel to a hub, at the stage SCTP: an encrypted"),
        (("one of a later release",), "no data channel to a hub, at the stage ICE: UDP"),
    ],
)
@pytest.mark.parametrize("ends", ["in silence", "by the engine"])
def test_the_stage_at_which_it_ends_is_told(stages: tuple[str, ...], named: str, ends: str) -> None:
    bench, link = knowing(BELOW)
    (offer,) = of_kind(MakeOffer, bench.tick(0.2))
    bench.handle(ChannelDescribed(offer.opening, "ours"), 0.25)
    bench.routed(link, Answer(offer.opening, "theirs"), BELOW, 0.3)
    for stage in stages:
        way = WAY if stage == stages[0] else ""
        assert bench.handle(ChannelAdvanced(offer.opening, stage, way), 0.4) == []
    if ends == "in silence":
        said = bench.pass_time(0.4, 7.0, link)
    else:
        said = bench.handle(OpeningFailed(offer.opening, "no way was found"), 0.5)
    [warn] = of_kind(Warn, said)
    assert warn.text.startswith(named)
    assert (warn.peer, warn.apart, warn.address) == (BELOW, BELOW, "ws://4")
    assert warn.reason.endswith(WAY) is bool(stages)


def test_a_channel_that_cannot_even_be_begun_is_told_of() -> None:
    bench, _ = knowing(BELOW)
    (offer,) = of_kind(MakeOffer, bench.tick(0.2))
    [warn] = of_kind(Warn, bench.handle(OpeningFailed(offer.opening, "no socket"), 0.3))
    assert warn.text.startswith("no data channel to a hub can be begun")
    assert warn.reason == "no socket"


def test_where_no_channel_is_wanted_or_nobody_answers_nothing_is_told() -> None:
    bench, _ = knowing(BELOW)
    (offer,) = of_kind(MakeOffer, bench.tick(0.2))
    assert of_kind(Warn, bench.handle(OpeningFailed(offer.opening, NO_ENGINE), 0.3)) == []
    bench, link = knowing(BELOW)
    (offer,) = of_kind(MakeOffer, bench.tick(0.2))
    bench.handle(ChannelDescribed(offer.opening, "ours"), 0.25)
    assert of_kind(Warn, bench.pass_time(0.3, 3.5, link)) == [], "the other hub may have gone"


def test_what_comes_late_is_about_nothing() -> None:
    bench, _ = knowing(BELOW)
    assert bench.handle(ChannelAdvanced(99, "DTLS"), 0.1) == []
