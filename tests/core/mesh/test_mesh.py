"""One hub's side of the mesh: what it hears and passes on, and when WebSockets have their day."""

from __future__ import annotations

import pytest

from peerpigeon.core.changes import (
    Arrived,
    HubFound,
    HubGone,
    HubRestarted,
    HubReturned,
    RoutesChanged,
)
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.actions import Dial, DropChannel, MakeAnswer, MakeOffer, SendToLink
from peerpigeon.core.interface.events import LinkLost, LinkReceived, OpeningFailed
from peerpigeon.core.interface.notices import (
    BootstrapConnected,
    BootstrapDisconnected,
    HubDiscovered,
    HubMeshMigrated,
    HubMeshReady,
    HubP2PConnected,
    HubP2PDisconnected,
)
from peerpigeon.core.wire.hub_frames import (
    VERSION,
    Ack,
    Adverts,
    Bye,
    Find,
    Heartbeat,
    Hello,
    Offer,
    Purpose,
    Routed,
    Segment,
)
from tests.core.mesh.meshes import (
    CHANNEL,
    HUBS,
    OWN,
    SOCKET,
    Bench,
    Meshes,
    advert,
    closings,
    frames,
    notices,
    of_kind,
)

ACK = Ack(1, 2)
NEWS = Segment(1, 1, 1, Find("net1", HUBS[0]))


# Life and death of a link


def test_people_hear_of_the_first_channel_to_a_hub_and_the_end_of_the_last() -> None:
    bench = Bench(hub_mesh_min_peers=2)
    link = bench.open(CHANNEL)
    assert notices(bench.hello(link, HUBS[1])) == [HubP2PConnected(HUBS[1])]
    heard = notices(bench.receive(link, Adverts((advert(HUBS[1], OWN),))))
    assert heard == [HubDiscovered(HUBS[1], HUBS[1], ("ws://1",)), HubMeshReady(1, 2)]
    assert notices(bench.lose(link)) == [HubP2PDisconnected(HUBS[1])]
    assert bench.take_changes() == [RoutesChanged(), HubFound(HUBS[1]), RoutesChanged()]


def test_a_heart_beats_each_second_on_a_busy_link_too() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    said = []
    for tenth in range(30):
        bench.send(HUBS[1], 1000, ACK, tenth / 10)
        bench.receive(link, Adverts(()), tenth / 10)
        if bench.mesh.deadline() <= tenth / 10:
            said += bench.tick(tenth / 10)
    assert len(of_kind(Heartbeat, frames(said))) == 3


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


def test_frames_and_ends_of_links_that_are_closed_mean_nothing() -> None:
    bench = Bench()
    assert bench.receive(9, Heartbeat(1)) == []
    assert bench.handle(LinkLost(LinkId(9), 1006, ""), 0.0) == []
    assert bench.handle(OpeningFailed(9, "refused"), 0.0) == []


# Routed frames


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


def test_a_body_from_this_hub_itself_is_dropped() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    assert bench.routed(link, ACK, OWN) == []
    assert bench.routed(link, Offer(1, "sdp"), OWN) == []
    assert bench.take_changes() == []


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


def test_news_of_a_loss_elsewhere_makes_this_hub_send_again_what_may_have_been_lost() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    news = advert(HUBS[1], OWN, sequence=2)
    bench.receive(link, Adverts((news,), is_urgent=True))
    assert bench.take_changes() == [RoutesChanged()]


# Readiness and migration


def met(*ids: PeerId, **options: object) -> Meshes:
    """Return hubs that have found together from the first one, after 5 seconds."""
    meshes = Meshes(*ids, **options)
    for other in ids[1:]:
        meshes.dial(other, ids[0])
    meshes.run(5.0)
    return meshes


def test_hubs_form_a_ring_of_channels_and_are_ready_s17() -> None:
    hubs = HUBS[:4]
    meshes = met(*hubs, hub_mesh_max_peers=2)
    for place, own in enumerate(hubs):
        channels = {hub for hub, carrier in meshes.neighbours(own) if carrier is CHANNEL}
        assert channels == {hubs[place - 1], hubs[(place + 1) % 4]}
        assert meshes.meshes[own].snapshot().ready
        assert meshes.meshes[own].snapshot().known_hubs == 4
        assert len(of_kind(HubMeshReady, meshes.notices(own))) == 1
        assert not meshes.meshes[own].snapshot().migrated


def test_ten_seconds_later_the_websockets_are_closed_and_the_channels_stay_s19() -> None:
    meshes = met(*HUBS[:4], hub_mesh_max_peers=2)
    meshes.run(12.0)
    for own in HUBS[:4]:
        picture = meshes.meshes[own].snapshot()
        assert (picture.migrated, picture.p2p_links, picture.websocket_links) == (True, 2, 0)
        (migrated,) = of_kind(HubMeshMigrated, meshes.notices(own))
        assert migrated.p2p_connections == 2
        assert set(meshes.closings(own)) <= {"1000 migrated to P2P"}


