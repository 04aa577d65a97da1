"""A link from its beginning to its end, and what follows for the hub."""

from __future__ import annotations

import pytest

from peerpigeon.core.changes import HubFound, RoutesChanged
from peerpigeon.core.interface.actions import Dial, Warn
from peerpigeon.core.interface.events import LinkLost
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
    assert closings(bench.hello(link, HUBS[1])) == {link: (1013, "too many links")}
    assert bench.hello(link, HUBS[1]) == []
    ours = bench.open(SOCKET, opening=1)
    assert closings(bench.hello(ours, HUBS[1])) == {}


def lose_to(reason: str, code: int = 1008, *, is_admitted: bool) -> tuple[Bench, list[Warn]]:
    """End a link that we have dialled from its other end, at 1 s."""
    bench = Bench(bootstrap_hubs=("ws://1",), reconnect_interval=5.0)
    (dial,) = of_kind(Dial, bench.tick(0.0))
    link = bench.open(SOCKET, dial.opening)
    if is_admitted:
        bench.hello(link, HUBS[1])
    said = bench.handle(LinkLost(link, code, reason), 1.0)
    return bench, [warn for warn in said if isinstance(warn, Warn)]


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("the two hubs have different hub_secrets", "give both the same hub_secret (HUB_SECRET)"),
        ("its hub_members do not name this hub", "add its id to hub_members (HUB_MEMBERS)"),
        ("a reason of a later release", "let all hubs be of one release"),
    ],
)
def test_who_is_refused_says_by_whom_why_and_what_to_do(reason: str, remedy: str) -> None:
    _, [warn] = lose_to(reason, is_admitted=False)
    assert (warn.address, warn.reason) == ("ws://1", reason)
    assert remedy in warn.text
    assert (reason in warn.text) is not ("later" in reason), "strangers' words are no text of ours"


@pytest.mark.parametrize(
    ("reason", "code"),
    [("this hub itself", 1008), ("silent", 1008), ("", 1008), ("another hub mesh namespace", 1000)],
)
def test_what_is_no_refusal_is_not_told_as_one(reason: str, code: int) -> None:
    assert lose_to(reason, code, is_admitted=False)[1] == []


def test_a_hub_that_was_let_in_from_this_end_alone_says_so_and_does_not_dial_at_once() -> None:
    """It has no list of members, and the other one has: it would be refused again and again."""
    bench, [warn] = lose_to("its hub_members do not name this hub", is_admitted=True)
    assert warn.peer == HUBS[1]
    dials = [dial.uri for dial in of_kind(Dial, bench.pass_time(1.0, 30.0))]
    assert 1 <= len(dials) <= 8
    assert not of_kind(Dial, lose_to(warn.reason, is_admitted=True)[0].pass_time(1.0, 3.0))
    broken, none = lose_to("broken", 1006, is_admitted=True)
    assert none == []
    assert of_kind(Dial, broken.tick(1.0)), "whose network broke is back at once"


def test_who_is_not_let_in_here_is_told_of_by_its_address() -> None:
    bench = Bench()
    link = bench.open(SOCKET, address="192.0.2.7")
    (warn,) = (each for each in bench.hello(link, HUBS[1], namespace="x") if isinstance(each, Warn))
    assert (warn.address, warn.peer) == ("192.0.2.7", HUBS[1])
    assert "hub_mesh_namespace" in warn.text
