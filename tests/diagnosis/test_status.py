"""The mesh as a table, from any hub, with an exit status that a monitor can use."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from peerpigeon.cli.status import COLUMNS, duration, table
from peerpigeon.diagnosis.mesh_status import HubStatus, MeshStatus, StatusError, mesh_status
from peerpigeon.diagnosis.place import Place, PlaceError
from tests.diagnosis.command import free_port, peerpigeon
from tests.net.client import A, B, C, join, running
from tests.net.hubs import eventually, hub, network, uri

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def pretending(**pages: Any) -> AsyncIterator[str]:
    """Serve pages as JSON; return the address."""
    app = web.Application()
    for name, body in pages.items():

        async def answer(_: web.Request, body: object = body) -> web.Response:
            return web.json_response(body)

        app.router.add_get(f"/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_any_hub_tells_of_all() -> None:
    async with network(3) as servers, await join(servers[2], A):
        await eventually(lambda: all(each.links for s in servers for each in s.get_topology().hubs))
        seen = [await mesh_status(uri(server)) for server in servers]
    ids = sorted(server.hub_peer_id for server in servers)
    for status in seen:
        assert [each.hub for each in status.hubs] == ids
        assert all(each.state == "ready" and each.links for each in status.hubs)
        clients = {each.hub: each.clients for each in status.hubs}
        assert clients == dict.fromkeys(ids, 0) | {servers[2].hub_peer_id: 1}
        assert all(each.uptime is not None and each.version for each in status.hubs)


async def test_a_hub_that_does_not_answer_is_not_well() -> None:
    nobody = free_port()
    views = [
        {"peerId": A, "draining": False, "addresses": [f"ws://127.0.0.1:{nobody}"], "links": []},
        {"peerId": B, "draining": False, "addresses": [], "links": []},
    ]
    async with pretending(mesh={"hubPeerId": C, "hubs": views}) as address:
        status = await mesh_status(address)
    assert [each.state for each in status.hubs] == ["no answer", "no answer"]
    assert "connection refused" in status.hubs[0].problem
    assert "advertises no address" in status.hubs[1].problem
    assert not status.is_well


async def test_a_hub_that_was_lost_is_shown_and_makes_the_mesh_unwell() -> None:
    gone = [
        {"peerId": B, "addresses": ["ws://b:1"], "state": "stopped", "since": 1_795_843_889_124},
        {"peerId": C, "addresses": ["ws://c:1"], "state": "lost", "since": 1_795_843_889_124},
    ]
    own = {"peerId": A, "draining": False, "addresses": [], "links": []}
    pages: dict[str, Any] = {"ready": {"status": "ready"}, "health": {"status": "healthy"}}
    for left, is_well in ((gone[:1], True), (gone, False)):
        body = {"hubPeerId": A, "hubs": [own], "gone": left}
        async with pretending(mesh=body, **pages) as address:
            status = await mesh_status(address)
        assert status.is_well is is_well
    assert [each.state for each in status.hubs] == ["ready", "stopped", "lost"]
    *_, why, dashes = table(status)
    assert why.startswith("cccccccc: no other hub reaches it since 2026-11-28 05:31:29 UTC")
    assert "show_details" in dashes


async def test_strangers_are_told_what_to_do() -> None:
    async with hub(show_details=False) as (server, _):
        with pytest.raises(StatusError, match="show-details"):
            await mesh_status(uri(server))


async def test_what_is_no_hub_is_said_to_be_none() -> None:
    async with pretending(health={"status": "fine"}) as address:
        with pytest.raises(StatusError, match=r"no hub \(GET /mesh: 404\)"):
            await mesh_status(address)


async def test_a_server_without_a_mesh_is_a_mesh_of_one() -> None:
    async with running() as server:
        status = await mesh_status(f"http://127.0.0.1:{server.port}")
        assert [(each.hub, each.state) for each in status.hubs] == [(server.hub_peer_id, "ready")]


@pytest.mark.slow
async def test_the_command_says_how_all_is_by_its_exit_status() -> None:
    async with network(2) as servers:
        await eventually(lambda: all(each.links for s in servers for each in s.get_topology().hubs))
        code, output, errors = await peerpigeon("status", uri(servers[0]))
        assert (code, errors) == (0, "")
        head, *rows = output.splitlines()
        assert tuple(head.split()) == COLUMNS
        assert [row.split()[2] for row in rows] == ["ready", "ready"]
        assert "1 websocket" in output
        code, output, _ = await peerpigeon("status", uri(servers[1]), "--json")
        told = json.loads(output)
        assert (code, told["well"], len(told["hubs"])) == (0, True, 2)
    code, output, errors = await peerpigeon("status", f"ws://127.0.0.1:{free_port()}")
    assert (code, output) == (1, "")
    assert "connection refused" in errors
    code, _, errors = await peerpigeon("status", "ftp://x")
    assert code == 2
    assert "write ws://HOST:PORT" in errors


def test_what_is_not_told_is_a_dash_and_explained() -> None:
    known = HubStatus(A, "ws://a:1", "ready", {"p2p": 2}, 7, "1.2.3", 90_000.0, 5, 3 << 20)
    secretive = HubStatus(B, "ws://b:1", "draining", {"p2p": 1, "websocket": 1})
    lines = list(table(MeshStatus("ws://a:1", [known, secretive])))
    assert lines[1].split() == [
        *("aaaaaaaa", "ws://a:1", "ready", "7", "2", "p2p", "5", "3", "MiB", "1.2.3", "1d", "1h")
    ]
    assert lines[2].split()[-4:] == ["-", "-", "-", "-"]
    assert "show_details" in lines[3]


def test_durations_have_two_units_at_most() -> None:
    given = (5.9, 65.0, 3 * 3600 + 300.0, 86400 * 3 + 7200.0)
    assert list(map(duration, given)) == ["5s", "1m", "3h 5m", "3d 2h"]


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("wss://hub.example", "wss://hub.example:443"),
        ("http://[::1]:3000/signal/", "ws://[::1]:3000/signal"),
        ("hub.example:3000", "ws://hub.example:3000"),
    ],
)
def test_places_are_written_in_many_ways(text: str, means: str) -> None:
    assert str(Place.parse(text)) == means


@pytest.mark.parametrize("text", ["", "ftp://x", "ws://a:99999", "ws://"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(PlaceError):
        Place.parse(text)
