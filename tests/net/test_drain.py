"""A server that drains: clients go one by one, newcomers are sent away, and nothing is lost."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.interface.notices import Draining
from peerpigeon.net.websocket.group import MAX_CLOSING
from tests.net import raw
from tests.net.client import DEADLINE, A, B, C, Client, get, join, running

RESTART = (1012, "server is draining, connect again")


async def test_clients_are_closed_with_1012_and_the_server_stops_when_all_are_gone() -> None:
    async with running(drain_time=0.2) as server:
        told: list[Draining] = []
        server.on(Draining, told.append)
        clients = [await join(server, peer) for peer in (A, B, C)]
        drain = asyncio.create_task(server.drain())
        for client in clients:
            assert await client.closed() == RESTART
            await client.close()
        async with asyncio.timeout(DEADLINE):
            await drain
        assert told == [Draining(3, 0.2)]
        assert not server.is_running


async def test_newcomers_are_told_to_come_again_and_pages_are_still_served() -> None:
    async with running() as server, await join(server, A) as first, await join(server, B) as other:
        drain = asyncio.create_task(server.drain(60.0))
        assert await first.closed() == RESTART
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await Client.connect(server, C)
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "1"
        assert (await get(server, "/health")).status == 200
        assert (await get(server, "/ready")).status == 503
        assert server.get_stats().serving == "draining"
        assert await other.before_pong() != []
        await server.stop()
        await drain
        assert await other.closed() == (1001, "server is stopping")


def text(message: object) -> bytes:
    return raw.frame(raw.TEXT, json.dumps(message).encode())


async def until_close(client: raw.RawClient) -> bytes:
    """Read up to the close frame, and return what is in it."""
    while True:
        first, payload = await client.frame()
        if first == raw.FIN | raw.CLOSE:
            return payload


async def test_what_a_client_says_before_it_answers_the_close_frame_is_passed_on() -> None:
    """One message is half there when the hub lets the client go, and one comes in pieces."""
    begun = {"type": "offer", "data": "x" * 100_000, "targetPeerId": B, "networkName": "net1"}
    whole = {"type": "answer", "data": "y", "targetPeerId": B, "networkName": "net1"}
    async with (
        running() as server,
        await raw.RawClient.open(server.port, target=f"/?peerId={A}") as a,
    ):
        await a.send(text({"type": "announce", "data": {}, "networkName": "net1"}))
        async with await join(server, B) as b:
            await b.until("peer-discovered")
            half = text(begun)
            await a.send(half[:50_000])
            drain = asyncio.create_task(server.drain(60.0))
            assert (await until_close(a))[2:].decode() == RESTART[1]
            await a.send(half[50_000:])
            answer = json.dumps(whole).encode()
            await a.send(raw.frame(raw.TEXT, answer[:5], fin=False))
            await a.send(raw.frame(raw.PING, b"?"))
            await a.send(raw.frame(raw.CONTINUATION, answer[5:]))
            await a.send(raw.close_frame(1012))
            assert (await b.until("offer"))["data"] == begun["data"]
            assert (await b.until("answer"))["data"] == "y"
            assert (await b.next())["type"] == "peer-disconnected"
            await server.stop()
            await drain


async def test_a_client_that_does_not_answer_holds_the_end_up_for_the_close_timeout() -> None:
    async with running(close_timeout=0.2, drain_time=0.0) as server:
        async with await raw.RawClient.open(server.port, target=f"/?peerId={A}"):
            async with asyncio.timeout(DEADLINE):
                await server.drain()
        assert not server.is_running


async def test_more_than_may_be_closing_else_are_let_go_at_once() -> None:
    count = MAX_CLOSING + 10
    async with running(drain_time=0.0, max_connections_per_address=count) as server:
        clients = [await Client.connect(server, f"{number:040x}") for number in range(count)]
        drain = asyncio.create_task(server.drain())
        assert {await client.closed() for client in clients} == {RESTART}
        async with asyncio.timeout(DEADLINE):
            await drain
        for client in clients:
            await client.close()


async def test_draining_twice_is_draining_once_and_a_stopped_server_has_nothing_to_drain() -> None:
    server = PeerPigeonServer(host="127.0.0.1", port=0)
    await server.drain()
    async with server:
        drains = [asyncio.create_task(server.drain(0.0)) for _ in range(2)]
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*drains)
        assert not server.is_running


# Asked for over HTTP


async def post(server: PeerPigeonServer, port: int | None, body: bytes = b"") -> tuple[int, str]:
    """Ask a port for ``POST /drain``."""
    assert port
    url = f"http://127.0.0.1:{port}/drain"
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as answer:
        return answer.status, await answer.text()


async def test_the_admin_port_drains_the_server_and_the_port_of_the_clients_does_not() -> None:
    async with running(admin_port=0, drain_time=60.0) as server, await join(server, A) as client:
        assert (await post(server, server.port))[0] == 404
        status, text = await post(server, server.admin_port)
        assert (status, json.loads(text)) == (202, {"status": "draining", "connections": 1})
        assert await client.closed() == RESTART
        async with asyncio.timeout(DEADLINE):
            await server.wait_stopped()


async def test_the_time_that_is_asked_for_counts_instead_of_the_option() -> None:
    async with (
        running(admin_port=0, drain_time=60.0) as server,
        await join(server, A) as first,
        await join(server, B) as other,
    ):
        assert (await post(server, server.admin_port, b'{"drainTime": 0.2}'))[0] == 202
        assert await first.closed() == await other.closed() == RESTART


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (b"at once", "Expecting value"),
        (b"[]", "the body is to be empty"),
        (b'{"drainTime": 1, "more": 2}', "the body is to be empty"),
        (b'{"drainTime": -1}', "drain_time is -1"),
        (b'{"drainTime": true}', "drain_time is True"),
        (b'{"drainTime": "soon"}', "drain_time is 'soon'"),
        (b'{"drainTime": 1e999}', "drain_time is inf"),
        (b"\xff", "codec can't decode"),
    ],
)
async def test_a_time_that_cannot_be_is_refused_and_nothing_happens(
    body: bytes, about: str
) -> None:
    async with running(admin_port=0) as server:
        status, text = await post(server, server.admin_port, body)
        assert (status, about in text) == (400, True), text
        assert server.get_stats().serving == "ready"


async def test_a_program_may_not_ask_for_a_time_that_cannot_be_either() -> None:
    async with running() as server:
        with pytest.raises(ConfigError, match="drain_time is -1"):
            await server.drain(-1.0)
        assert server.is_running
