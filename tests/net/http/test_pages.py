"""The pages of ``docs/protocol.md`` (HTTP) over a real socket."""

import asyncio
import base64
import hashlib
import json
import re
from datetime import datetime
from importlib import resources
from typing import Any
from urllib.parse import urljoin

import pytest
from msgspec.structs import replace

from peerpigeon import PeerPigeonServer, ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.snapshot import (
    HubView,
    LinkRecord,
    MeshSnapshot,
    MissingHub,
    TopologySnapshot,
)
from peerpigeon.net.http.insiders import Insiders
from peerpigeon.net.http.pages.mesh import mesh
from peerpigeon.net.http.remote_address import is_from_here
from peerpigeon.net.http.request import parse_request
from tests.net.client import A, get, join, running
from tests.net.raw import RawClient

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
}


async def test_health_says_how_the_server_is() -> None:
    """S29."""
    async with running() as server, await join(server, A) as a:
        await a.before_pong()
        response = await get(server, "/health")
        assert (response.status, response.content_type) == (200, "application/json")
        body = response.json()
        assert datetime.fromisoformat(body.pop("timestamp")).tzinfo is not None
        assert 0 <= body.pop("uptime") < 60
        assert body["hubMesh"].pop("hubPeerId") == server.hub_peer_id
        memory = body.pop("memory")
        assert 1_000_000 < memory["rss"] <= memory["peakRss"] < 10**10
        assert body.pop("version")
        assert body == {
            "status": "healthy",
            "isHub": False,
            "connections": 1,
            "closing": 0,
            "dropped": 0,
            "peers": 1,
            "announcedPeers": 1,
            "hubs": 0,
            "networks": 1,
            "signals": {"relayed": 0, "refused": 0},
            "messages": {"refused": 0},
            "hubMesh": {
                "ready": False,
                "migrated": False,
                "p2pConnections": 0,
                "websocketConnections": 0,
                "localConnections": 0,
                "knownHubs": 0,
                "forged": 0,
                "unusableNews": 0,
            },
        }


async def test_hubs_lists_the_hub_itself() -> None:
    async with running(is_hub=True, hub_peer_id="e" * 40) as server:
        body = (await get(server, "/hubs")).json()
        assert datetime.fromisoformat(body["timestamp"])
        assert body["totalHubs"] == 1
        (hub,) = body["hubs"]
        assert set(hub) == {"peerId", "networkName", "registeredAt", "lastActivity"}
        assert (hub["peerId"], hub["networkName"]) == ("e" * 40, "pigeonhub-mesh")
        assert 0 <= hub["lastActivity"] - hub["registeredAt"] < 60_000


async def test_mesh_shows_the_hub_itself_and_who_it_is() -> None:
    options = {"is_hub": True, "hub_peer_id": "e" * 40, "advertise": ("ws://there:1",)}
    async with running(**options, show_details=True) as server:
        response = await get(server, "/mesh")
        assert (response.status, response.content_type) == (200, "application/json")
        body = response.json()
        now = datetime.fromisoformat(body.pop("timestamp")).timestamp()
        (hub,) = body["hubs"]
        assert 0 <= now - hub.pop("incarnation") / 1000 < 60
        assert body == {
            "hubPeerId": "e" * 40,
            "isHub": True,
            "ready": False,
            "migrated": False,
            "totalHubs": 1,
            "hubs": [
                {
                    "peerId": "e" * 40,
                    "addresses": ["ws://there:1"],
                    "draining": False,
                    "reachable": True,
                    "clients": None,
                    "links": [],
                }
            ],
            "gone": [],
        }


async def test_a_plain_server_has_no_mesh_to_show() -> None:
    async with running() as server:
        body = (await get(server, "/mesh")).json()
        assert (body["isHub"], body["totalHubs"], body["hubs"]) == (False, 0, [])


BRIEF = {"status", "timestamp", "isHub"}