def test_where_channels_cannot_be_had_the_mesh_stays_on_websockets_s21() -> None:
    meshes = Meshes(*HUBS[:3])
    meshes.cannot_have_channels |= set(HUBS)
    meshes.dial(HUBS[1], HUBS[0])
    meshes.dial(HUBS[2], HUBS[0])
    meshes.run(20.0)
    for own in HUBS[:3]:
        assert meshes.neighbours(own) == {(hub, SOCKET) for hub in HUBS[:3] if hub != own}
        assert not meshes.meshes[own].snapshot().ready
        assert "1000 migrated to P2P" not in meshes.closings(own)


def test_a_websocket_opened_after_the_move_has_its_ten_seconds_too() -> None:
    meshes = met(*HUBS[:3], heartbeat_interval=0.5)
    meshes.run(12.0)
    meshes.dial(HUBS[1], HUBS[2])
    meshes.run(9.0)
    assert (HUBS[1], CHANNEL) in meshes.neighbours(HUBS[2])
    assert meshes.meshes[HUBS[2]].snapshot().websocket_links == 1
    meshes.run(2.0)
    assert meshes.meshes[HUBS[2]].snapshot().websocket_links == 0


@pytest.mark.parametrize("dialling", [(HUBS[0],), (HUBS[1],), (HUBS[0], HUBS[1])])
def test_hubs_that_have_lost_every_link_are_on_channels_again_within_a_second(
    dialling: tuple[PeerId, ...],
) -> None:
    """An offer made while there was no way to send it would block all others for three seconds."""
    a, b = HUBS[:2]
    meshes = met(a, b)
    meshes.run(12.0)
    meshes.break_links(a)
    meshes.run(0.1)
    for own in dialling:
        meshes.dial(own, ({a, b} - {own}).pop())
    meshes.run(1.0)
    assert (b, CHANNEL) in meshes.neighbours(a)
    assert (a, CHANNEL) in meshes.neighbours(b)


# Who has come and gone


def test_a_killed_hub_is_gone_and_found_again_in_its_next_life() -> None:
    a, b, c = HUBS[:3]
    meshes = met(a, b, c)
    meshes.kill(c)
    meshes.run(8.0)
    assert HubGone(c) in meshes.changes[a]
    assert meshes.meshes[a].snapshot().known_hubs == 2
    assert HubReturned(c) not in meshes.changes[a]
    meshes.start(c, a, life=9000)
    meshes.run(3.0)
    assert meshes.changes[a].index(HubRestarted(c, 9000)) < meshes.changes[a].index(HubReturned(c))
    assert meshes.meshes[c].snapshot().known_hubs == 3


def test_what_waits_for_a_hub_goes_out_as_soon_as_that_is_in_reach_again() -> None:
    bench = Bench()
    link = bench.link(HUBS[1], others=(HUBS[9],))
    bench.receive(link, Adverts((advert(HUBS[9], HUBS[1]),)), 0.1)
    bench.pass_time(0.1, 1.0, link)
    lost = advert(HUBS[1], OWN, sequence=2)
    bench.receive(link, Adverts((lost,), is_urgent=True), 1.0)
    bench.tick(1.2)
    bench.take_changes()
    found = advert(HUBS[1], OWN, HUBS[9], sequence=3)
    bench.receive(link, Adverts((found,)), 2.0)
    bench.tick(2.0)
    assert bench.take_changes() == [RoutesChanged()]


def test_a_missing_hub_is_looked_for_at_its_addresses() -> None:
    a, b, c = HUBS[:3]
    meshes = met(a, b, c)
    meshes.kill(c)
    meshes.run(8.0)
    sought = [dial.uri for _, dial in meshes.actions[b] if isinstance(dial, Dial)]
    assert "ws://2" in sought


def test_a_hub_that_has_said_it_stops_is_not_looked_for() -> None:
    a, b, c = HUBS[:3]
    meshes = met(a, b, c)
    meshes.drain(c)
    meshes.run(0.1)
    assert meshes.meshes[c].advert.is_draining
    meshes.kill(c)
    dials = {own: len([d for _, d in meshes.actions[own] if isinstance(d, Dial)]) for own in (a, b)}
    meshes.run(12.0)
    for own in (a, b):
        assert HubGone(c) in meshes.changes[own]
        late = [d for _, d in meshes.actions[own] if isinstance(d, Dial)][dials[own] :]
        assert late == []


def test_a_stopped_hub_that_is_started_again_with_its_id_is_found_s8() -> None:
    a, b, c = HUBS[:3]
    meshes = met(a, b, c)
    meshes.drain(c)
    meshes.run(0.1)
    meshes.kill(c)
    meshes.run(8.0)
    meshes.start(c, a, life=9000)
    meshes.run(8.0)
    assert [meshes.meshes[own].snapshot().known_hubs for own in (a, b, c)] == [3, 3, 3]


