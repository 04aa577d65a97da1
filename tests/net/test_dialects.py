"""Foreign clients over real sockets: by which path they come in, and what they hear."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.net.client import DEADLINE, A, Client, get, join, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peerpigeon import PeerPigeonServer


HANDSHAKE = (
    b"GET /y-webrtc HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@asynccontextmanager
async def visiting(
    server: PeerPigeonServer, path: str = "/y-webrtc"
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Connect as a foreign client."""
    url = f"http://127.0.0.1:{server.port}{path}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        yield socket


async def said(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return await asyncio.wait_for(socket.receive_json(), DEADLINE)


async def subscribe(socket: aiohttp.ClientWebSocketResponse, *topics: str) -> None:
    """Subscribe, and wait until it counts."""
    await socket.send_json({"type": "subscribe", "topics": topics})
    await socket.send_json({"type": "ping"})
    assert await said(socket) == {"type": "pong"}


async def test_a_publication_reaches_all_that_subscribe() -> None:
    async with running() as server, visiting(server) as one, visiting(server) as other:
        await subscribe(one, "room", "another")
        await subscribe(other, "room")
        publication = {"type": "publish", "topic": "room", "data": {"from": "x" * 10_000}}
        await one.send_json(publication)
        heard = publication | {"clients": 2}
        assert await said(one) == heard
        assert await said(other) == heard


@pytest.mark.parametrize("path", ["/y-webrtc", "/y-webrtc/", "/app/y-webrtc", "/y-webrtc?token=x"])
async def test_the_last_part_of_a_path_chooses_the_dialect(path: str) -> None:
    async with running() as server, visiting(server, path) as socket:
        await subscribe(socket, "room")


async def test_the_path_is_below_the_prefix() -> None:
    async with running(path_prefix="/signal") as server:
        async with visiting(server, "/signal/y-webrtc") as socket:
            await subscribe(socket, "room")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with visiting(server):
                pass


async def test_who_names_an_id_is_a_client_of_this_protocol_at_any_path() -> None:
    async with running() as server, visiting(server, f"/y-webrtc?peerId={A}") as socket:
        assert (await said(socket))["type"] == "connected"


@pytest.mark.parametrize("path", ["/", "/y-webrtc/room", "/Y-WEBRTC", "/peerjs/ann", "/none"])
async def test_who_names_none_is_refused_at_all_other_paths(path: str) -> None:
    async with running() as server, visiting(server, path) as socket:
        message = await asyncio.wait_for(socket.receive(), DEADLINE)
        assert (message.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_a_dialect_that_is_not_offered_is_none() -> None:
    async with running(dialects=("none",)) as server, visiting(server) as socket:
        await asyncio.wait_for(socket.receive(), DEADLINE)
        assert socket.close_code == 1008


async def test_what_ends_the_reference_server_ends_nothing() -> None:
    async with running() as server, visiting(server) as witness:
        await subscribe(witness, "room")
        for text in ("not json", '{"type":"subscribe","topics":5}', "[" * 10_000, "null", ""):
            async with visiting(server) as socket:
                await socket.send_str(text)
                await subscribe(socket, "room")
        async with visiting(server) as socket:
            await socket.send_bytes(b'{"type":"ping"}')
            await asyncio.wait_for(socket.receive(), DEADLINE)
            assert socket.close_code == 1003
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HANDSHAKE + b"\xff\xff\xff\xff")  # an invalid frame
        await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
        await witness.send_json({"type": "publish", "topic": "room"})
        assert (await said(witness))["clients"] == 1


async def test_clients_in_a_namespace_of_the_same_name_hear_nothing_of_it() -> None:
    async with running() as server, await join(server, A, "room") as client:
        async with visiting(server) as socket:
            await subscribe(socket, "room")
            await socket.send_json({"type": "publish", "topic": "room"})
            await said(socket)
        await client.before_pong()


async def test_visitors_count_among_all_connections() -> None:
    async with running(max_connections=1) as server, visiting(server) as socket:
        await subscribe(socket, "room")
        assert server.get_stats().connections == 1
        async with await Client.connect(server, A) as client:
            refused, _ = await asyncio.gather(client.closed(), subscribe(socket, "room"))
            assert refused == (1008, "Maximum connections reached")


# PeerJS


async def test_two_clients_of_peerjs_reach_each_other() -> None:
    query = "/app/peerjs?key=peerjs&token=t&version=1.5.5&id="
    async with (
        running() as server,
        visiting(server, query + "ann") as ann,
        visiting(server, query + "ben") as ben,
    ):
        for socket in (ann, ben):
            assert await said(socket) == {"type": "OPEN"}
        await ann.send_json({"type": "OFFER", "dst": "ben", "payload": {"sdp": "v=0"}})
        heard = {"type": "OFFER", "src": "ann", "dst": "ben", "payload": {"sdp": "v=0"}}
        assert await said(ben) == heard


async def test_a_refusal_is_a_message_and_then_a_normal_end() -> None:
    """An answer in HTTP would reach no application."""
    async with running() as server, visiting(server, "/peerjs?key=peerjs") as socket:
        refused = {"msg": "No id, token, or key supplied to websocket server"}
        assert await said(socket) == {"type": "ERROR", "payload": refused}
        end = await asyncio.wait_for(socket.receive(), DEADLINE)
        assert (end.type, end.data) == (aiohttp.WSMsgType.CLOSE, 1000)


@pytest.mark.parametrize("path", ["/peerjs/id", "/app/peerjs/id", "/key/id?ts=1&version=1.5.5"])
async def test_a_client_of_peerjs_is_given_an_id_and_nothing_else(path: str) -> None:
    async with running() as server:
        origin = "https://app.example"
        first, second = [await get(server, path, origin=origin) for _ in range(2)]
        for answer in (first, second):
            assert answer.status == 200
            assert str(uuid.UUID(answer.body.decode())).encode() == answer.body
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.headers["Cache-Control"] == "no-store"
        assert first.body != second.body


async def test_clients_of_peerjs_are_not_listed() -> None:
    async with running() as server:
        assert (await get(server, "/peerjs/peers")).status == 401
    async with running(dialects=("none",)) as server:
        for path in ("/peerjs/peers", "/peerjs/id"):
            assert (await get(server, path)).status == 404
