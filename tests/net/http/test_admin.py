"""The second port, for the operator, and the path below which all is served."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon import PeerPigeonServer, ServerConfig
from peerpigeon.net.http.admin import AdminAccess
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.page import Page, Response, text
from peerpigeon.net.http.request import Request
from peerpigeon.net.http.site import Site
from tests.net.client import A, get, join, running
from tests.net.raw import RawClient, turns, upgrade

if TYPE_CHECKING:
    from collections.abc import Mapping


def head_of(*lines: str, method: str = "GET", path: str = "/") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


async def ask(port: int | None, path: str, *lines: str, method: str = "GET") -> str:
    """Return the whole answer."""
    assert port
    async with await RawClient.connect(port) as client:
        await client.send(head_of(*(lines or ("Host: localhost",)), method=method, path=path))
        return (await client.rest()).decode()


async def test_the_second_port_shows_everything_and_lets_no_client_in() -> None:
    async with running(is_hub=True, show_details=False, admin_port=0) as server:
        assert server.admin_port not in (0, None, server.port)
        assert "404 Not Found" in await ask(server.port, "/mesh")
        assert "200 OK" in await ask(server.admin_port, "/mesh")
        assert '"version"' not in await ask(server.port, "/health")
        assert '"version"' in await ask(server.admin_port, "/health")
        async with await RawClient.connect(server.admin_port) as client:
            await client.send(upgrade(target=f"/?peerId={A}"))
            assert (await client.head()).startswith(b"HTTP/1.1 403 ")
        async with await join(server, A):
            assert '"connections": 1' in await ask(server.admin_port, "/health")


async def test_without_the_option_there_is_no_second_port() -> None:
    async with running() as server:
        assert server.admin_port is None
    assert PeerPigeonServer(admin_port=0).admin_port == 0


async def test_a_second_port_that_is_taken_lets_the_server_not_start() -> None:
    async with running() as holder:
        server = PeerPigeonServer(port=0, host="127.0.0.1", admin_port=holder.port)
        with pytest.raises(OSError, match="is taken"):
            await server.start()
        assert not server.is_running


async def test_a_page_of_elsewhere_has_nothing_to_read_or_change_at_the_second_port() -> None:
    async with running(admin_port=0) as server:
        own = f"Host: localhost:{server.admin_port}"
        answer = await ask(server.admin_port, "/health", own)
        assert "200 OK" in answer
        assert "Access-Control-Allow-Origin" not in answer
        same = f"Origin: http://localhost:{server.admin_port}"
        assert "200 OK" in await ask(server.admin_port, "/health", own, same)
        for origin in ("https://evil.example", "null", "http://localhost:1"):
            for method in ("GET", "POST", "OPTIONS"):
                refused = await ask(
                    server.admin_port, "/health", own, f"Origin: {origin}", method=method
                )
                assert "403 Forbidden" in refused
        assert "421" in await ask(server.admin_port, "/health", "Host: evil.example")


@pytest.mark.parametrize(
    ("host", "options", "expected"),
    [
        (None, {}, True),
        ("localhost:3001", {}, True),
        ("10.0.0.7:3001", {}, True),
        ("[fd00::1]", {}, True),
        ("hub-0.internal", {}, False),
        ("hub-0.internal", {"admin_host": "hub-0.internal"}, True),
        ("hub-0.internal", {"allowed_hosts": ("*.internal",)}, True),
        ("evil.example", {"allowed_hosts": ("*.internal",)}, False),
        ("evil.example", {"allowed_hosts": ("*",)}, True),
    ],
)
def test_by_which_names_the_second_port_answers(
    host: str | None, options: Mapping[str, object], expected: bool
) -> None:
    access = AdminAccess(ServerConfig(**options))  # type: ignore[arg-type]
    assert access.admits_host(host) is expected


# Pages that change something


@dataclass
class Switch:
    """A page of whoever reaches the second port."""

    said: bytes = b""

    async def turn(self, request: Request) -> Response:
        self.said = request.body
        return text("turned\n")

    async def show(self, _: Request) -> Response:
        return text(f"{self.said!r}\n")


async def answer(site: Site, method: str, audience: Audience, path: str = "/switch") -> Response:
    async def body() -> bytes:
        return b"on"

    request = Request(method, path, (1, 1), (), audience=audience)
    return await site.answer(request, body)


async def test_what_is_for_operators_is_nowhere_for_others() -> None:
    switch = Switch()
    site = Site([Page("/switch", switch.turn, Audience.ADMIN, "POST")])
    for audience in (Audience.EVERYBODY, Audience.INSIDERS):
        assert (await answer(site, "POST", audience)).status == 404
        assert (await answer(site, "GET", audience)).status == 404
    assert switch.said == b""
    assert (await answer(site, "POST", Audience.ADMIN)).body == b"turned\n"
    assert switch.said == b"on"
    wrong = await answer(site, "GET", Audience.ADMIN)
    assert (wrong.status, wrong.headers["Allow"]) == (405, "POST, OPTIONS")


async def test_a_path_may_be_read_by_all_and_changed_by_operators() -> None:
    switch = Switch()
    site = Site(
        [Page("/switch", switch.show), Page("/switch", switch.turn, Audience.ADMIN, "POST")]
    )
    assert (await answer(site, "GET", Audience.EVERYBODY)).status == 200
    wrong = await answer(site, "POST", Audience.EVERYBODY)
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    wrong = await answer(site, "PUT", Audience.ADMIN)
    assert wrong.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


# Below a path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/signal", 200),
        ("/signal/", 200),
        ("/signal/health?x=1", 200),
        ("/signal/demo", 200),
        ("/signal/nothing", 404),
        ("/", 404),
        ("/health", 404),
        ("/signals/health", 404),
        ("/signal/signal/health", 404),
        ("/signal//health", 404),
    ],
)
async def test_all_is_below_the_path(path: str, status: int) -> None:
    async with running(path_prefix="/signal") as server:
        found = await get(server, path)
        assert found.status == status
        assert status == 200 or "/signal/health" in found.body.decode()


async def test_the_second_port_has_no_path_before_its_pages() -> None:
    async with running(path_prefix="/signal", admin_port=0) as server:
        assert "200 OK" in await ask(server.admin_port, "/health")


@pytest.mark.parametrize(
    ("path", "is_open"), [("/signal", True), ("/signal/", True), ("/", False), ("/signals", False)]
)
async def test_websockets_are_below_the_path_too(path: str, is_open: bool) -> None:
    async with running(path_prefix="/signal") as server:
        address = f"ws://127.0.0.1:{server.port}{path}?peerId={A}"
        async with aiohttp.ClientSession() as session:
            if is_open:
                async with session.ws_connect(address) as socket:
                    assert json.loads(await socket.receive_str())["type"] == "connected"
            else:
                with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                    await session.ws_connect(address)
                assert caught.value.status == 404


async def test_hubs_below_a_path_find_each_other() -> None:
    options = {"is_hub": True, "path_prefix": "/signal", "webrtc_engine": "none"}
    async with running(**options) as first:
        start = f"ws://127.0.0.1:{first.port}/signal"
        async with running(**options, bootstrap_hubs=(start,)) as second:
            async with asyncio.timeout(10):
                while len(second.get_topology().hubs) < 2:
                    await turns()
            known = {each for hub in second.get_topology().hubs for each in hub.addresses}
            assert start in known
