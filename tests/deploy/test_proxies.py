"""Three hubs behind each proxy, run with the configurations of ``deploy/``."""

from __future__ import annotations

import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon import PeerPigeonServer, ServerConfig
from peerpigeon.core.config import Options, parse_seconds
from tests.deploy.certificates import Certificate, certificate_for
from tests.deploy.clients import Client, Here, clients
from tests.deploy.proxies import FILES, KINDS, NAME, proxy
from tests.mesh.processes import HubProcess, Mesh, eventually, mesh
from tests.ports import reserved_port
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

NAMES = ["nginx", *(thorough(name) for name in KINDS if name != "nginx")]

COUNT = 24
BEHIND_A_PROXY = {"allowed_hosts": NAME, "trusted_proxies": "127.0.0.1"}


@dataclass
class Fleet:
    """Hubs, the proxy before them, and clients that know the proxy alone."""

    mesh: Mesh
    clients: list[Client]
    uri: str
    certificate: Certificate
    log: Path
    """What the proxy says."""

    async def until(self, what: str, is_so: Callable[[], bool]) -> None:
        async def look() -> bool:
            return is_so()

        try:
            await eventually(what, look, bool)
        except AssertionError as late:
            raise AssertionError("\n".join(map(str, self.clients))) from late

    async def all_in(self) -> None:
        """Wait until all clients are in, and all hubs that are there have told of theirs."""
        await self.until("all clients are in", lambda: all(each.is_in for each in self.clients))

        def told() -> int:
            return sum(len(self.at(hub)) for hub in self.mesh.alive)

        await self.until("the hubs have told of them", lambda: told() == len(self.clients))

    async def noticed(self, lost: list[Client]) -> None:
        await self.until("they notice", lambda: all(each.closes for each in lost))

    def at(self, hub: HubProcess) -> list[Client]:
        """Return the clients that a hub has by what it has told."""
        there: set[str] = set()
        for event in hub.events:
            if event["event"] == "peerConnected":
                there.add(event["peerId"])
            elif event["event"] == "peerDisconnected":
                there.discard(event["peerId"])
        return [each for each in self.clients if each.peer_id in there]

    def refusals(self) -> list[str]:
        return [refusal for each in self.clients for refusal in each.refused]


@asynccontextmanager
async def fleet(name: str, folder: Path, count: int = COUNT) -> AsyncIterator[Fleet]:
    certificate = certificate_for(NAME, folder)
    with reserved_port() as port:
        async with mesh(3, **BEHIND_A_PROXY) as hubs:
            places = [f"127.0.0.1:{hub.port}" for hub in hubs.hubs]
            for hub in hubs.hubs:
                await hub.ready()
            uri = f"wss://{NAME}:{port}"
            async with (
                proxy(KINDS[name], port, places, certificate, folder),
                clients(count, uri, certificate.authority) as those,
            ):
                yield Fleet(hubs, those, uri, certificate, folder / "proxy.log")


@pytest.mark.proxy
@pytest.mark.slow
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize("name", NAMES)
async def test_clients_of_a_hub_that_is_lost_are_back_at_another_one(
    name: str, tmp_path: Path
) -> None:
    async with fleet(name, tmp_path) as those:
        await those.all_in()
        shares = [len(those.at(hub)) for hub in those.mesh.hubs]
        assert min(shares) >= COUNT // 6, shares

        killed, stopped, last = those.mesh.hubs
        for victim, end in ((killed, killed.kill), (stopped, stopped.stop)):
            lost = those.at(victim)
            others = [each for each in those.clients if each not in lost]
            before = [len(each.closes) for each in others]
            await end()
            await those.noticed(lost)
            await those.all_in()
            assert [len(each.closes) for each in others] == before, "nobody else notices anything"
            assert those.refusals() == [], f"dialled in vain; the proxy: {those.log.read_text()}"
        assert len(those.at(last)) == COUNT

        # One that comes back at its address gets clients again, without a word to the proxy.
        again = await those.mesh.add(port=killed.port, **BEHIND_A_PROXY)

        async def one_more() -> bool:
            async with clients(1, those.uri, those.certificate.authority, first=1000) as (client,):
                await those.until("it is in", lambda: client.is_in)
                assert client.refused == []
                return bool(again.told("peerConnected"))

        await eventually("it gets a client", one_more, bool)


@pytest.mark.proxy
@pytest.mark.slow
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize("name", NAMES)
async def test_signals_of_any_size_pass_between_clients_of_different_hubs(
    name: str, tmp_path: Path
) -> None:
    async with fleet(name, tmp_path, 6) as those:
        await those.all_in()
        sdp = "v=0 " * 200_000

        def all_have_met() -> bool:
            ids = {each.peer_id for each in those.clients}
            return all(ids - {each.peer_id} <= each.met for each in those.clients)

        await those.until("all have met", all_have_met)
        for number, one in enumerate(those.clients):
            await one.say("offer", {"sdp": sdp}, those.clients[number - 1].peer_id)

        def all_have_one() -> bool:
            return all(
                any(message["data"].get("sdp") == sdp for message in each.heard)
                for each in those.clients
            )

        await those.until("each has its offer", all_have_one)


@pytest.mark.proxy
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_the_hub_is_told_where_a_client_comes_from_and_no_client_can_say_otherwise(
    name: str, tmp_path: Path
) -> None:
    certificate = certificate_for(NAME, tmp_path)
    config = ServerConfig(
        host="127.0.0.1", port=0, allowed_hosts=(NAME,), trusted_proxies=("127.0.0.1",)
    )
    tls = ssl.create_default_context(cafile=str(certificate.authority))
    with reserved_port() as port:
        async with PeerPigeonServer(config) as server:
            place = f"127.0.0.1:{server.port}"
            connector = aiohttp.TCPConnector(
                resolver=Here(), ssl=tls, local_addr=("127.0.0.9", 0), force_close=True
            )
            lies = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
            async with (
                proxy(KINDS[name], port, [place] * 3, certificate, tmp_path),
                aiohttp.ClientSession(connector=connector) as session,
            ):
                uri = f"wss://{NAME}:{port}/?peerId={'a' * 40}"
                async with session.ws_connect(uri, headers=lies) as socket:
                    assert (await socket.receive_json())["type"] == "connected"
                    assert [peer.address for peer in server.get_peers()] == ["127.0.0.9"]
                async with session.get(f"https://{NAME}:{port}/health") as answer:
                    assert answer.status == 200
                    assert "connections" not in await answer.json(), "it is for insiders"


def seconds_in(pattern: str, file: str) -> list[float]:
    text = (FILES / file).read_text(encoding="utf-8")
    found = re.findall(pattern, text, re.MULTILINE)
    assert found, f"no {pattern!r} in {file}"
    return [parse_seconds(file, value) for value in found]


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("nginx/peerpigeon.conf", r"^ *proxy_(?:read|send)_timeout (\w+);"),
        ("haproxy/haproxy.cfg", r"^ *timeout (?:tunnel|client|server) +(\w+)"),
    ],
)
def test_no_proxy_cuts_a_client_off_that_says_nothing_between_two_pings(
    file: str, pattern: str
) -> None:
    """Caddy has no such time-out."""
    for seconds in seconds_in(pattern, file):
        assert seconds >= 2 * Options().cleanup_interval
