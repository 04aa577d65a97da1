"""What comes over links reaches the part that it concerns, or nothing."""

from __future__ import annotations

import msgspec

from peerpigeon.core.changes import Arrived
from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.events import LinkLost, OpeningFailed
from peerpigeon.core.wire.hub_frames import Ack, Heartbeat, Offer, Sealed, Segment
from peerpigeon.core.wire.hub_news import Find
from tests.core.mesh.meshes import HUBS, OWN, Bench

ACK = Ack(1, 2)
NEWS = Segment(1, 1, 1, Find("net1", HUBS[0]))


def test_frames_and_ends_of_links_that_are_closed_mean_nothing() -> None:
    bench = Bench()
    assert bench.receive(9, Heartbeat(1)) == []
    assert bench.handle(LinkLost(LinkId(9), 1006, ""), 0.0) == []
    assert bench.handle(OpeningFailed(9, "refused"), 0.0) == []


def test_a_body_for_this_hub_arrives() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    for body in (ACK, NEWS):
        assert bench.routed(link, body, HUBS[9], destination_incarnation=1000) == []
    assert bench.take_changes() == [Arrived(HUBS[9], 1000, ACK), Arrived(HUBS[9], 1000, NEWS)]


def test_a_body_for_an_earlier_life_of_this_hub_is_dropped() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    assert bench.routed(link, ACK, HUBS[9], destination_incarnation=999) == []
    assert bench.take_changes() == []


def test_a_body_that_cannot_be_read_is_dropped() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    sealed = Sealed(HUBS[9], 1000, OWN, 1000, 9, msgspec.Raw(b"\xc1"))
    assert bench.receive(link, sealed) == []
    assert bench.take_changes() == []


def test_a_body_from_this_hub_itself_is_dropped() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    assert bench.routed(link, ACK, OWN) == []
    assert bench.routed(link, Offer(1, "sdp"), OWN) == []
    assert bench.take_changes() == []
