"""A WebSocket client for tests: JSON in and out, every wait with a deadline."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from yarl import URL

from peerpigeon import PeerPigeonServer, ServerConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

Json = dict[str, Any]

A = "a" * 40
B = "b" * 40
C = "c" * 40
D = "d" * 40

DEADLINE = 10.0  # seconds; only ever reached when something is wrong


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[PeerPigeonServer]:
    """Run a server on a free port of the loopback."""
    config = ServerConfig(**{"host": "127.0.0.1", "port": 0, **options})
    async with PeerPigeonServer(config) as server:
        yield server


class Client:
    """One WebSocket to a server."""

    def __init__(
        self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._session = session
        self._socket = socket

    @classmethod
    async def connect(cls, server: PeerPigeonServer, peer_id: str, **options: Any) -> Self:
        return await cls.at(server.port, peer_id, **options)

    @classmethod
    async def at(cls, port: int, peer_id: str, host: str = "127.0.0.1", **options: Any) -> Self:
        """Connect to whatever serves at a port, of the loopback if nothing else is said."""
        session = aiohttp.ClientSession()
        key = options.pop("resume_key", "")
        url = f"http://{host}:{port}/?peerId={peer_id}" + (f"&resumeKey={key}" if key else "")
        try:
            socket = await session.ws_connect(url, max_msg_size=0, **options)
        except BaseException:
            await session.close()
            raise
        return cls(session, socket)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._socket.close()
        await self._session.close()

    async def vanish(self) -> None:
        """End the TCP connection without a close frame."""
        transport = self._socket._response.connection.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()
        await self._session.close()

    async def abandon(self) -> None:
        """Let go of a socket that has ended."""
        await self._session.close()

    async def receive(self) -> aiohttp.WSMessage:
        """Return the next frame, whatever it is; wait for it without a deadline."""
        return await self._socket.receive()

    async def say(self, message: object) -> None:
        await self._socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def announce(self, namespace: str = "net1", **data: object) -> None:
        await self.say({"type": "announce", "data": data, "networkName": namespace})

    async def signal(
        self, target: str, kind: str = "offer", data: object = "x", namespace: str = "net1"
    ) -> None:
        message = {"type": kind, "data": data, "targetPeerId": target, "networkName": namespace}
        await self.say(message)

    async def next(self) -> Json:
        """Return the next message; fail if the socket closes or nothing comes."""
        async with asyncio.timeout(DEADLINE):
            frame = await self._socket.receive()
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        message: Json = json.loads(frame.data)
        return message

    async def until(self, kind: str) -> Json:
        """Return the next message of a type, and pass over others."""
        while (message := await self.next())["type"] != kind:
            pass
        return message

    async def before_pong(self) -> list[Json]:
        """Return all that comes before the answer to a ping sent now."""
        await self.say({"type": "ping"})
        messages: list[Json] = []
        while (message := await self.next())["type"] != "pong":
            messages.append(message)
        return messages

    async def closed(self) -> tuple[int | None, str]:
        """Return the code and the reason with which the server closes."""
        async with asyncio.timeout(DEADLINE):
            while True:
                frame = await self._socket.receive()
                if frame.type is aiohttp.WSMsgType.CLOSE:
                    return frame.data, frame.extra or ""
                if frame.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                    return self._socket.close_code, ""


async def join(server: PeerPigeonServer, peer_id: str, namespace: str = "net1") -> Client:
    """Connect, announce, and take the greeting."""
    client = await Client.connect(server, peer_id)
    assert (await client.next())["type"] == "connected"
    await client.announce(namespace)
    return client


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers["Content-Type"].partition(";")[0]

    def json(self) -> Json:
        answer: Json = json.loads(self.body)
        return answer


async def get(
    server: PeerPigeonServer,
    path: str,
    method: str = "GET",
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask over HTTP."""
    headers = {**(headers or {}), **({} if origin is None else {"Origin": origin})}
    url = URL(f"http://127.0.0.1:{server.port}{path}", encoded=True)
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers) as response,
    ):
        return Answer(response.status, response.headers, await response.read())
