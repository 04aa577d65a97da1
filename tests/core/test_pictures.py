"""What a hub shows of its mesh and its namespaces to people."""

from peerpigeon.core.interface.events import Stopping
from peerpigeon.core.interface.snapshot import MissingHub, NamespaceRecord, topology
from peerpigeon.core.wire.hub_frames import Advert, Carrier, LinkEnd, Purpose
from tests.core.harness import A, B, C, Desk
from tests.core.hubs import FIRST, SECOND, THIRD, linked


def test_a_hub_that_is_lost_is_out_of_reach_then_missing_and_at_last_back() -> None:
    hubs = linked(FIRST, SECOND, THIRD, advertise=("ws://there:1",))
    first = hubs.hubs[0]
    all_three = first.mesh_mark
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.pass_time(1.0)
    assert [view.is_reachable for view in first.topology(hubs.now).hubs] == [True, True, False]
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
    assert [view.is_reachable for view in first.topology(hubs.now).hubs] == [True, True, True]
    assert first.topology(hubs.now).missing == ()


def test_a_hub_that_has_stopped_is_no_lost_one() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.feed(1, Stopping())
    hubs.pass_time(1.0)
    (gone,) = hubs.hubs[0].topology(hubs.now).missing
    assert (gone.peer_id, gone.has_stopped) == (SECOND, True)


def test_a_link_is_shown_if_both_ends_name_it() -> None:
    spare = {hub: LinkEnd(hub, Carrier.WEBSOCKET, Purpose.SPARE) for hub in (FIRST, SECOND, THIRD)}
    adverts = [
        Advert(FIRST, 1, 1, 1, (), links=(spare[SECOND], spare[THIRD])),
        Advert(SECOND, 1, 1, 2, (), links=()),  # it has told already that the link has ended
    ]
    picture = topology(Desk().hub.snapshot(0.0), adverts)
    assert [[link.peer_id for link in hub.links] for hub in picture.hubs] == [[THIRD], []]


def test_a_plain_server_has_no_mesh_to_show() -> None:
    hub = Desk().hub
    assert (hub.topology(0.0).hubs, hub.topology(0.0).missing, hub.mesh_mark) == ((), (), ())


def test_the_largest_namespaces_are_told_with_all_of_their_members_where_they_are_kept() -> None:
    hubs = linked(FIRST, SECOND)
    one, other, lone = hubs.join(0, A), hubs.join(1, B), hubs.join(0, C, "lonely")
    for each in (one, other, lone):
        hubs.take(each)
    first, second = (hub.largest_namespaces(10) for hub in hubs.hubs)
    assert first == [NamespaceRecord("net1", 1, 2), NamespaceRecord("lonely", 1, 1)]
    assert second == [NamespaceRecord("net1", 1, 2)]
    assert hubs.hubs[0].largest_namespaces(1) == first[:1]
