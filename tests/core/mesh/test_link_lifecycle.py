"""A link from its beginning to its end, and what follows for the hub."""

from __future__ import annotations

from peerpigeon.core.changes import HubFound, RoutesChanged
from peerpigeon.core.interface.actions import CloseLink
from peerpigeon.core.interface.notices import (
    HubDiscovered,
    HubMeshReady,
    HubP2PConnected,
    HubP2PDisconnected,
)
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_frames import Adverts, Bye
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


def test_people_hear_of_the_first_channel_to_a_hub_and_the_end_of_the_last() -> None:
    bench = Bench(hub_mesh_min_peers=2)
    link = bench.open(CHANNEL)
    assert notices(bench.hello(link, HUBS[1])) == [HubP2PConnected(HUBS[1])]
    heard = notices(bench.receive(link, Adverts((advert(HUBS[1], OWN),))))
    assert heard == [HubDiscovered(HUBS[1], HUBS[1], ("ws://1",)), HubMeshReady(1, 2)]
    assert notices(bench.lose(link)) == [HubP2PDisconnected(HUBS[1])]
    assert bench.take_changes() == [RoutesChanged(), HubFound(HUBS[1]), RoutesChanged()]


def test_a_neighbour_that_has_fallen_silent_is_told_of_at_once() -> None:
    bench = Bench()
    talker, silent = bench.link(HUBS[1]), bench.link(HUBS[9])
    bench.pass_time(0.0, 2.9, talker)
    said = bench.pass_time(3.0, 3.5, talker)
    assert closings(said)[silent] == (1008, "silent")
    news = next(f for f in of_kind(Adverts, frames(said, talker)) if f.is_urgent)
    assert [end.hub for end in news.adverts[0].links] == [HUBS[1]]


def test_a_link_closed_in_good_order_is_no_urgent_news() -> None:
    bench = Bench()
    bench.link(HUBS[1])
    leaving = bench.link(HUBS[9])
    bench.tick(0.5)
    assert closings(bench.receive(leaving, Bye("not wanted"), 0.6)) == {
        leaving: (1000, "not wanted")
    }
    assert bench.take_changes()[-1] == RoutesChanged()
    said = of_kind(Adverts, frames(bench.tick(0.7)))
    assert [news.is_urgent for news in said] == [False]


def test_a_link_whose_other_end_says_nothing_is_closed_after_three_heartbeats() -> None:
    bench = Bench()
    link = bench.open(SOCKET)
    assert closings(bench.pass_time(0.0, 2.9)) == {}
    assert closings(bench.pass_time(3.0, 4.0)) == {link: (1008, "silent")}


def test_beyond_the_limit_no_hub_is_let_in_but_by_links_of_our_own() -> None:
    bench = Bench(limits=MeshLimits(open_links=3))
    for hub in HUBS[6:9]:
        bench.link(hub, SOCKET)
    link = bench.open(SOCKET)
    assert bench.hello(link, HUBS[1]) == [CloseLink(link, 1013, "too many links")]
    assert bench.hello(link, HUBS[1]) == []
    ours = bench.open(SOCKET, opening=1)
    assert closings(bench.hello(ours, HUBS[1])) == {}