async def is_told_details(server: PeerPigeonServer, **headers: str) -> bool:
    """Tell whether the pages say more than that the server is well, all of them alike."""
    answers = [
        await get(server, path, headers=headers) for path in ("/health", "/hubs", "/mesh", "/hubs/")
    ]
    told = set(answers[0].json()) > BRIEF
    assert [answer.status for answer in answers] == [200, *([200] * 2 if told else [404] * 2), 404]
    assert told or set(answers[0].json()) == BRIEF
    assert told or b"show_details" in answers[1].body
    return told


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"Host": "localhost"}, True),
        ({"Origin": "http://localhost:5173"}, True),
        ({"Origin": "http://[::1]"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"X-Forwarded-For": "127.0.0.1"}, False),
        ({"Forwarded": "for=192.0.2.1"}, False),
        ({"Via": "1.1 proxy"}, False),
        ({"X-Real-IP": "192.0.2.1"}, False),
    ],
)
async def test_details_are_for_who_asks_on_the_machine_itself(
    headers: dict[str, str], expected: bool
) -> None:
    """No page of elsewhere, and nobody for whom a proxy asks."""
    async with running(is_hub=True) as server:
        assert await is_told_details(server, **headers) is expected
    async with running(is_hub=True, show_details=True) as server:
        assert await is_told_details(server, **headers)
    async with running(is_hub=True, show_details=False) as server:
        assert not await is_told_details(server, **headers)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.1:3000", True),
        ("[2001:db8::1]", True),
        ("127.0.0.1", True),
        ("a.localhost", True),
        ("evil.example", False),
        ("evil.example:3000", False),
        ("", False),
    ],
)
async def test_a_name_that_only_leads_to_the_machine_is_not_its_own(
    host: str, expected: bool
) -> None:
    """DNS rebinding, where any name is answered to: the page's browser runs on the machine."""
    async with running(host="0.0.0.0", is_hub=True, open_mesh=True) as server:
        assert await is_told_details(server, Host=host) is expected


def test_the_name_at_which_it_listens_is_its_own() -> None:
    insiders = Insiders(ServerConfig(host="Hub.lan,10.0.0.1"))
    head = b"GET / HTTP/1.1\r\nHost: hub.LAN:3000"
    assert insiders.include(replace(parse_request(head), is_from_here=True))
    assert not insiders.include(parse_request(head))


async def test_a_server_behind_a_proxy_tells_nobody_unasked() -> None:
    """All connections come from the proxy, and so from this machine."""
    async with running(is_hub=True, advertise=("wss://hub.example",)) as server:
        assert not await is_told_details(server)
        assert not await is_told_details(server, Host="hub.example")


@pytest.mark.parametrize(
    ("peer", "own", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.5", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.2", "192.0.2.1", False),
        ("fe80::1%eth0", "fe80::2%eth0", False),
        (None, None, False),
    ],
)
def test_who_comes_from_this_machine(peer: str | None, own: str | None, expected: bool) -> None:
    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            text = {"peername": peer, "sockname": own}[name]
            return None if text is None else (text, 1)

    assert is_from_here(Transport()) is expected


def test_mesh_tells_each_link_with_its_carrier_and_purpose() -> None:
    own, other = PeerId("e" * 40), PeerId("f" * 40)
    link = LinkRecord(other, "websocket", "bootstrap")
    view = HubView(own, 12500, ("ws://a:1",), is_draining=True, links=(link,))
    picture = MeshSnapshot(ready=True, migrated=True)
    body = mesh(TopologySnapshot(own, True, 0.0, picture, (view,)))
    assert (body["ready"], body["migrated"]) == (True, True)
    assert body["hubs"] == [
        {
            "peerId": own,
            "incarnation": 12500,
            "draining": True,
            "reachable": True,
            "clients": None,
            "addresses": ("ws://a:1",),
            "links": [{"peerId": other, "carrier": "websocket", "purpose": "bootstrap"}],
        }
    ]


