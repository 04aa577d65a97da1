"""Frames for other hubs are passed on, as long as that can be of use."""

from __future__ import annotations

from peerpigeon.core.interface.actions import SendToLink
from peerpigeon.core.wire.hub_frames import Ack, Routed
from tests.core.mesh.meshes import HUBS, Bench, frames, of_kind

ACK = Ack(1, 2)


def test_a_frame_is_passed_on_with_one_hop_less_until_none_is_left() -> None:
    bench = Bench()
    near, far = bench.link(HUBS[1]), bench.link(HUBS[9])
    (passed,) = bench.routed(near, ACK, HUBS[1], destination=HUBS[9], ttl=2)
    assert passed == SendToLink(far, Routed(HUBS[1], 1000, HUBS[9], 0, 1, ACK))
    assert bench.routed(near, ACK, HUBS[1], destination=HUBS[9], ttl=1) == []


def test_no_frame_is_passed_on_with_more_hops_than_a_mesh_can_take() -> None:
    bench = Bench()
    near, _ = bench.link(HUBS[1]), bench.link(HUBS[9])
    (passed,) = bench.routed(near, ACK, HUBS[1], destination=HUBS[9], ttl=10**9)
    assert of_kind(Routed, frames([passed]))[0].ttl == 32


def test_a_frame_to_where_no_way_is_known_is_not_sent_back() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    assert bench.routed(link, ACK, HUBS[1], destination=HUBS[2]) == []


def test_without_a_neighbour_there_is_no_way_to_anybody() -> None:
    assert Bench().send(HUBS[1], 0, ACK, 0.0) == []
