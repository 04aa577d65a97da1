"""Who is let in at a link (S4), and which of two links to one hub stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.changes import RoutesChanged
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.actions import SendToLink, Warn
from peerpigeon.core.wire.hub_frames import VERSION, Ack, Adverts, Heartbeat, Hello, Routed
from tests.core.mesh.meshes import CHANNEL, HUBS, OWN, SOCKET, Bench, closings, notices

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

ACK = Ack(1, 2)


# Hello


def test_a_link_begins_with_the_hello_of_this_hub() -> None:
    bench = Bench(hub_mesh_namespace="ours")
    link = bench.open()
    own = bench.mesh.advert
    hello = Hello(OWN, own.life, "ours", VERSION, own.mark)
    assert bench.opened == [SendToLink(link, hello)]


@pytest.mark.parametrize(
    ("hub", "changes", "reason"),
    [
        (HUBS[1], {"namespace": "other"}, "another hub mesh namespace"),
        (HUBS[1], {"version": 1}, "protocol version 2 is spoken here"),
        (OWN, {"life": Bench().mesh.advert.life}, "this hub itself"),
    ],
)
def test_who_does_not_belong_here_is_refused_s4(
    hub: PeerId, changes: dict[str, Any], reason: str
) -> None:
    bench = Bench()
    link = bench.open()
    actions = bench.hello(link, hub, **changes)
    assert closings(actions) == {link: (1008, reason)}
    # That an address leads back to the hub is no fault.
    told = [(warn.peer, warn.reason) for warn in actions if isinstance(warn, Warn)]
    assert told == ([] if hub == OWN else [(hub, reason)])
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
    assert closings(bench.hello(new, HUBS[9], life=2000)) == {old: (1000, "second link")}


def test_a_hub_that_opens_a_channel_anew_has_lost_the_old_one() -> None:
    bench = Bench()
    old = bench.link(HUBS[1], CHANNEL)
    new = bench.open(CHANNEL)
    said = bench.hello(new, HUBS[1])
    assert closings(said) == {old: (1000, "second link")}
    assert notices(said) == []
    assert closings(bench.lose(old)) == {}
    assert bench.mesh.snapshot().p2p_links == 1