def test_mesh_tells_for_a_while_who_has_left_it() -> None:
    own, *others = (PeerId(digit * 40) for digit in "01234")
    view = HubView(own, 1, ("ws://a:1", "ws://a:2"), is_draining=False, links=())
    missing = (
        MissingHub(others[0], ("ws://b:1",), 699.0, has_stopped=False),
        MissingHub(others[1], ("ws://c:1",), 701.0, has_stopped=False),
        MissingHub(others[2], ("ws://a:2",), 990.0, has_stopped=False),
        MissingHub(others[3], ("ws://d:1",), 975.5, has_stopped=True),
    )
    body = mesh(TopologySnapshot(own, True, 1000.0, MeshSnapshot(), (view,), missing))
    assert body["gone"] == [
        {"peerId": others[1], "addresses": ("ws://c:1",), "state": "lost", "since": 701_000},
        {"peerId": others[3], "addresses": ("ws://d:1",), "state": "stopped", "since": 975_500},
    ]


DEMOS = ("/demo", "/demo/peerjs", "/demo/y-webrtc", "/demo/webtorrent")


def policy_of(response: Any) -> dict[str, str]:
    return dict(
        part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; ")
    )


def digest_of(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@pytest.mark.parametrize("path", DEMOS)
async def test_a_demo_may_run_what_it_came_with_and_its_packages(path: str) -> None:
    async with running() as server:
        response = await get(server, path)
        assert (response.status, response.content_type) == (200, "text/html")
        policy = policy_of(response)
        text = response.body.decode()
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        assert policy["style-src"] == digest_of(style)
        scripts = re.findall(r"<script(?: type=\"\w+\")?>(.+?)</script>", text, re.DOTALL)
        assert "<script></script>" not in text
        sources = policy["script-src"].split()
        packages = [each for each in sources if not each.startswith("'sha256-")]
        assert sorted(set(sources) - set(packages)) == sorted(map(digest_of, scripts))
        assert all(
            each == "'self'" or re.fullmatch(r"https://cdn\.jsdelivr\.net/npm/[\w-]+@[\d.]+/", each)
            for each in packages
        )
        if path in ("/demo", "/demo/peerjs"):
            assert packages == []
            assert not re.search(r"https?://(?!www\.w3\.org)", text)
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        # What the policy forbids anyway.
        assert not re.search(r"\son\w+=|style=|src=|innerHTML", text)


@pytest.mark.parametrize("page", ["y_webrtc", "webtorrent"])
def test_each_file_that_a_demo_fetches_is_known_by_its_hash(page: str) -> None:
    folder = resources.files("peerpigeon.net.http.demo")
    tables = json.loads(folder.joinpath(f"{page}.importmap.json").read_text())
    elsewhere = {each for each in tables["imports"].values() if not each.startswith("./")}
    assert elsewhere <= set(tables["integrity"])
    assert all(re.fullmatch(r"sha384-[\w+/]{64}", each) for each in tables["integrity"].values())


async def test_a_demo_links_to_the_others_wherever_the_server_is() -> None:
    async with running(path_prefix="/signal") as server:
        for path in DEMOS:
            page = f"/signal{path}"
            text = (await get(server, page)).body.decode()
            links = re.findall(r'<a href="([^"]*)"', text)
            assert [urljoin(page, link) for link in links] == [f"/signal{each}" for each in DEMOS]
            assert text.count('aria-current="page"') == 1
        assert (await get(server, "/signal/demo/simple-peer.js")).content_type == "text/javascript"


async def test_there_are_demos_of_what_is_spoken_only() -> None:
    async with running(dialects=("peerjs",)) as server:
        found = [(await get(server, path)).status for path in (*DEMOS, "/demo/simple-peer.js")]
        assert found == [200, 200, 404, 404, 404]
        assert "y-webrtc" not in (await get(server, "/demo")).body.decode()


async def test_the_demo_is_kept_by_browsers_until_it_changes() -> None:
    async with running() as server:
        first = await get(server, "/demo")
        assert first.headers["Cache-Control"] == "no-cache"
        etag = first.headers["ETag"]
        again = await get(server, "/demo", headers={"If-None-Match": f'"other", {etag}'})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
        assert (await get(server, "/demo", headers={"If-None-Match": '"other"'})).status == 200


async def test_the_demo_comes_with_its_policy_for_head_too() -> None:
    async with running() as server:
        head = await get(server, "/demo", method="HEAD")
        assert "Content-Security-Policy" in head.headers


async def test_there_is_no_demo_where_it_is_switched_off() -> None:
    async with running(demo=False) as server:
        response = await get(server, "/demo")
        assert (response.status, response.content_type) == (404, "text/plain")
        assert "/demo" not in response.body.decode()
        assert "Content-Security-Policy" not in response.headers


@pytest.mark.parametrize(
    "path", ["/health", "/hubs", "/mesh", "/", "/demo", "/live", "/ready", "/limits"]
)
async def test_every_page_is_read_and_nothing_else(path: str) -> None:
    async with running() as server:
        got = await get(server, path)
        head = await get(server, path, method="HEAD")
        assert (got.status, head.status, head.body) == (200, 200, b"")
        assert head.content_type == got.content_type
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            refused = await get(server, path, method=method)
            assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/hubs/",
        "/mesh/",
        "/health/",
        "/%2e%2e/etc/passwd",
    ],
)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    """A check that asks for a page of other servers must not take it for well."""
    async with running() as server:
        for method in ("GET", "POST"):
            response = await get(server, path, method=method)
            assert (response.status, response.content_type) == (404, "text/plain")
            assert (
                "/, /health, /live, /ready, /limits, /hubs, /mesh, /metrics, /dashboard, /demo"
                in response.body.decode()
            )
        head = await get(server, path, method="HEAD")
        assert (head.status, head.body) == (404, b"")


