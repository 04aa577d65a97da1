"""What people are shown of a hub: its counts, its mesh, and its namespaces."""

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.events import Stopping
from peerpigeon.core.interface.snapshot import (
    HubView,
    LinkRecord,
    MissingHub,
    NamespaceRecord,
    topology,
)
from peerpigeon.core.wire.hub_frames import Advert, Carrier, LinkEnd, Purpose
from tests.core.harness import EPOCH, HUB, A, B, C, D, Desk
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked


def test_a_snapshot_counts_what_is_there() -> None:
    """S29."""
    desk = Desk()
    a = desk.join(A, now=1.0)
    desk.join(B, now=2.0)
    desk.join(C, "net2", now=3.0)
    desk.open(D, now=4.0)
    desk.signal(a, B, now=5.0)
    desk.signal(a, C, now=6.0)
    picture = desk.hub.status.snapshot(10.0)
    assert (picture.connections, picture.announced_peers, picture.namespaces) == (4, 3, 2)
    assert (picture.signals_relayed, picture.signals_refused) == (1, 1)
    assert (picture.uptime, picture.wall_time, picture.hubs) == (10.0, EPOCH + 10.0, ())
    first = desk.hub.status.peers()[0]
    assert (first.peer_id, first.namespace, first.address) == (A, "net1", "127.0.0.1")
    assert (first.connected_at, first.last_activity) == (EPOCH + 1.0, EPOCH + 6.0)


def test_a_hub_lists_itself() -> None:
    """S29."""
    desk = Desk(ServerConfig(is_hub=True))
    (own,) = desk.hub.status.snapshot(5.0).hubs
    assert (own.peer_id, own.namespace) == (HUB, "pigeonhub-mesh")
    assert (own.registered_at, own.last_activity) == (EPOCH, EPOCH + 5.0)


def test_every_hub_can_show_the_links_of_all() -> None:
    hubs = linked(FIRST, SECOND, THIRD, advertise=("ws://there:1",))
    pictures = [hub.status.topology(hubs.now) for hub in hubs.hubs]
    assert [picture.hub_id for picture in pictures] == [FIRST, SECOND, THIRD]
    assert all(picture.mesh.known_hubs == 3 for picture in pictures)
    channel = {hub: LinkRecord(hub, "p2p", "mesh") for hub in (FIRST, SECOND, THIRD)}
    expected = tuple(
        HubView(hub, 1_000_000, ("ws://there:1",), is_draining=False, links=links)
        for hub, links in (
            (FIRST, (channel[SECOND],)),
            (SECOND, (channel[FIRST], channel[THIRD])),
            (THIRD, (channel[SECOND],)),
        )
    )
    assert [picture.hubs for picture in pictures] == [expected] * 3


def test_what_a_hub_shows_follows_what_happens_to_the_others() -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    hubs.feed(2, Stopping())
    hubs.pass_time(1.0)
    assert [hub.is_draining for hub in topology_of(hubs, 0)] == [False, False]
    assert [hub.is_draining for hub in topology_of(hubs, 2)][-1]
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.pass_time(8.0)
    assert [hub.peer_id for hub in topology_of(hubs, 0)] == [FIRST, SECOND]
    assert [hub.peer_id for hub in topology_of(hubs, 2)] == [THIRD]


def topology_of(hubs: Hubs, number: int) -> tuple[HubView, ...]:
    hub = hubs.hubs[number]
    return hub.status.topology(hubs.now).hubs


def test_a_hub_that_is_lost_is_out_of_reach_then_missing_and_at_last_back() -> None:
    hubs = linked(FIRST, SECOND, THIRD, advertise=("ws://there:1",))
    first = hubs.hubs[0].status
    all_three = first.mesh_mark
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.pass_time(1.0)
    assert [view.is_reachable for view in first.topology(hubs.now).hubs] == [
        True,
        True,
        False,
    ]
    assert first.mesh_mark != all_three
    out_of_reach = first.mesh_mark
    hubs.pass_time(3.0)
    picture = first.topology(hubs.now)
    assert [view.peer_id for view in picture.hubs] == [FIRST, SECOND]
    (gone,) = picture.missing
    assert gone == MissingHub(THIRD, ("ws://there:1",), gone.since, has_stopped=False)
    assert 0 < picture.wall_time - gone.since < 2
    assert first.mesh_mark != out_of_reach
    hubs.link(1, 2)
    hubs.pass_time(1.0)
    assert [view.is_reachable for view in first.topology(hubs.now).hubs] == [
        True,
        True,
        True,
    ]
    assert first.topology(hubs.now).missing == ()


def test_a_hub_that_has_stopped_is_no_lost_one() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.feed(1, Stopping())
    hubs.pass_time(1.0)
    (gone,) = hubs.hubs[0].status.topology(hubs.now).missing
    assert (gone.peer_id, gone.has_stopped) == (SECOND, True)


def test_a_link_is_shown_if_both_ends_name_it() -> None:
    spare = {hub: LinkEnd(hub, Carrier.WEBSOCKET, Purpose.SPARE) for hub in (FIRST, SECOND, THIRD)}
    adverts = [
        Advert(FIRST, 1, 1, 1, (), links=(spare[SECOND], spare[THIRD])),
        Advert(SECOND, 1, 1, 2, (), links=()),  # it has told already that the link has ended
    ]
    picture = topology(Desk().hub.status.snapshot(0.0), adverts)
    assert [[link.peer_id for link in hub.links] for hub in picture.hubs] == [[THIRD], []]


def test_a_plain_server_has_no_mesh_to_show() -> None:
    status = Desk().hub.status
    picture = status.topology(0.0)
    assert (picture.hubs, picture.missing, status.mesh_mark) == ((), (), ())


def test_the_largest_namespaces_are_told_with_all_of_their_members_where_they_are_kept() -> None:
    hubs = linked(FIRST, SECOND)
    one, other, lone = hubs.join(0, A), hubs.join(1, B), hubs.join(0, C, "lonely")
    for each in (one, other, lone):
        hubs.take(each)
    first, second = (hub.status.largest_namespaces(10) for hub in hubs.hubs)
    assert first == [NamespaceRecord("net1", 1, 2), NamespaceRecord("lonely", 1, 1)]
    assert second == [NamespaceRecord("net1", 1, 2)]
    assert hubs.hubs[0].status.largest_namespaces(1) == first[:1]
