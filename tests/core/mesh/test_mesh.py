"""One hub's side of the mesh as a whole: hearts beat, and it stops in good order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.changes import HubGone
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.actions import Dial, MakeAnswer, MakeOffer
from peerpigeon.core.interface.events import LinkReceived, OpeningFailed
from peerpigeon.core.wire.hub_frames import VERSION, Ack, Adverts, Bye, Heartbeat, Hello, Purpose
from tests.core.mesh.benches import met
from tests.core.mesh.meshes import CHANNEL, HUBS, SOCKET, Bench, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

ACK = Ack(1, 2)


# Life and death of a link


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


# Readiness and migration


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


def test_a_stopping_hub_that_loses_its_last_link_does_not_dial() -> None:
    bench = Bench(bootstrap_hubs=("ws://1",))
    bench.tick(0.0)
    link = bench.link(HUBS[1], now=0.1)
    said = bench.leave(1.0)
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
    meshes.leave(stopping)
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
        meshes.leave(own)
    meshes.run(0.2)
    assert [meshes.links_of(own) for own in HUBS[:4]] == [0] * 4


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