@pytest.mark.parametrize("path", ["/health", "/", "/anything"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_every_answer_may_be_read_by_any_page(method: str, path: str) -> None:
    async with running() as server:
        response = await get(server, path, method=method)
        assert {name: response.headers[name] for name in CORS} == CORS


@pytest.mark.parametrize(
    ("path", "kind"), [("/health?x=1", "application/json"), ("/?x=1", "text/plain")]
)
async def test_a_query_changes_nothing(path: str, kind: str) -> None:
    async with running() as server:
        response = await get(server, path)
        assert (response.status, response.content_type) == (200, kind)


async def test_the_first_page_says_what_is_here() -> None:
    async with running() as server:
        response = await get(server, "/")
        assert response.content_type == "text/plain"
        assert "PeerPigeon" in response.body.decode()


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        ("http://elsewhere.example/health", "200", "application/json"),
        ("http://elsewhere.example", "200", "text/plain"),
        ("health", "400", "text/plain"),
        ("*", "400", "text/plain"),
    ],
)
async def test_a_target_is_a_path_or_a_whole_address(target: str, status: str, kind: str) -> None:
    async with running() as server, await RawClient.connect(server.port) as client:
        await client.send(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = (await client.head()).decode()
        assert head.startswith(f"HTTP/1.1 {status} ")
        assert f"\r\nContent-Type: {kind}; " in head


async def test_options_is_answered_empty() -> None:
    async with running() as server:
        response = await get(server, "/whatever", method="OPTIONS")
        assert (response.status, response.body) == (200, b"")
        assert {name: response.headers[name] for name in CORS} == CORS


async def test_only_the_named_origins_are_allowed_when_some_are_named() -> None:
    async with running(cors_origin="https://a.example,https://b.example") as server:
        allowed = await get(server, "/health", origin="https://b.example")
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://b.example"
        other = await get(server, "/health", origin="https://c.example")
        assert "Access-Control-Allow-Origin" not in other.headers
        assert allowed.headers["Vary"] == other.headers["Vary"] == "Origin"


async def test_a_wildcard_lets_pages_below_a_name_read() -> None:
    async with running(cors_origin="https://*.example.org") as server:
        for origin, is_let in (("https://a.example.org", True), ("https://example.org", False)):
            answer = await get(server, "/health", origin=origin)
            assert answer.headers.get("Access-Control-Allow-Origin") == (origin if is_let else None)


@pytest.mark.parametrize("path", ["/", "/health", "/hubs", "/mesh"])
async def test_each_answer_ends_its_connection(path: str) -> None:
    async with running() as server:
        assert (await get(server, path)).headers["Connection"] == "close"


async def test_many_ask_at_once() -> None:
    async with running() as server:
        answers = await asyncio.gather(*(get(server, "/health") for _ in range(50)))
        assert {answer.status for answer in answers} == {200}