def test_a_stopping_hub_that_loses_its_last_link_does_not_dial() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",))
    bench.tick(0.0)
    link = bench.link(HUBS[1], now=0.1)
    said = bench.drain(1.0)
    (news,) = of_kind(Adverts, frames(said))
    assert news.is_urgent
    assert (news.adverts[0].is_draining, news.adverts[0].links) == (True, ())
    bench.receive(link, Bye("stopping"), 1.1)
    bench.lose(link, 1.1)
    assert of_kind(Dial, bench.tick(1.2)) == []


def test_a_hub_that_stops_is_left_and_told_gone_by_all_at_once() -> None:
    hubs = HUBS[:6]
    meshes = met(*hubs, hub_mesh_max_peers=3)
    meshes.run(12.0)
    stopping = hubs[2]
    meshes.drain(stopping)
    meshes.run(0.2)
    assert meshes.links_of(stopping) == 0
    for own in set(hubs) - {stopping}:
        assert meshes.changes[own].count(HubGone(stopping)) == 1
    meshes.run(5.0)
    assert of_kind(Dial, (action for _, action in meshes.actions[stopping][-20:])) == []
    assert meshes.links_of(stopping) == 0


def test_all_hubs_can_stop_at_once() -> None:
    meshes = met(*HUBS[:4], hub_mesh_max_peers=3)
    for own in HUBS[:4]:
        meshes.drain(own)
    meshes.run(0.2)
    assert [meshes.links_of(own) for own in HUBS[:4]] == [0] * 4


# Bootstrap


def test_people_hear_how_bootstrap_goes() -> None:
    uri = "ws://1"
    bench = Bench(bootstrap_hubs=(uri,))
    (dial,) = of_kind(Dial, bench.tick(0.0))
    assert dial.uri == uri
    said = bench.handle(OpeningFailed(dial.opening, "refused"), 0.1)
    assert notices(said) == [BootstrapDisconnected(uri, 1006, "refused")]
    again = of_kind(Dial, bench.pass_time(0.1, 7.0))[0]
    link = bench.open(SOCKET, again.opening, now=7.0)
    assert notices(bench.opened) == [BootstrapConnected(uri)]
    bench.hello(link, HUBS[1], now=7.1)
    said = bench.lose(link, now=7.2)
    assert notices(said) == [BootstrapDisconnected(uri, 1006, "broken")]
    assert [dial.uri for dial in of_kind(Dial, bench.tick(7.2))] == [uri]


def test_a_dial_that_takes_too_long_is_given_up() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",), reconnect_interval=60.0)
    said = bench.pass_time(0.0, 5.0)
    assert notices(said) == [BootstrapDisconnected("ws://1", 1006, "no answer")]
    assert of_kind(DropChannel, said) == []


def test_an_address_is_not_dialled_while_it_is_dialled_or_linked() -> None:
    bench = Bench()
    (dial,) = of_kind(Dial, bench.dial("ws://1", 0.0))
    assert bench.dial("ws://1", 0.1) == []
    bench.open(SOCKET, dial.opening, now=0.2)
    assert notices(bench.opened) == []
    assert bench.dial("ws://1", 0.3) == []


def test_without_auto_connect_no_bootstrap_address_is_dialled() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",), auto_connect=False)
    assert of_kind(Dial, bench.pass_time(0.0, 20.0)) == []


def test_a_hub_that_has_lost_all_links_tries_those_it_knew() -> None:
    bench = Bench()
    link = bench.link(HUBS[1], SOCKET)
    bench.lose(link, 0.1)
    assert "ws://1" in [dial.uri for dial in of_kind(Dial, bench.tick(0.1))]


# Time


def test_after_a_tick_the_next_one_is_later_whatever_goes_wrong() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",))
    for hub in HUBS[8:12]:
        bench.link(hub, SOCKET)
    now, ticks = 0.0, 0
    while now < 30.0:
        due = max(now, bench.mesh.deadline())
        ticks = ticks + 1 if due == now else 0
        assert ticks < 4
        now = due
        for action in bench.tick(now):
            match action:
                case Dial(opening) | MakeOffer(opening) | MakeAnswer(opening):
                    bench.handle(OpeningFailed(opening, "refused"), now)


def test_a_hub_takes_what_it_is_told_of_in_the_form_that_crosses_the_wire() -> None:
    bench = Bench()
    link = bench.open()
    event = LinkReceived(link, Hello(HUBS[1], 1, ServerConfig().hub_mesh_namespace, VERSION, 0))
    said = frames(bench.handle(event, 0.0))
    assert of_kind(Adverts, said)[0].adverts == (bench.mesh.advert,)
    bench.tick(0.2)
    (end,) = bench.mesh.advert.links
    assert (end.hub, end.purpose) == (HUBS[1], Purpose.SPARE)
