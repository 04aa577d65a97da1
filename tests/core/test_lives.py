"""A hub that is started again, and one that has to rise: whatever clocks show, clients meet."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.events import LinkReceived
from peerpigeon.core.mesh.own_advert import LAST_GUESS, RISE
from peerpigeon.core.namespaces.placement import closest_hubs
from peerpigeon.core.wire.hub_frames import Adverts
from tests.core.harness import A, B, C, D
from tests.core.hubs import EPOCH, FIRST, SECOND, THIRD, Hubs, linked, news_under_way

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

LIFE = int(EPOCH * 1000)
YEAR = 365.25 * 86_400.0
NEW_LIFE = ["peer-disconnected", "peer-discovered"]


def incarnation(hubs: Hubs, number: int) -> int:
    advert = hubs.hubs[number].advert
    assert advert is not None
    return advert.incarnation


def rise(hubs: Hubs, number: int) -> None:
    """Let a hub hear of another life under its id."""
    own = hubs.hubs[number].advert
    assert own is not None
    other = msgspec.structs.replace(own, incarnation=own.incarnation + 5, life=own.life ^ 1)
    link = next(end[1] for end in hubs.others if end[0] == number)
    hubs.feed(number, LinkReceived(link, Adverts((other,))))


def restart(hubs: Hubs, number: int, epoch: float) -> None:
    """Kill a hub, whose links break without a word to it, and start it with another clock."""
    for end in [end for end in hubs.others if end[0] == number]:
        hubs.others.pop(hubs.others.pop(end))
    own = hubs.ids[number]
    hubs.hubs[number] = Hub(own, ServerConfig(is_hub=True), Random(5), epoch=epoch, now=hubs.now)


def discovered(hubs: Hubs, client: tuple[int, int]) -> list[PeerId]:
    heard = hubs.take(client)
    return [m["data"]["peerId"] for m in heard if m["type"] == "peer-discovered"]


@pytest.mark.parametrize("down", [0.0, 60.0])
@pytest.mark.parametrize(
    "epoch", [EPOCH - 0.001, EPOCH - 600.0, 0.0, -20 * YEAR, EPOCH + 70 * YEAR, EPOCH + 200 * YEAR]
)
def test_the_clients_of_a_restarted_hub_are_met_whatever_its_clock_shows(
    epoch: float, down: float
) -> None:
    hubs = linked(FIRST, SECOND, THIRD)
    a, _ = hubs.join(0, A), hubs.join(2, B)
    hubs.pass_time(1.0)
    assert discovered(hubs, a) == [B]
    hubs.pass_time(down)
    restart(hubs, 2, epoch - hubs.now)
    c = hubs.join(2, C)
    hubs.link(1, 2)
    hubs.run()
    hubs.pass_time(1.0)
    assert incarnation(hubs, 2) > LIFE
    assert (discovered(hubs, a), discovered(hubs, c)) == ([C], [A])
    hubs.signal(a, C, "there")
    hubs.signal(c, A, "and back")
    hubs.pass_time(0.5)
    assert [m["data"] for m in hubs.take(a) + hubs.take(c)] == ["and back", "there"]


def test_a_life_that_begins_at_the_same_instant_is_another_all_the_same() -> None:
    hubs = linked(FIRST, SECOND)
    a, _ = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    restart(hubs, 1, EPOCH - hubs.now)
    c = hubs.join(1, C)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(1.0)
    assert incarnation(hubs, 1) == LIFE + RISE
    told = [(m["type"], m["data"]["peerId"]) for m in hubs.take(a)]
    assert told == [("peer-disconnected", B), ("peer-discovered", C)]
    assert discovered(hubs, c) == [A]


@pytest.mark.parametrize(
    ("epoch", "guess"),
    [(-YEAR, 1), (0.0, 1), (0.0019, 1), (0.002, 2), (80 * YEAR, int(80 * YEAR * 1000))],
)
def test_the_first_incarnation_is_guessed_by_the_clock(epoch: float, guess: int) -> None:
    hub = Hub(FIRST, ServerConfig(is_hub=True), Random(1), epoch=epoch)
    assert hub.advert is not None
    assert hub.advert.incarnation == guess


def test_no_clock_leads_so_high_that_nobody_could_rise_above() -> None:
    hub = Hub(FIRST, ServerConfig(is_hub=True), Random(1), epoch=10_000 * YEAR)
    assert hub.advert is not None
    assert hub.advert.incarnation == LAST_GUESS


@pytest.mark.parametrize("number", [0, 1, 2])
def test_nobody_at_a_hub_that_rises_notices(number: int) -> None:
    """Each of the three is some namespace's primary, backup or neither."""
    hubs = linked(FIRST, SECOND, THIRD)
    clients = [hubs.join(hub, peer) for hub, peer in ((0, A), (1, B), (2, C))]
    near = hubs.join(number, D)
    hubs.pass_time(1.0)
    for client in (*clients, near):
        hubs.take(client)
    before = incarnation(hubs, number)
    rise(hubs, number)
    hubs.pass_time(3.0)
    assert incarnation(hubs, number) == before + 5 + RISE
    assert hubs.take(clients[number]) == hubs.take(near) == []
    ids = [A, B, C]
    for other, client in enumerate(clients):
        if other == number:
            continue
        told = [(m["type"], m["data"]["peerId"]) for m in hubs.take(client)]
        for peer in (ids[number], D):  # to the others it looks like a restart
            assert [kind for kind, who in told if who == peer] == NEW_LIFE
        assert len(told) == 4
        hubs.signal(client, D, "there")
        hubs.signal(near, ids[other], "and back")
        hubs.pass_time(0.5)
        assert [m["data"] for m in hubs.take(near) + hubs.take(client)] == ["there", "and back"]


