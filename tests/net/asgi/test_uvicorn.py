"""Hubs that are mounted in FastAPI, run by real uvicorn processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.net.client import DEADLINE, A, B, Client
from tests.net.hubs import eventually, hub
from tests.ports import reserved_port

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.slow

SECRET = "a secret of all hubs here"


@asynccontextmanager
async def mounted(start: str = "") -> AsyncIterator[tuple[str, Process]]:
    """Run the application of this folder; gives its authority."""
    with reserved_port() as port:
        place = f"127.0.0.1:{port}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", "tests.net.asgi.application:app"),
            *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
            env=os.environ | {"START": start, "ADDRESS": f"ws://{place}/signal/"},
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            await answering(f"http://{place}/")
            yield place, process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(DEADLINE):
                _, said = await process.communicate()
            assert b"Traceback" not in said, said.decode()
            assert b"Exception in ASGI application" not in said, said.decode()


async def answering(url: str) -> None:
    async with asyncio.timeout(3 * DEADLINE), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


async def connected(place: str, peer_id: str, **options: Any) -> Client:
    session = aiohttp.ClientSession()
    url = f"http://{place}/signal/?peerId={peer_id}"
    client = Client(session, await session.ws_connect(url, **options))
    assert (await client.next())["type"] == "connected"
    return client


async def told(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return json.loads(await answer.read())


async def test_clients_meet_at_a_hub_that_is_mounted() -> None:
    async with mounted() as (place, _):
        async with await connected(place, A) as a, await connected(place, B) as b:
            for client in (a, b):
                await client.announce()
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
            await b.signal(A, data="x" * 50_000)
            assert (await a.until("offer"))["data"] == "x" * 50_000
            assert await told(f"http://{place}/") == {"clients": 2}
            health = await told(f"http://{place}/signal/health")
            assert health["connections"] == 2
            await a.say("x" * 70_000)
            assert await a.closed() == (1009, "message too big")
            assert (await b.until("peer-disconnected"))["data"]["peerId"] == A


async def test_pages_are_those_of_the_main_port_below_the_path() -> None:
    async with mounted() as (place, _), aiohttp.ClientSession() as session:
        async with session.get(f"http://{place}/signal/nowhere") as answer:
            assert answer.status == 404
        async with session.head(f"http://{place}/signal/health") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with session.post(f"http://{place}/signal/health") as answer:
            assert answer.status == 405
        async with session.options(f"http://{place}/signal/health") as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_handshake_that_is_refused_has_its_status() -> None:
    async with mounted() as (place, _), aiohttp.ClientSession() as session:
        for query, origin, status in [
            ("hub=1", "http://a.example", 403),
            ("hub=1&peerId=x", "http://a.example", 403),
        ]:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(
                    f"http://{place}/signal/?{query}", headers={"Origin": origin}
                )
            assert caught.value.status == status
        socket = await session.ws_connect(f"http://{place}/signal/?peerId=nonsense")
        frame = await socket.receive(DEADLINE)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_two_mounted_hubs_and_one_at_a_port_are_a_mesh() -> None:
    async with hub(hub_secret=SECRET, advertise=()) as (ordinary, _):
        start = f"ws://127.0.0.1:{ordinary.port}"
        async with mounted(start) as (first, _one):
            await told(f"http://{first}/signal/health")  # it starts with the first request
            await eventually(lambda: len(ordinary.get_connected_hubs()) == 1)
            async with mounted(f"ws://{first}/signal/") as (second, process):
                await told(f"http://{second}/signal/health")
                await eventually(lambda: len(ordinary.get_connected_hubs()) == 2)
                async with (
                    await connected(first, A) as a,
                    await connected(second, B) as b,
                ):
                    for client in (a, b):
                        await client.announce()
                    assert (await a.until("peer-discovered"))["data"]["peerId"] == B
                    await b.signal(A)
                    assert (await a.until("offer"))["fromPeerId"] == B
                process.send_signal(signal.SIGTERM)
                # It says goodbye to the others, though its lifespan is never run.
                await eventually(lambda: len(ordinary.get_connected_hubs()) == 1)
