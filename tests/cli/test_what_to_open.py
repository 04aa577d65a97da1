"""What a server that has just started tells to open is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import ClientSession

from peerpigeon.cli.network import hints
from peerpigeon.cli.what_to_open import what_to_open
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.notices import Started
from peerpigeon.local_mesh.status import HubStatus
from tests.net.client import A, running


def said(host: str, admin_port: int | None = None, **options: Any) -> str:
    config = ServerConfig(host=host, **options)
    return what_to_open(Started(host=host, port=3000), config, admin_port)


def at_a_path(admin_port: int | None = None) -> str:
    config = ServerConfig(uds="/run/hub.sock")
    return what_to_open(Started(host="unix:/run/hub.sock", port=0), config, admin_port)


@pytest.mark.parametrize(
    "options",
    [{}, {"path_prefix": "/signal"}, {"admin_port": 0}, {"allowed_hosts": ("a.example",)}],
)
async def test_each_address_that_is_told_is_served(options: dict[str, Any]) -> None:
    async with running(host="127.0.0.1", **options) as server:
        started = Started(host="127.0.0.1", port=server.port)
        config = ServerConfig(host="127.0.0.1", **options)
        lines = what_to_open(started, config, server.admin_port)
        [socket] = re.findall(r"connect to +ws(://\S+)", lines)
        asked = f"http{socket}/?peerId={A}"
        async with ClientSession() as session, session.ws_connect(asked) as entered:
            assert (await entered.receive_json())["type"] == "connected"
        pages = re.findall(r"http://\S+", lines)
        assert len(pages) == (1 if "allowed_hosts" in options else 2)
        for page in pages:
            async with ClientSession() as session, session.get(page) as answer:
                assert answer.status == 200


def test_who_may_not_see_the_dashboard_is_not_sent_there() -> None:
    assert "dashboard" not in said("localhost", show_details=False)
    assert "dashboard" not in said("localhost", allowed_hosts=("signal.example.org",))
    assert "dashboard" not in at_a_path()


def test_where_the_dashboard_can_be_seen_from_is_told() -> None:
    assert said("10.0.0.1").count("http://10.0.0.1:3000/dashboard, on this machine\n") == 1
    assert said("10.0.0.1", show_details=True).count("http://10.0.0.1:3000/dashboard\n") == 1
    assert said("localhost").count("http://localhost:3000/dashboard\n") == 1
    told = said("10.0.0.1", admin_port=3001)
    assert told.count("dashboard") == 2
    assert "http://localhost:3001/dashboard\n" in told
    assert "http://localhost:3001/dashboard\n" in at_a_path(admin_port=3001)


def test_a_network_tells_the_dashboard_of_a_hub_that_is_there() -> None:
    first, second = HubStatus(1), HubStatus(2, port=3001)
    config = ServerConfig(host="localhost", is_hub=True, path_prefix="/signal")
    assert "  watch the mesh      http://localhost:3001/signal/dashboard" in hints(
        config, [first, second]
    )
    hidden = ServerConfig(host="localhost", is_hub=True, show_details=False)
    assert not any("dashboard" in line for line in hints(hidden, [second]))
