"""The dashboard over HTTP: who is shown it, what it may load, and that nothing of it remains."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon.net.http.dashboard import files
from peerpigeon.net.http.dashboard.files import OURS, PAGE, VENDORED, read_file
from tests.net.client import A, Client, get, join, running
from tests.net.raw import turns

if TYPE_CHECKING:
    from peerpigeon import PeerPigeonServer

FOLDER = Path(files.__file__).parent
LONGEST = 400
SERVED = [path.rpartition("/")[2] for path in (*OURS, *VENDORED)]


async def test_the_page_may_load_what_its_server_has_and_nothing_else() -> None:
    async with running(is_hub=True) as server:
        response = await get(server, "/dashboard")
        assert (response.status, response.content_type) == (200, "text/html")
        policy = dict(
            part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; ")
        )
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        asked = re.findall(r'(?:src|href)="(dashboard/[^"]+)"', response.body.decode())
        assert asked
        for path in asked:
            assert (await get(server, f"/{path}")).status == 200


@pytest.mark.parametrize("name", SERVED)
async def test_each_file_comes_as_what_it_is_and_is_kept_until_it_changes(name: str) -> None:
    async with running() as server:
        first = await get(server, f"/dashboard/{name}")
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        assert (first.status, first.content_type) == (200, kind)
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        assert first.headers["Cache-Control"] == "no-cache"
        etag = first.headers["ETag"]
        again = await get(server, f"/dashboard/{name}", headers={"If-None-Match": etag})
        assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("path", ["", "/main.js", "/events", "/uPlot.min.css"])
async def test_the_dashboard_is_for_those_who_may_see_the_mesh(path: str) -> None:
    async with running(show_details=False) as server:
        answer = await get(server, f"/dashboard{path}")
        assert answer.status == 404
        assert b"show_details" in answer.body
    async with running() as server:
        strangers = {"Origin": "https://evil.example"}
        assert (await get(server, f"/dashboard{path}", headers=strangers)).status == 404


@pytest.mark.parametrize("path", ["/../files.py", "/%2e%2e/files.py", "/vendor", "/LICENSE", "/"])
async def test_nothing_else_of_the_folder_is_served(path: str) -> None:
    async with running() as server:
        assert (await get(server, f"/dashboard{path}")).status == 404


async def next_event(response: aiohttp.ClientResponse, name: str) -> bytes:
    """Return the data of the next event of a name."""
    async with asyncio.timeout(10):
        while True:
            line = await response.content.readline()
            assert line, "the stream has ended"
            if line == f"event: {name}\n".encode():
                return (await response.content.readline()).removeprefix(b"data: ")


def watch(
    session: aiohttp.ClientSession, server: PeerPigeonServer
) -> aiohttp.client._RequestContextManager:
    return session.get(f"http://127.0.0.1:{server.port}/dashboard/events")


async def test_the_stream_tells_what_happens_while_it_is_open() -> None:
    async with running(is_hub=True) as server, aiohttp.ClientSession() as session:
        async with watch(session, server) as response:
            assert response.content_type == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-store"
            assert server.hub_peer_id.encode() in await next_event(response, "mesh")
            assert b'"clients":0' in await next_event(response, "figures")
            await next_event(response, "events")
            async with await Client.connect(server, A):
                assert b'"peerConnected"' in await next_event(response, "events")


@pytest.mark.parametrize(
    ("headers", "expected"), [({}, True), ({"X-Forwarded-For": "192.0.2.1"}, False)]
)
async def test_clients_and_namespaces_are_named_on_the_machine_itself_alone(
    headers: dict[str, str], expected: bool
) -> None:
    """Whatever ``show_details`` tells the others."""
    async with running(is_hub=True, show_details=True) as server, await join(server, A) as client:
        await client.before_pong()
        async with aiohttp.ClientSession(headers=headers) as session:
            async with watch(session, server) as response:
                figures = await next_event(response, "figures")
                events = await next_event(response, "events")
    assert b'"clients":1' in figures
    assert (b"net1" in figures, A.encode() in events) == (expected, expected)


async def test_it_is_at_the_admin_port_with_clients_by_name() -> None:
    async with running(show_details=False, admin_port=0) as server, await join(server, A) as client:
        await client.before_pong()
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{server.admin_port}/dashboard"
            async with session.get(url) as page:
                assert (page.status, page.content_type) == (200, "text/html")
            async with session.get(f"{url}/events") as response:
                assert b"net1" in await next_event(response, "figures")


async def test_it_is_below_the_prefix() -> None:
    async with running(path_prefix="/signal") as server:
        assert (await get(server, "/signal/dashboard")).status == 200
        assert (await get(server, "/signal/dashboard/main.js")).status == 200
        assert (await get(server, "/dashboard")).status == 404


async def test_who_stops_is_not_held_up_by_who_watches() -> None:
    async with running(is_hub=True) as server, aiohttp.ClientSession() as session:
        responses = [await watch(session, server) for _ in range(5)]
        for response in responses:
            await next_event(response, "figures")
        async with asyncio.timeout(10):
            await server.stop()
        for response in responses:
            with pytest.raises(aiohttp.ClientError):
                await response.read()


async def test_who_leaves_is_forgotten() -> None:
    """Else the server would go on making what nobody reads."""
    async with running(is_hub=True) as server:
        runtime = server._runtime
        assert runtime is not None
        for _ in range(3):
            async with aiohttp.ClientSession() as session, watch(session, server) as response:
                await next_event(response, "figures")
        async with asyncio.timeout(10):
            while runtime._doors.visits.streams or runtime.holders.account.buffered:
                await turns(1)


def test_the_files_that_are_served_are_those_of_the_package() -> None:
    assert sorted(path.name for path in (FOLDER / "page").iterdir()) == sorted((PAGE, *OURS))
    vendored = (path for path in (FOLDER / "vendor").rglob("*") if path.is_file())
    paths = sorted(path.relative_to(FOLDER / "vendor").as_posix() for path in vendored)
    assert [path for path in paths if not path.endswith("/LICENSE")] == sorted(VENDORED)


@pytest.mark.parametrize("name", [PAGE, *OURS])
def test_our_files_are_short_and_make_nothing_of_what_they_are_told(name: str) -> None:
    """No markup and no script is made of text, and nothing is asked of another host."""
    text = read_file(name).body.decode()
    assert text.count("\n") < LONGEST
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", text)
    assert not re.search(r"\son\w+=|style=|https?://(?!www\.w3\.org)", text)
