"""A hub that knows the secret and lies: what it says in the names of others does no lasting harm.

Three hubs stand in a row. The one in the middle says to the first one what the last one never said.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from peerpigeon.core.ids import PeerId, generate_peer_id
from peerpigeon.core.interface.events import LinkReceived, Tick
from peerpigeon.core.interface.notices import HubUnregistered
from peerpigeon.core.wire.hub_frames import Ack, Advert, Adverts, Frame, Routed, Segment
from peerpigeon.core.wire.hub_news import More
from peerpigeon.core.wire.ranges import LAST_INCARNATION
from tests.core.harness import A, B
from tests.core.hubs import EPOCH, FIRST, SECOND, THIRD, Hubs, linked

LIFE = int(EPOCH * 1000)
LAST = 2**63 - 1


def lie(hubs: Hubs, frame: Frame) -> None:
    """Let the first hub hear a frame from the middle one."""
    link = next(end[1] for end in hubs.others if end[0] == 0)
    hubs.feed(0, LinkReceived(link, frame))


def segment(epoch: int, incarnation: int = LIFE, lane: int = 0, number: int = 0) -> Routed:
    body = Segment(epoch, number, number, More("net1", B, 1), lane)
    return Routed(THIRD, incarnation, FIRST, LIFE, 5, body)


def ack(epoch: int, incarnation: int = LIFE, lane: int = 0, number: int = 0) -> Routed:
    return Routed(THIRD, incarnation, FIRST, LIFE, 5, Ack(epoch, number, lane))


def test_a_signal_that_is_nested_too_deeply_for_other_hubs_is_refused_at_the_first_one() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    hubs.take(b)
    for depth in (127, 128):
        data: Any = "x"
        for _ in range(depth + 1):
            data = [data]
        hubs.signal(a, B, data)
    hubs.pass_time(1.0)
    assert hubs.take_types(b) == ["offer"]
    (error,) = hubs.take(a)
    assert error["data"]["reason"] == "too-deep"


LIES = [
    segment(2**62),
    segment(LAST),
    segment(LAST, number=LAST),
    segment(7, incarnation=LAST_INCARNATION),
    segment(LAST, incarnation=LAST_INCARNATION, number=LAST),
    ack(LAST, number=LAST),
    ack(7, incarnation=LAST_INCARNATION),
]


@pytest.mark.parametrize("told", LIES, ids=range(len(LIES)))
@pytest.mark.parametrize("lane", [0, 1])
def test_a_lie_about_a_stream_keeps_nobody_apart(told: Routed, lane: int) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a, b = hubs.join(0, A), hubs.join(2, B)
    for one, peer in ((a, B), (b, A)):
        hubs.signal(one, peer, "before")
        hubs.run()
    body = told.body
    assert isinstance(body, Segment | Ack)
    lane_of = (
        Segment(body.epoch, body.sequence, body.floor, body.news, lane)
        if isinstance(body, Segment)
        else Ack(body.epoch, body.next_sequence, lane)
    )
    lie(hubs, Routed(THIRD, told.source_incarnation, FIRST, LIFE, 5, lane_of))
    hubs.run()
    hubs.pass_time(1.0)
    hubs.sent.clear()
    for one, peer in ((a, B), (b, A)):
        hubs.signal(one, peer, "after")
    c = hubs.join(2, PeerId("c" * 40))
    hubs.pass_time(4.0)
    assert [said["data"] for said in hubs.take(b) if said["type"] == "offer"] == ["after"]
    assert [said["data"] for said in hubs.take(a) if said["type"] == "offer"] == ["after"]
    hubs.signal(a, "c" * 40, "to the newcomer")
    hubs.pass_time(2.0)
    assert "offer" in hubs.take_types(c)


ADVERTS: list[dict[str, Any]] = [
    {"incarnation": LAST_INCARNATION, "life": 77},
    {"incarnation": 2**42, "life": 77, "sequence": LAST},
    {"sequence": LAST},
    {"sequence": 1000, "links": ()},
    {"incarnation": LAST_INCARNATION},
]


@pytest.mark.parametrize("changes", ADVERTS, ids=range(len(ADVERTS)))
def test_a_lie_about_a_hub_keeps_nobody_apart_after_the_liar_has_left(
    changes: dict[str, Any],
) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a, b = hubs.join(0, A), hubs.join(2, B)
    told = hubs.hubs[2].advert
    assert told is not None
    lie(hubs, Adverts((replace(told, **changes),)))
    hubs.run()
    for end in [end for end in hubs.others if end[0] == 1]:
        hubs.cut(end)
    hubs.link(0, 2)
    hubs.run()
    hubs.pass_time(15.0)
    hubs.sent.clear()
    for one, peer in ((a, B), (b, A)):
        hubs.signal(one, peer, "after")
    hubs.pass_time(3.0)
    assert hubs.take_types(a) == ["offer"]
    assert hubs.take_types(b) == ["offer"]


def test_a_hub_that_is_not_known_yet_is_not_shut_out_by_what_was_said_in_its_name() -> None:
    hubs = Hubs(FIRST, SECOND, THIRD)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    for lane in (0, 1):
        lie(hubs, segment(LAST, incarnation=LAST_INCARNATION, lane=lane))
    hubs.run()
    hubs.link(1, 2)
    hubs.run()
    hubs.pass_time(3.0)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.pass_time(3.0)
    hubs.sent.clear()
    for one, peer in ((a, B), (b, A)):
        hubs.signal(one, peer, "hello")
    hubs.pass_time(3.0)
    assert hubs.take_types(a) == ["offer"]
    assert hubs.take_types(b) == ["offer"]


def test_hubs_that_somebody_has_made_up_are_put_out_step_by_step() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.pass_time(1.0)
    rng = Random(1)
    made_up = [generate_peer_id(rng) for _ in range(300)]
    told = [Advert(hub, LIFE, 1, number, (), (), life=1) for number, hub in enumerate(made_up)]
    lie(hubs, Adverts(tuple(told)))
    hubs.pass_time(1.0)
    placement = hubs.hubs[0]._namespaces.placement
    before = placement.rendezvous_hubs("net1")
    assert not {FIRST, SECOND} & set(before)
    steps: list[int] = []
    placed = []
    while len(steps) < 5:
        hubs.notices[0].clear()
        hubs.feed(0, Tick())
        gone = [each.peer_id for each in hubs.notices[0] if isinstance(each, HubUnregistered)]
        if gone:
            steps.append(len(gone))
            placed.append(placement.rendezvous_hubs("net1"))
        else:
            hubs.now += 0.1
    assert steps == [64, 64, 64, 64, 44]
    # Namespaces are not moved to some that are as good as gone.
    assert placed[:4] == [before] * 4
    assert set(placed[4]) == {FIRST, SECOND}
