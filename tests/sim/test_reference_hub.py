"""The simulated hub of the npm package does what version 1.1.3 does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.actions import ClosePeer, DropChannel, SendToPeers
from peerpigeon.core.interface.events import (
    OpeningFailed,
    PeerLost,
    PeerOpened,
    PeerSent,
    ReferenceOpened,
)
from peerpigeon.sim.reference_hub import MAX_RECONNECTS, RECONNECT_INTERVAL
from tests.sim.puppets import Stage

if TYPE_CHECKING:
    from peerpigeon.sim.reference_hub import ReferenceHub

Json = dict[str, Any]

MESH = "pigeonhub-mesh"
OUR_ANNOUNCE: Json = {
    "type": "announce",
    "networkName": MESH,
    "data": {"isHub": True, "port": 3000, "host": "hub-0"},
}
GUEST = "c" * 40


def heard(stage: Stage, number: int = 0) -> list[Json]:
    """Return what the hubs of the package have said to a puppet."""
    return [msgspec.json.decode(event.text) for _, event in stage.happened(number, PeerSent)]


def kinds(stage: Stage, number: int = 0) -> list[str]:
    return [str(message["type"]) for message in heard(stage, number)]


def say(stage: Stage, message: Json, number: int = 0) -> None:
    """Let a puppet say something to the last hub that has come to it, or that it has dialled."""
    accepted = [event.session for _, event in stage.happened(number, PeerOpened)]
    dialled = [event.session for _, event in stage.happened(number, ReferenceOpened)]
    payload = msgspec.json.encode(message)
    stage.hubs[number].perform(SendToPeers(((accepted + dialled)[-1],), (payload,)))


def dialling(stage: Stage) -> ReferenceHub:
    """Return a hub of the package that has dialled the first puppet."""
    hub = stage.world.add_reference_hub("reference", "ws://hub-0:3000")
    stage.world.run(4.0)
    return hub


def dialled(stage: Stage) -> ReferenceHub:
    """Return a hub of the package that the first puppet has dialled, and told what it is."""
    hub = stage.world.add_reference_hub("reference")
    stage.world.run(2.0)
    stage.dial(0, "ws://reference:3000", opening=7)
    stage.world.run(3.0)
    say(stage, OUR_ANNOUNCE)
    stage.world.run(2.0)
    return hub


# It dials


def test_it_dials_its_bootstrap_hub_and_says_that_it_is_a_hub() -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    ((time, opened),) = stage.happened(0, PeerOpened)
    assert (time, opened.peer_id) == (1.5, hub.own)
    announce, itself = heard(stage)
    assert (announce["type"], announce["networkName"]) == ("announce", MESH)
    assert announce["data"]["isHub"]
    assert (itself["type"], itself["data"]) == (
        "peer-discovered",
        {"peerId": hub.own, "isHub": True},
    )


def test_it_tells_its_bootstrap_hub_of_its_clients_those_before_and_those_after() -> None:
    stage = Stage(hubs=1)
    hub = stage.world.add_reference_hub("reference", "ws://hub-0:3000")
    early = stage.world.add_client(hub, "net1")
    stage.world.run(6.0)
    late = stage.world.add_client(hub, "net2")
    stage.world.run(6.0)
    told = [(each["data"]["peerId"], each["networkName"]) for each in heard(stage)[2:]]
    assert told == [(early.peer_id, "net1"), (late.peer_id, "net2")]


def test_it_dials_again_after_five_seconds_ten_times_in_its_life() -> None:
    stage = Stage(hubs=1)
    dialling(stage)
    for _ in range(MAX_RECONNECTS + 2):
        session = stage.happened(0, PeerOpened)[-1][1].session
        stage.hubs[0].perform(ClosePeer(session, 1000, ""))
        stage.world.run(RECONNECT_INTERVAL + 4.0)
    assert len(stage.happened(0, PeerOpened)) == MAX_RECONNECTS + 1


def test_it_passes_news_of_its_bootstrap_hub_on_also_to_clients_that_come_later() -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    early = stage.world.add_client(hub, "net1")
    stage.world.run(3.0)
    discovered = {"type": "peer-discovered", "data": {"peerId": GUEST}, "networkName": "net1"}
    say(stage, discovered)
    stage.world.run(3.0)
    late, stranger = (stage.world.add_client(hub, name) for name in ("net1", "net2"))
    stage.world.run(3.0)
    assert (early.known, late.known) == ([GUEST, late.peer_id], [early.peer_id, GUEST])
    assert stranger.known == []
    say(stage, discovered | {"type": "peer-disconnected"})
    stage.world.run(3.0)
    assert (early.known, late.known) == ([late.peer_id], [early.peer_id])


def test_signals_cross_between_its_clients_and_its_bootstrap_hub() -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    client = stage.world.add_client(hub, "net1")
    stage.world.run(3.0)
    client.signal(PeerId(GUEST))
    stage.world.run(3.0)
    (signal,) = [each for each in heard(stage) if each["type"] == "offer"]
    assert (signal["fromPeerId"], signal["targetPeerId"]) == (client.peer_id, GUEST)
    assert signal["networkName"] == "net1"
    reply = {"type": "answer", "data": {"serial": "0.0"}, "networkName": "net1"}
    say(stage, reply | {"fromPeerId": GUEST, "targetPeerId": client.peer_id})
    stage.world.run(3.0)
    assert [(each.kind, each.source) for each in client.signals] == [("answer", GUEST)]


def test_the_end_of_a_client_is_told_in_its_namespace_unless_it_said_goodbye() -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    polite, rude = (stage.world.add_client(hub, "net1", reconnects=False) for _ in range(2))
    stage.world.run(3.0)
    polite.leave()
    stage.world.network.cut(rude)
    stage.world.run(3.0)
    gone = [each for each in heard(stage) if each["type"] == "peer-disconnected"]
    told = {(each["data"]["peerId"], each["networkName"]) for each in gone}
    assert told == {(polite.peer_id, "global"), (rude.peer_id, "net1")}


# It is dialled


def test_it_greets_who_dials_it_in_text() -> None:
    stage = Stage(hubs=1)
    stage.world.add_reference_hub("reference")
    stage.dial(0, "ws://reference:3000", opening=7)
    stage.world.run(3.0)
    assert stage.happened(0, ReferenceOpened) == [(2.0, ReferenceOpened(SessionId(1), 7))]
    assert kinds(stage) == ["connected"]


def test_a_hub_that_announces_itself_is_told_of_clients_hubs_and_the_hub_itself() -> None:
    stage = Stage(hubs=2)
    hub = stage.world.add_reference_hub("reference")
    client = stage.world.add_client(hub, "net1")
    stage.world.run(5.0)
    for number in (0, 1):
        stage.dial(number, "ws://reference:3000")
        stage.world.run(3.0)
        say(stage, OUR_ANNOUNCE, number)
        stage.world.run(2.0)
    told = [(each["data"]["peerId"], each["data"]["isHub"]) for each in heard(stage, 1)[1:]]
    assert told == [(client.peer_id, False), (stage.hubs[0].own, True), (hub.own, True)]


def test_it_answers_a_ping_after_what_it_had_to_say() -> None:
    stage = Stage(hubs=1)
    dialled(stage)
    say(stage, {"type": "ping"})
    stage.world.run(2.0)
    assert kinds(stage) == ["connected", "peer-discovered", "pong"]


def test_a_hub_that_has_dialled_it_speaks_for_others_but_departures_it_does_not_know() -> None:
    stage = Stage(hubs=1)
    hub = dialled(stage)
    client = stage.world.add_client(hub, "net1")
    stage.world.run(3.0)
    discovered = {"type": "peer-discovered", "data": {"peerId": GUEST}, "networkName": "net1"}
    say(stage, discovered)
    say(stage, discovered | {"type": "peer-disconnected"})
    stage.world.run(3.0)
    assert client.known == [GUEST]
    assert kinds(stage)[-1] == "error"


def test_a_signal_for_nobody_goes_to_all_hubs_that_have_dialled_it() -> None:
    stage = Stage(hubs=1)
    hub = dialled(stage)
    client = stage.world.add_client(hub, "net1")
    stage.world.run(3.0)
    client.signal(PeerId(GUEST))
    say(stage, {"type": "offer", "fromPeerId": GUEST, "targetPeerId": "d" * 40})
    stage.world.run(3.0)
    signals = [each for each in heard(stage) if each["type"] == "offer"]
    assert {(each["fromPeerId"], each["targetPeerId"]) for each in signals} == {
        (client.peer_id, GUEST),
        (GUEST, "d" * 40),
    }


def test_an_id_that_is_in_use_is_refused() -> None:
    stage = Stage(hubs=1)
    dialled(stage)
    stage.dial(0, "ws://reference:3000", opening=8)
    stage.world.run(3.0)
    ((_, failed),) = stage.happened(0, OpeningFailed)
    assert failed == OpeningFailed(8, "Peer already connected")


def test_a_dial_that_was_given_up_ends_with_the_greeting() -> None:
    stage = Stage(hubs=1)
    stage.world.add_reference_hub("reference")
    stage.dial(0, "ws://reference:3000", opening=7)
    stage.world.run(1.75)
    stage.hubs[0].perform(DropChannel(7))
    stage.world.run(4.0)
    assert not stage.happened(0, ReferenceOpened)
    stage.dial(0, "ws://reference:3000", opening=8)
    stage.world.run(4.0)
    assert len(stage.happened(0, ReferenceOpened)) == 1


# It dies, or is cut off


@pytest.mark.parametrize("machine", [False, True])
def test_its_death_is_noticed_unless_its_machine_is_gone(*, machine: bool) -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    client = stage.world.add_client(hub, reconnects=False)
    stage.world.run(3.0)
    stage.world.kill(hub, machine=machine)
    stage.world.run(9.0)
    assert bool(stage.happened(0, PeerLost)) is not machine
    assert bool(client.closures) is not machine


def test_it_starts_again_with_its_old_id_and_nobody_in_it() -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    stage.world.add_client(hub, reconnects=False)
    stage.world.run(3.0)
    stage.world.kill(hub)
    stage.world.restart_reference(hub)
    stage.world.run(4.0)
    assert [event.peer_id for _, event in stage.happened(0, PeerOpened)] == [hub.own] * 2
    assert kinds(stage)[-2:] == ["announce", "peer-discovered"]


def test_after_a_cut_it_notices_the_dead_socket_when_it_sends() -> None:
    stage = Stage(hubs=1)
    hub = dialling(stage)
    client = stage.world.add_client(hub, "net1")
    stage.world.run(3.0)
    stage.world.part([hub], stage.hubs)
    stage.world.run(30.0)
    stage.world.heal()
    stage.world.run(30.0)
    assert len(stage.happened(0, PeerOpened)) == 1
    client.signal(PeerId(GUEST))
    stage.world.run(RECONNECT_INTERVAL + 4.0)
    assert len(stage.happened(0, PeerOpened)) == 2
