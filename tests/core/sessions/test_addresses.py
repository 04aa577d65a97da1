"""One address cannot take all places of a hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.config import ServerConfig
from tests.core.harness import A, B, Desk

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId

ONE, OTHER = "192.0.2.1", "192.0.2.2"
REFUSED = (1013, "too many connections from your address")


def crowd(desk: Desk, count: int, *addresses: str) -> list[SessionId]:
    return [
        desk.open(f"{number + 1:040x}", address=addresses[number % len(addresses)])
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, 250),
        ({"max_connections": 100_000}, 25_000),
        ({"max_connections": 300}, 100),
        ({"max_connections": 100}, 50),
        ({"max_connections": 1}, 1),
        ({"max_connections": 1000, "max_connections_per_address": 7}, 7),
        ({"max_connections": 10, "max_connections_per_address": 2000}, 2000),
    ],
)
def test_an_address_may_have_a_quarter_of_the_places_or_a_hundred_that_are_half(
    options: dict[str, int], most: int
) -> None:
    assert ServerConfig(**options).connections_per_address == most  # type: ignore[arg-type]


def test_an_address_that_has_its_share_is_refused_and_others_get_in() -> None:
    desk = Desk(ServerConfig(max_connections=10))
    sessions = crowd(desk, 7, ONE)
    assert desk.closed == dict.fromkeys(sessions[5:], REFUSED)
    desk.open(A, address=OTHER)
    assert len(desk.closed) == 2
    assert len(desk.hub.status.peers()) == 6


def test_addresses_of_one_network_of_64_bits_are_one() -> None:
    desk = Desk(ServerConfig(max_connections=10))
    sessions = crowd(desk, 6, "2001:db8::1", "2001:db8::2")
    assert desk.closed == {sessions[5]: REFUSED}
    desk.open(A, address="2001:db8:0:1::1")
    assert len(desk.closed) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_this_machine_may_have_all(address: str) -> None:
    desk = Desk(ServerConfig(max_connections=10))
    crowd(desk, 10, address)
    assert desk.closed == {}


def test_who_leaves_makes_room_for_another_one_of_its_address() -> None:
    desk = Desk(ServerConfig(max_connections=10))
    sessions = crowd(desk, 5, ONE)
    desk.lose(sessions[0])
    desk.open(A, address=ONE)
    assert desk.closed == {}
    for session in sessions[1:]:
        desk.lose(session)
    assert len(desk.hub.status.peers()) == 1


def test_the_owner_of_an_id_resumes_it_though_its_address_has_its_share() -> None:
    desk = Desk(ServerConfig(max_connections=10))
    first = desk.join(A, address=ONE)
    [key] = [each["data"]["resumeKey"] for each in desk.take(first) if each["type"] == "connected"]
    crowd(desk, 4, ONE)
    again = desk.open(A, now=1.0, address=ONE, resume_key=key)
    assert list(desk.closed) == [first]
    assert desk.take_types(again) == ["connected"]
    assert desk.closed.get(desk.open(B, now=1.0, address=ONE)) == REFUSED


def test_at_a_full_hub_an_address_that_has_its_share_does_not_wait_for_a_place() -> None:
    desk = Desk(ServerConfig(max_connections=4))
    crowd(desk, 4, ONE, OTHER)
    assert desk.closed == {}
    assert desk.closed.get(desk.open(A, address=ONE)) == REFUSED
    assert desk.open(A, address="192.0.2.3") not in desk.closed
