"""A hub that waits alone says so, once, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.notices import HubAlone
from tests.core.mesh.meshes import HUBS, Bench, notices, of_kind


def told(bench: Bench, since: float, until: float, *alive: int) -> list[HubAlone]:
    return of_kind(HubAlone, notices(bench.pass_time(since, until, *alive)))


def test_a_hub_without_a_link_says_so_after_ten_seconds_once() -> None:
    bench = Bench()
    assert told(bench, 0.0, 9.9) == []
    assert len(told(bench, 9.9, 10.0)) == 1
    assert told(bench, 10.0, 100.0) == []


def test_a_hub_with_a_link_does_not() -> None:
    bench = Bench()
    link = bench.link(HUBS[1], now=9.0)
    assert told(bench, 9.0, 30.0, link) == []


def test_a_hub_that_has_lost_all_links_says_so_again_once() -> None:
    bench = Bench()
    assert len(told(bench, 0.0, 20.0)) == 1
    link = bench.link(HUBS[1], now=20.0)
    assert told(bench, 20.0, 40.0, link) == []
    bench.lose(link, 40.0)
    assert told(bench, 40.0, 49.9) == []
    assert len(told(bench, 49.9, 100.0)) == 1


def test_a_hub_that_stops_says_nothing() -> None:
    bench = Bench()
    bench.leave(5.0)
    assert told(bench, 5.0, 30.0) == []


def test_hubs_of_the_npm_package_are_company_until_the_last_has_gone() -> None:
    bench = Bench()
    one, other = PeerId("1" * 40), PeerId("2" * 40)
    for hub in (one, other):
        bench.mesh.reference_hub_linked(hub)
    assert told(bench, 5.0, 20.0) == []
    bench.mesh.reference_hub_lost(SessionId(1), one, 1006, "", 20.0)
    assert told(bench, 20.0, 40.0) == []
    bench.mesh.reference_hub_lost(SessionId(2), other, 1006, "", 40.0)
    assert len(told(bench, 40.0, 60.0)) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"own_addresses": ("ws://localhost:3000",)},
            "no other hub is linked; start others with --bootstrap-hubs ws://localhost:3000 on this"
            " machine; for those on others start this one with --host 0.0.0.0",
        ),
        (
            {"own_addresses": ("ws://10.0.0.1:3000",), "host": "0.0.0.0", "open_mesh": True},
            "no other hub is linked; start others with --bootstrap-hubs ws://10.0.0.1:3000",
        ),
        (
            {"advertise": ("wss://hub.example",)},
            "no other hub is linked; start others with --bootstrap-hubs wss://hub.example",
        ),
        (
            {
                "host": "0.0.0.0",
                "open_mesh": True,
                "bootstrap_hubs": ("ws://10.0.0.1:3000", "ws://10.0.0.2:3000"),
            },
            "no other hub is linked, and nobody answers yet at ws://10.0.0.1:3000,"
            " ws://10.0.0.2:3000; start others with --bootstrap-hubs ws://HOST:PORT",
        ),
        (
            {"bootstrap_dns": ("hubs.example:3000",), "advertise": ("ws://10.0.0.1:3000",)},
            "no other hub is linked, and nobody answers yet at hubs.example:3000;"
            " start others with --bootstrap-hubs ws://10.0.0.1:3000",
        ),
        (
            {
                "advertise": ("wss://hub.example",),
                "bootstrap_hubs": ("ws://10.0.0.1:3000",),
                "auto_connect": False,
            },
            "no other hub is linked; start others with --bootstrap-hubs wss://hub.example",
        ),
    ],
)
def test_what_it_says_is_what_to_do(options: dict[str, Any], message: str) -> None:
    assert told(Bench(**options), 0.0, 11.0) == [HubAlone(message)]
