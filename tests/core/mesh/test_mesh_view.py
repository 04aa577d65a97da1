"""Hubs are found, gone and back, and the hub is told so."""

from __future__ import annotations

from peerpigeon.core.changes import HubGone, HubRestarted, HubReturned, RoutesChanged
from peerpigeon.core.interface.actions import Dial
from peerpigeon.core.wire.hub_frames import Adverts
from tests.core.mesh.benches import met
from tests.core.mesh.meshes import HUBS, OWN, Bench, advert


def test_news_of_a_loss_elsewhere_makes_this_hub_send_again_what_may_have_been_lost() -> None:
    bench = Bench()
    link = bench.link(HUBS[1])
    bench.take_changes()
    news = advert(HUBS[1], OWN, sequence=2)
    bench.receive(link, Adverts((news,), is_urgent=True))
    assert bench.take_changes() == [RoutesChanged()]


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
    meshes.leave(c)
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
    meshes.leave(c)
    meshes.run(0.1)
    meshes.kill(c)
    meshes.run(8.0)
    meshes.start(c, a, life=9000)
    meshes.run(8.0)
    assert [meshes.meshes[own].snapshot().known_hubs for own in (a, b, c)] == [3, 3, 3]
