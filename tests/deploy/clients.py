"""Clients that dial again when they have lost their socket, as those of the npm package do."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a client dials again: 1, 2, 4 and so on."""


class Here(AbstractResolver):
    """Lets every name lead to the loopback."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = ResolveResult(
            hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None:
        """Have nothing to close."""


class Client:
    """One client that knows a single address, for ever."""

    def __init__(self, session: aiohttp.ClientSession, uri: str, number: int) -> None:
        self._session = session
        self.peer_id = f"{number:040x}"
        self._uri = f"{uri}/?peerId={self.peer_id}"
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.is_in = False
        """Whether it has a socket and was greeted."""
        self.refused: list[str] = []
        """Why dials have come to nothing."""
        self.closes: list[int | None] = []
        """The codes with which sockets have ended."""
        self.heard: list[dict[str, Any]] = []
        self.returned_after: list[float] = []
        """Seconds from the end of a socket until the next one was greeted."""

    def __str__(self) -> str:
        return f"in: {self.is_in}, closed: {self.closes}, refused: {self.refused}"

    @property
    def met(self) -> set[str]:
        """The peers that it was told of."""
        met = [each["data"] for each in self.heard if each["type"] == "peer-discovered"]
        return {each["peerId"] for each in met}

    async def run(self) -> None:
        """Be connected, again and again."""
        loop = asyncio.get_running_loop()
        pause, lost_at = FIRST_PAUSE, None
        while True:
            try:
                async with self._session.ws_connect(self._uri, max_msg_size=0) as self._socket:
                    async for frame in self._socket:
                        message = json.loads(frame.data)
                        self.heard.append(message)
                        if message["type"] == "connected":
                            await self.say("announce", {"peerId": self.peer_id})
                            self.is_in, pause = True, FIRST_PAUSE
                            if lost_at is not None:
                                self.returned_after.append(loop.time() - lost_at)
                    self.closes.append(self._socket.close_code)
            except aiohttp.WSServerHandshakeError as refusal:
                self.refused.append(f"answered {refusal.status}")
            except (aiohttp.ClientError, OSError) as failure:
                self.refused.append(str(failure))
            if self.is_in:
                lost_at = loop.time()
            self.is_in = False
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def say(self, kind: str, data: object, target: str | None = None) -> None:
        assert self._socket is not None
        message = {"type": kind, "data": data, "networkName": "net1"}
        message |= {} if target is None else {"targetPeerId": target}
        await self._socket.send_str(json.dumps(message))


def connector_to_here(authority: Path) -> aiohttp.TCPConnector:
    """Return what opens connections to the loopback, whatever their name, by whom it trusts."""
    tls = ssl.create_default_context(cafile=str(authority))
    return aiohttp.TCPConnector(resolver=Here(), ssl=tls, limit=0)


@asynccontextmanager
async def clients(
    count: int, uri: str, authority: Path, first: int = 1
) -> AsyncIterator[list[Client]]:
    """Run clients that trust an authority, whose ids begin with `first`; gone afterwards."""
    connector = connector_to_here(authority)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        made = [Client(session, uri, first + number) for number in range(count)]
        tasks = [group.create_task(each.run()) for each in made]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
