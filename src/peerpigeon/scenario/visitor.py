"""One client over a real WebSocket, and its diary."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from peerpigeon.core.interface.close_codes import POLICY_VIOLATION
from peerpigeon.scenario.cast import NOBODY, client_id, client_number
from peerpigeon.scenario.outcome import Diary

if TYPE_CHECKING:
    import aiohttp

    Json = dict[str, Any]

ANSWER_TIMEOUT = 20.0
"""Seconds that a hub may take to open, to close, and to answer a ping."""

RETRY_DELAY = 1.0
"""Seconds until a client that was refused tries again, as real ones do."""


class Visitor:
    """A client that announces itself, and answers nobody."""

    def __init__(self, number: int, namespace: str, session: aiohttp.ClientSession) -> None:
        self.diary = Diary()
        self._number = number
        self._namespace = namespace
        self._session = session
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ponged = asyncio.Event()
        self._said = 0

    async def connect(self, authority: str) -> None:
        """Enter the namespace at a hub, after leaving the one before."""
        await self.close()
        self.diary.arrive()
        url = f"http://{authority}/?peerId={client_id(self._number)}"
        socket = await self._enter(url)
        self._reader = asyncio.get_running_loop().create_task(self._stay(url, socket))

    async def _enter(self, url: str) -> aiohttp.ClientWebSocketResponse:
        async with asyncio.timeout(ANSWER_TIMEOUT):
            self._socket = await self._session.ws_connect(url, max_msg_size=0)
        await self._say({"type": "announce", "data": {}})
        return self._socket

    async def _stay(self, url: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            async for frame in socket:
                self._hear(json.loads(frame.data))
            if socket.close_code != POLICY_VIOLATION:
                return
            # The hub it came from still believes in it: what it had sent there came late.
            await asyncio.sleep(RETRY_DELAY)
            socket = await self._enter(url)

    async def leave(self) -> None:
        """Say goodbye, and close the socket."""
        await self._say({"type": "goodbye", "data": {}})
        await self.close()

    async def close(self) -> None:
        """Close the socket, if it is open."""
        if self._socket is None or self._reader is None:
            return
        async with asyncio.timeout(ANSWER_TIMEOUT):
            await self._socket.close()
        self._reader.cancel()
        (end,) = await asyncio.gather(self._reader, return_exceptions=True)
        self._socket = self._reader = None
        if isinstance(end, Exception):
            raise end

    async def signal(self, target: int) -> str:
        """Send a signal; return its serial."""
        self._said += 1
        serial = f"{self._number}.{self._said}"
        await self._say(
            {"type": "offer", "data": {"serial": serial}, "targetPeerId": client_id(target)}
        )
        return serial

    async def catch_up(self) -> None:
        """Wait until all has been read that the hub had sent by now, if it is there."""
        if self._socket is None or self._socket.closed:
            return
        self._ponged.clear()
        await self._say({"type": "ping"})
        async with asyncio.timeout(ANSWER_TIMEOUT):
            await self._ponged.wait()

    async def _say(self, message: Json) -> None:
        if self._socket is not None:
            await self._socket.send_json({**message, "networkName": self._namespace})

    def _hear(self, message: Json) -> None:
        match message:
            case {"networkName": str(namespace)} if namespace != self._namespace:
                self.diary.met[NOBODY] += 1
            case {"type": "peer-discovered", "data": {"peerId": peer}}:
                self.diary.met[client_number(peer)] += 1
            case {"type": "peer-disconnected", "data": {"peerId": peer}}:
                self.diary.farewells[client_number(peer)] += 1
            case {"type": "offer", "data": {"serial": serial}}:
                self.diary.heard.append(serial)
            case {"type": "error", "data": {"targetPeerId": target}}:
                self.diary.refused[client_number(target)] += 1
            case {"type": "pong"}:
                self._ponged.set()
