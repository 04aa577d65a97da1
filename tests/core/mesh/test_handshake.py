"""Who is let in at a link (S4), and which of two links to one hub stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.changes import Arrived, HubFound, RoutesChanged
from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.actions import CloseLink, SendToLink
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import (
    VERSION,
    Ack,
    Adverts,
    Bye,
    Find,
    Heartbeat,
    Hello,
    Routed,
    Segment,
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
    notices,
    of_kind,
)

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId, PeerId

ACK = Ack(1, 2)
NEWS = Segment(1, 1, 1, Find("net1", HUBS[0]))


# Hello


def test_a_link_begins_with_the_hello_of_this_hub() -> None:
    bench = Bench(hub_mesh_namespace="ours")
    link = bench.open()
    own = bench.mesh.advert
    hello = Hello(OWN, 1000, "ours", VERSION, own.mark)
    assert bench.opened == [SendToLink(link, hello)]


@pytest.mark.parametrize(
    ("hub", "changes", "reason"),
    [
        (HUBS[1], {"namespace": "other"}, "another hub mesh namespace"),
        (HUBS[1], {"version": 2}, "protocol version 1 is spoken here"),
        (OWN, {}, "this hub itself"),
    ],
)
def test_who_does_not_belong_here_is_refused_s4(
    hub: PeerId, changes: dict[str, Any], reason: str
) -> None:
    bench = Bench()
    link = bench.open()
    actions = bench.hello(link, hub, **changes)
    assert actions == [CloseLink(link, 1008, reason)]
    assert bench.receive(link, Heartbeat(1)) == []
    assert bench.take_changes() == []


@pytest.mark.parametrize("frame", [Heartbeat(1), Adverts(()), Routed(OWN, 1, HUBS[1], 1, 9, ACK)])
def test_nothing_goes_before_a_hello(frame: Heartbeat | Adverts | Routed) -> None:
    bench = Bench()
    link = bench.open()
    assert closings(bench.receive(link, frame)) == {link: (1008, "a link begins with one hello")}


def test_a_second_hello_ends_the_link() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    assert closings(bench.hello(link, HUBS[1])) == {link: (1008, "a link begins with one hello")}
    assert bench.take_changes()[-1] == RoutesChanged()


def test_a_link_whose_other_end_says_nothing_is_closed_after_three_heartbeats() -> None:
    bench = Bench()
    link = bench.open(SOCKET)
    assert closings(bench.pass_time(0.0, 2.9)) == {}
    assert closings(bench.pass_time(3.0, 4.0)) == {link: (1008, "silent")}


def test_saying_goodbye_again_and_again_keeps_no_link_open() -> None:
    bench = Bench()
    link = bench.open(SOCKET)
    assert bench.receive(link, Bye("soon"), 1.0) == [SendToLink(link, Bye("soon"))]
    for now in (1.5, 2.0, 2.5):
        assert bench.receive(link, Bye("soon"), now) == []
    assert of_kind(CloseLink, bench.pass_time(3.0, 3.9)) == [CloseLink(link, 1000, "soon")]


def test_beyond_the_limit_no_link_is_accepted_but_our_own_are() -> None:
    bench = Bench(limits=MeshLimits(open_links=3))
    for _ in range(3):
        bench.open(SOCKET)
    link = bench.open(SOCKET)
    assert bench.opened == [CloseLink(link, 1013, "too many links")]
    assert bench.hello(link, HUBS[1]) == []
    bench.open(SOCKET, opening=1)
    assert of_kind(CloseLink, bench.opened) == []


# Taking leave


def leaving() -> tuple[Bench, LinkId, LinkId]:
    """Return a bench that is leaving the second of its links, to ``HUBS[9]``."""
    bench = Bench()
    kept, left = bench.link(HUBS[1]), bench.link(HUBS[9], SOCKET)
    bench.link(HUBS[9], CHANNEL)
    said = bench.pass_time(0.0, 10.5, 1, 2, 3)
    assert SendToLink(left, Bye("migrated to P2P")) in said
    assert closings(said)[left] == (1000, "migrated to P2P")
    bench.take_changes()
    return bench, kept, left


def test_what_was_on_its_way_over_a_link_that_is_being_left_arrives() -> None:
    bench, kept, left = leaving()
    assert bench.routed(left, ACK, HUBS[9], 10.5) == []
    assert bench.take_changes() == [Arrived(HUBS[9], 1000, ACK)]
    (passed,) = bench.routed(left, ACK, HUBS[9], 10.5, destination=HUBS[1])
    assert of_kind(SendToLink, [passed])[0].link == kept
    newcomer = advert(HUBS[4], HUBS[9])
    bench.receive(left, Adverts((newcomer,)), 10.5)
    assert bench.take_changes() == [HubFound(HUBS[4])]


def test_a_link_that_is_being_left_is_closed_when_the_other_end_is_done() -> None:
    bench, _, left = leaving()
    assert bench.receive(left, Heartbeat(1), 10.5) == []
    assert bench.receive(left, Bye("as you like"), 10.5) == [
        CloseLink(left, 1000, "migrated to P2P")
    ]
    assert bench.receive(left, Heartbeat(1), 10.5) == []
    assert of_kind(CloseLink, bench.pass_time(10.5, 19.5, 1, 3)) == []


def test_a_link_that_is_being_left_is_closed_if_the_other_end_says_nothing() -> None:
    bench, _, left = leaving()
    assert of_kind(CloseLink, bench.pass_time(10.5, 19.5, 1, 3)) == [
        CloseLink(left, 1000, "migrated to P2P")
    ]


def test_a_link_that_breaks_while_it_is_being_left_is_forgotten() -> None:
    bench, _, left = leaving()
    assert bench.lose(left, 10.5) == []
    assert bench.take_changes() == []
    assert of_kind(CloseLink, bench.pass_time(10.5, 19.5, 1, 3)) == []


def test_who_is_left_says_goodbye_and_sends_nothing_more() -> None:
    bench = Bench()
    link = bench.link(HUBS[9])
    bench.take_changes()
    assert frames(bench.receive(link, Bye("not wanted"), 0.1)) == [Bye("not wanted")]
    assert bench.take_changes() == [RoutesChanged()]
    assert bench.send(HUBS[9], 1000, ACK, 0.1) == []
    assert bench.lose(link, 0.2) == []


# Second links


@pytest.mark.parametrize("other", [HUBS[1], HUBS[9]])
def test_of_links_that_both_hubs_have_dialled_both_keep_that_of_the_larger_id(
    other: PeerId,
) -> None:
    mine, theirs = 1, 0
    for first, second in ((mine, theirs), (theirs, mine)):
        bench = Bench()
        links = {first: bench.open(SOCKET, first), second: bench.open(SOCKET, second)}
        said = bench.hello(links[first], other) + bench.hello(links[second], other)
        closed = links[theirs if other < OWN else mine]
        assert closings(said) == {closed: (1000, "second link")}
        assert bench.mesh.snapshot().websocket_links == 1
        assert bench.take_changes() == [RoutesChanged()]


def test_a_link_of_a_new_life_takes_the_place_of_the_old_one() -> None:
    bench = Bench()
    old = bench.link(HUBS[9], SOCKET)
    new = bench.open(SOCKET, opening=1)
    assert closings(bench.hello(new, HUBS[9], incarnation=2000)) == {old: (1000, "second link")}


def test_a_hub_that_opens_a_channel_anew_has_lost_the_old_one() -> None:
    bench = Bench()
    old = bench.link(HUBS[1], CHANNEL)
    new = bench.open(CHANNEL)
    said = bench.hello(new, HUBS[1])
    assert closings(said) == {old: (1000, "second link")}
    assert notices(said) == []
    assert closings(bench.lose(old)) == {}
    assert bench.mesh.snapshot().p2p_links == 1
