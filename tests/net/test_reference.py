"""A dial that ends at a hub of the npm package, played by hand."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import (
    BootstrapConnected,
    BootstrapDisconnected,
    HubRegistered,
    Warned,
)
from tests.core.reference.messages import discovered, gone, itself, pong, signal
from tests.net import hubs
from tests.net.client import DEADLINE, A, B, C, Json, join
from tests.net.hubs import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow

R = PeerId("e" * 40)

# The hub that is played reads nothing once its part is over, not even a close.
hub = partial(hubs.hub, close_timeout=0.2)


class Actor:
    """One connection of a hub of ours to the hub that is played."""

    def __init__(self, peer_id: str, socket: web.WebSocketResponse) -> None:
        self.peer_id = peer_id
        self.socket = socket
        self.over = asyncio.Event()
        """Set by the test to end the connection without a word."""

    async def say(self, message: Json) -> None:
        await self.socket.send_str(json.dumps(message))

    async def next(self) -> Json:
        async with asyncio.timeout(DEADLINE):
            message: Json = json.loads(await self.socket.receive_str())
        return message

    async def closed(self) -> tuple[int | None, str]:
        async with asyncio.timeout(DEADLINE):
            while (frame := await self.socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
                assert frame.type is aiohttp.WSMsgType.TEXT
        return frame.data, frame.extra or ""


class Stage:
    """Where hubs of ours dial."""

    def __init__(self) -> None:
        self.uri = ""
        self.greeting: str | bytes = json.dumps(
            {"type": "connected", "data": {"peerId": ""}, "fromPeerId": "system", "timestamp": 1}
        )
        self._actors: asyncio.Queue[Actor] = asyncio.Queue()

    async def enter(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        actor = Actor(request.query["peerId"], socket)
        if isinstance(self.greeting, bytes):
            await socket.send_bytes(self.greeting)
        else:
            await socket.send_str(self.greeting)
        self._actors.put_nowait(actor)
        await actor.over.wait()
        return socket

    async def actor(self) -> Actor:
        async with asyncio.timeout(DEADLINE):
            return await self._actors.get()

    async def linked(self, *clients: str) -> Actor:
        """Return the next connection, when it has been said who is there."""
        actor = await self.actor()
        said = [(await actor.next())["type"] for _ in range(3)]
        assert said == ["announce", "peer-discovered", "ping"]
        for message in (*map(discovered, clients), itself(R), pong()):
            await actor.say(message)
        return actor


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    there, app = Stage(), web.Application()
    app.router.add_get("/", there.enter)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.uri = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    yield there
    await runner.cleanup()


async def test_a_hub_of_ours_says_who_and_where_it_is() -> None:
    async with stage() as there, hub(there.uri) as (server, told):
        actor = await there.actor()
        assert actor.peer_id == server.hub_peer_id
        announced = (await actor.next())["data"]
        assert (announced["host"], announced["port"]) == ("127.0.0.1", server.port)
        assert announced["addresses"] == [f"ws://127.0.0.1:{server.port}"]
        await told.until(BootstrapConnected)
        await actor.say(itself(R))
        await told.until(HubRegistered, lambda notice: notice.peer_id == R)


async def test_clients_there_and_here_meet_and_signal() -> None:
    async with stage() as there, hub(there.uri) as (server, _), await join(server, A) as a:
        actor = await there.linked(B)
        assert (await a.until("peer-discovered"))["data"]["peerId"] == B
        assert (await actor.next())["data"]["peerId"] == A
        for number in range(30):
            await a.signal(B, "ice-candidate", number)
            await actor.say(signal(B, A, number, "ice-candidate"))
        assert [(await actor.next())["data"] for _ in range(30)] == list(range(30))
        assert [(await a.until("ice-candidate"))["data"] for _ in range(30)] == list(range(30))
        await actor.say(gone(B, None))
        assert (await a.until("peer-disconnected"))["data"]["peerId"] == B


async def test_a_text_in_fragments_is_one_message() -> None:
    async with stage() as there, hub(there.uri) as (server, _), await join(server, A) as a:
        actor = await there.linked()
        text = json.dumps(discovered(B)).encode()
        writer = actor.socket._writer
        assert writer is not None
        transport = writer.transport
        assert transport is not None
        half = len(text) // 2
        transport.write(bytes((0x01, half)) + text[:half])
        transport.write(bytes((0x80, len(text) - half)) + text[half:])
        assert (await a.until("peer-discovered"))["data"]["peerId"] == B


async def test_it_is_dialled_again_when_it_has_ended() -> None:
    async with stage() as there, hub(there.uri) as (server, told), await join(server, A) as a:
        first = await there.linked(B)
        await a.until("peer-discovered")
        await first.socket.close(code=1000, message=b"Server shutting down")
        assert (await a.until("peer-disconnected"))["data"]["peerId"] == B
        ended = await told.until(BootstrapDisconnected)
        assert (ended.code, ended.reason) == (1000, "Server shutting down")
        await there.linked(B)
        assert (await a.until("peer-discovered"))["data"]["peerId"] == B
        first.over.set()


async def test_it_is_pinged_and_dropped_when_it_gives_no_sign() -> None:
    options = {"cleanup_interval": 0.05, "peer_timeout": 0.5}
    async with stage() as there, hub(there.uri, **options) as (server, told):
        actor = await there.linked()
        listening = asyncio.create_task(actor.closed())  # it answers pings while it is read
        await eventually(lambda: server.is_peer_hub(R))
        linked_at = server.get_connected_hubs()[0].last_activity
        await eventually(lambda: server.get_connected_hubs()[0].last_activity > linked_at + 0.6)
        listening.cancel()
        assert "no answer to pings" in (await told.until(BootstrapDisconnected)).reason


@pytest.mark.parametrize("greeting", ["welcome", "[]", '{"type":"hello"}', b"\x90\x90"])
async def test_what_is_no_hub_of_any_kind_is_turned_down(greeting: str | bytes) -> None:
    async with stage() as there:
        there.greeting = greeting
        async with hub(there.uri) as (server, told):
            assert (await told.until(BootstrapDisconnected)).reason
            assert server.get_connected_hubs() == []


async def test_such_a_hub_is_turned_down_where_they_are_banned() -> None:
    async with stage() as there, hub(there.uri, reference_hubs="no") as (_, told):
        actor = await there.actor()
        assert (await actor.closed())[0] == 1008
        assert "npm" in (await told.until(BootstrapDisconnected)).reason
        begins = "a hub of the npm package that was dialled was not let in"
        assert (await told.until(Warned)).message.startswith(begins)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("binary", 1003), ("too big", 1009), ("invalid", 1007)],
)
async def test_a_message_against_the_rules_ends_it(fault: str, code: int) -> None:
    sizes = {"max_message_size": 2048, "max_announce_size": 1024}
    async with stage() as there, hub(there.uri, **sizes) as (_, told):
        actor = await there.linked()
        if fault == "binary":
            await actor.socket.send_bytes(b"{}")
        elif fault == "too big":
            await actor.socket.send_str("x" * 2049)
        else:
            writer = actor.socket._writer
            assert writer is not None
            assert writer.transport is not None
            writer.transport.write(b"\x81\x02\xc3\x28")
        assert (await actor.closed())[0] == code
        assert (await told.until(BootstrapDisconnected)).code == code


async def test_one_that_does_not_read_is_closed_while_others_are_served() -> None:
    options = {"max_outbox_size": 64 * 1024, "max_message_size": 64 * 1024}
    async with stage() as there, hub(there.uri, **options) as (server, told):
        async with await join(server, A) as a, await join(server, C) as c:
            await there.linked(B)
            await a.until("peer-discovered")
            for _ in range(400):
                await a.signal(B, data="x" * 60_000)
            assert (await told.until(BootstrapDisconnected)).code == 1013
            await a.signal(C, data="still here")
            assert (await c.until("offer"))["data"] == "still here"


async def test_stopping_closes_it_with_1001() -> None:
    async with stage() as there:
        async with hub(there.uri):
            actor = await there.linked()
        assert (await actor.closed())[0] == 1001