def test_what_is_under_way_from_a_hub_that_rises_arrives_once() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    hubs.take(b)
    hubs.signal(b, A, 1)
    hubs.run()  # delivered, not acknowledged
    hubs.signal(b, A, 2)
    hubs.lose_frames()
    rise(hubs, 1)
    hubs.signal(b, A, 3)
    hubs.pass_time(5.0)
    assert [m["data"] for m in hubs.take(a) if m["type"] == "offer"] == [1, 2, 3]
    assert hubs.take(b) == []


def test_what_waits_at_a_hub_that_rises_is_said_and_heard_after_it() -> None:
    """A's hub has not been granted the id yet, nor found out where B is."""
    hubs = linked(FIRST, SECOND)
    namespace = _kept_by(hubs, 1)
    b = hubs.join(1, B, namespace)
    hubs.pass_time(1.0)
    a = hubs.open(0, A)
    hub = hubs.open(0, C)
    hubs.say(hub, {"type": "announce", "networkName": "pigeonhub-mesh", "data": {"isHub": True}})
    hubs.announce(a, namespace)
    offer = {"type": "offer", "networkName": namespace}
    hubs.say(a, offer | {"targetPeerId": B, "data": 1})
    hubs.lose_frames()
    rise(hubs, 0)
    hubs.say(a, offer | {"targetPeerId": B, "data": 2})
    hubs.pass_time(5.0)
    hubs.say(a, offer | {"targetPeerId": B, "data": 3})
    hubs.say(b, offer | {"targetPeerId": A, "data": 4})
    hubs.pass_time(1.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == [1, 2, 3]
    assert [m["data"] for m in hubs.take(a) if m["type"] in ("offer", "error")] == [4]


def test_what_waits_to_find_its_target_goes_on_too() -> None:
    hubs = linked(FIRST, SECOND)
    namespace = _kept_by(hubs, 1)
    a = hubs.join(0, A, namespace)
    hubs.pass_time(1.0)
    offer = {"type": "offer", "networkName": namespace, "targetPeerId": B}
    hubs.say(a, offer | {"data": 1})
    hubs.lose_frames()  # the question where b is
    rise(hubs, 0)
    b = hubs.open(1, B)
    hubs.announce(b, namespace)
    hubs.pass_time(5.0)
    assert [m["data"] for m in hubs.take(b) if m["type"] == "offer"] == [1]


def test_a_signal_that_comes_back_after_a_rise_is_answered() -> None:
    hubs = linked(FIRST, SECOND)
    a, b = hubs.join(0, A), hubs.join(1, B)
    hubs.pass_time(1.0)
    hubs.take(a)
    hubs.signal(a, B)
    hubs.lose(b)
    rise(hubs, 0)
    hubs.pass_time(12.0)
    told = [m for m in hubs.take(a) if m["type"] == "error"]
    assert [error["data"]["targetPeerId"] for error in told] == [B]


def test_who_defends_an_id_at_a_hub_that_rises_keeps_it() -> None:
    """A newcomer at another hub wants it just then."""
    for primary in (0, 1):
        hubs = linked(FIRST, SECOND)
        namespace = _kept_by(hubs, primary)
        owner = hubs.join(primary, A, namespace)
        hubs.pass_time(1.0)
        newcomer = hubs.join(1 - primary, A, namespace)
        assert hubs.pinged == [owner]
        rise(hubs, primary)
        hubs.run()
        hubs.pong(owner)
        hubs.pass_time(1.5)
        hubs.pong(owner)  # it may be asked again: what has come ahead of the advert comes later
        hubs.pass_time(6.5)
        assert hubs.closed == {newcomer: (1008, "Peer already connected")}
        hubs.say(owner, {"type": "ping"})
        assert hubs.take_types(owner)[-1] == "pong"


def _kept_by(hubs: Hubs, number: int) -> str:
    """Return a namespace of which a hub is the primary."""
    names = (f"net{count}" for count in range(100))
    return next(name for name in names if closest_hubs(name, hubs.ids, 1) == (hubs.ids[number],))


def test_nothing_is_under_way_for_ever_after_a_rise() -> None:
    hubs = linked(FIRST, SECOND)
    hubs.join(0, A)
    hubs.join(1, B)
    hubs.pass_time(1.0)
    rise(hubs, 0)
    hubs.pass_time(5.0)
    assert news_under_way(hubs) == []


def test_since_when_a_hub_is_registered_is_told_by_our_own_clock() -> None:
    hubs = linked(FIRST, SECOND)
    restart(hubs, 1, EPOCH + 70 * YEAR)
    hubs.pass_time(30.0)
    hubs.link(0, 1)
    hubs.run()
    restarted_at = EPOCH + hubs.now
    hubs.pass_time(20.0)
    records = hubs.hubs[0].status.snapshot(hubs.now).hubs
    assert [(record.peer_id, record.registered_at) for record in records] == [
        (FIRST, EPOCH),
        (SECOND, restarted_at),
    ]
