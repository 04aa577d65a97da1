"""A client that floods another hub takes nothing from those that send with it."""

from __future__ import annotations

from collections import Counter

from peerpigeon.core.config.quantities import GIB
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.sessions.registry import Guest, Registry
from tests.core.harness import A, B
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, Json, linked

HONEST = [f"f{number:03}" * 10 for number in range(20)]
FLOOD = 20_000


def flooded() -> tuple[Hubs, tuple[int, int], tuple[int, int], list[tuple[int, int]]]:
    """Return two hubs between which one client has sent more than can wait, and some others."""
    hubs = linked(FIRST, SECOND)
    flooder, target = hubs.join(0, A), hubs.join(1, B)
    honest = [hubs.join(0, peer) for peer in HONEST]
    hubs.pass_time(1.0)
    for client in (flooder, target, *honest):
        hubs.take(client)
    for number in range(FLOOD):
        hubs.signal(flooder, B, number, "ice-candidate")
    return hubs, flooder, target, honest


def received(hubs: Hubs, client: tuple[int, int]) -> dict[str, list[int]]:
    """Return what came to a client, by sender, in order."""
    came: dict[str, list[int]] = {}
    for message in hubs.take(client):
        came.setdefault(message["fromPeerId"], []).append(message["data"])
    return came


def reasons(messages: list[Json]) -> Counter[str]:
    return Counter(each["data"]["reason"] for each in messages if "data" in each)


def test_no_signal_of_the_others_is_refused_and_the_flooder_is_told_of_each_of_its_own() -> None:
    hubs, flooder, target, honest = flooded()
    for client in honest:
        for number in range(100):
            hubs.signal(client, B, number)
    assert not any(hubs.take(client) for client in honest)
    hubs.run()
    hubs.pass_time(1.0)
    came = received(hubs, target)
    assert all(came[peer] == list(range(100)) for peer in HONEST)
    flood = came[A]
    refused = reasons(hubs.take(flooder))
    assert refused == {"overloaded": FLOOD - len(flood)}
    assert flood == sorted(flood)
    assert len(flood) > 4000


def test_what_the_others_send_arrives_before_the_heap_of_the_flooder() -> None:
    hubs, _, target, honest = flooded()
    for client in honest:
        hubs.signal(client, B)
    hubs.run()
    senders = [message["fromPeerId"] for message in hubs.take(target)]
    assert max(senders.index(peer) for peer in HONEST) < 300


def test_signals_that_wait_for_a_lookup_leave_room_for_those_of_others() -> None:
    hubs = linked(FIRST, SECOND, THIRD, max_memory=GIB)
    flooder, honest = hubs.join(0, A), hubs.join(0, HONEST[0])
    hubs.pass_time(1.0)
    hubs.take(flooder)
    hubs.take(honest)
    for size in (900_000, 100_000, 10_000, 1000, 100, 1):
        for _ in range(30):
            hubs.signal(flooder, B, "x" * size)
    for _ in range(30):
        hubs.signal(honest, B, "x" * 10_000)
    assert hubs.take_types(flooder)[:24] == ["error"] * 24
    assert hubs.take(honest) == []


def test_clients_of_a_hub_of_the_npm_package_share_the_part_of_its_socket() -> None:
    registry = Registry(10)
    for number, peer in ((-1, A), (-2, B)):
        guest = Guest(SessionId(number), PeerId(peer), "", 0.0, 0.0, hub=SessionId(7))
        registry.add(guest)
        registry.hold(guest, guest.peer_id)
    assert registry.flow_of(A) == registry.flow_of(B) == 7
    assert registry.flow_of(FIRST) == FIRST
