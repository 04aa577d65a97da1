"""Foreign clients at three hubs over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from peerpigeon.core.topics import topics
from tests.diagnosis.command import free_port
from tests.net.client import DEADLINE
from tests.net.hubs import hub, network
from tests.net.test_dialects import said, subscribe, visiting

if TYPE_CHECKING:
    import aiohttp
    import pytest


async def until_heard(socket: aiohttp.ClientWebSocketResponse, data: object) -> list[Any]:
    """Return all that is heard, up to a publication."""
    heard: list[Any] = []
    async with asyncio.timeout(DEADLINE):
        while not heard or heard[-1] != data:
            heard.append((await said(socket)).get("data"))
    return heard


async def test_a_publication_is_heard_at_each_hub_once() -> None:
    async with network(3) as servers, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(visiting(server)) for server in servers]
        for socket in sockets:
            await subscribe(socket, "room")
            # What is published in answer finds who has spoken.
            await socket.send_json({"type": "publish", "topic": "room", "data": "hello"})
        for number, socket in enumerate(sockets):
            for other in sockets:
                await other.send_json({"type": "publish", "topic": "room", "data": number})
                for each in sockets:
                    heard = await until_heard(each, number)
                    assert heard.count(number) == 1
            assert socket.close_code is None


async def test_those_who_have_greeted_at_two_hubs_meet_when_the_hubs_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of two in a room one hears the other, whichever hub leads it, and however late."""
    monkeypatch.setattr(topics, "UNCERTAIN", 0.0)  # nothing is kept for hubs that come soon
    port, rooms = free_port(), [f"room {number}" for number in range(8)]
    async with AsyncExitStack() as stack:
        sockets: list[aiohttp.ClientWebSocketResponse] = []
        for start in ((f"ws://127.0.0.1:{port}",), ()):
            own = 0 if start else port
            server, _ = await stack.enter_async_context(hub(*start, port=own))
            socket = await stack.enter_async_context(visiting(server))
            greeting = {"type": "publish", "data": len(sockets)}
            await socket.send_json({"type": "subscribe", "topics": rooms})
            for room in rooms:  # in one breath, as real clients do
                await socket.send_json(greeting | {"topic": room})
            sockets.append(socket)
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def hear(number: int) -> None:
            while True:
                message = await said(sockets[number])
                if message["data"] != number:
                    heard.put_nowait(message["topic"])

        hearing = [asyncio.create_task(hear(number)) for number in (0, 1)]
        met: set[str] = set()
        async with asyncio.timeout(DEADLINE):
            while met != set(rooms):
                met.add(await heard.get())
        for task in hearing:
            task.cancel()


async def test_offers_go_to_peers_at_other_hubs_and_answers_come_back() -> None:
    info_hash = "\x00\xff" * 10
    async with network(3) as servers, AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(visiting(server, "/announce")) for server in servers
        ]

        async def announce(number: int, **more: object) -> None:
            message = {"action": "announce", "info_hash": info_hash, "peer_id": f"{number}" * 20}
            await sockets[number].send_json(message | more)

        async def counted(number: int) -> int:
            while True:
                message = await said(sockets[number])
                if "incomplete" in message:
                    return int(message["incomplete"])

        for number in (0, 1, 2):
            # Hubs that have just met count their own for a moment.
            async with asyncio.timeout(DEADLINE):
                await announce(number, left=1, offers=[])
                while await counted(number) != number + 1:
                    await announce(number, left=1, offers=[])
        offers = [{"offer": {"type": "offer", "sdp": "v=0"}, "offer_id": "x" * 20}] * 2
        await announce(0, left=1, offers=offers)
        assert await counted(0) == 3
        for number in (1, 2):
            offered = await said(sockets[number])
            assert (offered["info_hash"], offered["peer_id"]) == (info_hash, "0" * 20)
            answer = {"type": "answer", "sdp": f"of {number}"}
            await announce(number, to_peer_id="0" * 20, answer=answer, offer_id="x" * 20)
            back = await said(sockets[0])
            assert (back["answer"], back["peer_id"]) == (answer, f"{number}" * 20)
