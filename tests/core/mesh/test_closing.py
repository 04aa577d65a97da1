"""A link closed in good order is heard until the other end is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import Arrived, HubFound, RoutesChanged
from peerpigeon.core.ids import LinkId
from peerpigeon.core.interface.actions import CloseLink, SendToLink
from peerpigeon.core.wire.hub_frames import Ack, Adverts, Bye, Heartbeat
from tests.core.mesh.meshes import CHANNEL, HUBS, SOCKET, Bench, advert, closings, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId

ACK = Ack(1, 2)


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


def test_saying_goodbye_again_and_again_keeps_no_link_open() -> None:
    bench = Bench()
    link = bench.link(HUBS[1], SOCKET)
    assert SendToLink(link, Bye("soon")) in bench.receive(link, Bye("soon"), 1.0)
    for now in (1.5, 2.0, 2.5):
        assert bench.receive(link, Bye("soon"), now) == []
    assert of_kind(CloseLink, bench.pass_time(3.0, 3.9)) == [CloseLink(link, 1000, "soon")]


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
