"""A proxy that cuts sockets on which the server has sent nothing for a while, as nginx does.

Its patience is counted in what the client has sent meanwhile, at a steady pace: a machine that
stands still for a second changes nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.net.client import DEADLINE, A, Client, running

PATIENCE = 200
"""Pieces that a client may send without one from the server; then it is cut off."""

PACE = 0.005
"""Seconds between two messages of the client: patience is one second."""


class IdleProxy:
    """Passes bytes on between a client and a server, until the server has been silent too long."""

    def __init__(self, port: int) -> None:
        self.pieces = 0
        """How many pieces have come from the server."""
        self.has_cut = False
        self._port = port
        self._unanswered = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on a free port, which is returned."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            port: int = server.sockets[0].getsockname()[1]
            yield port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, to_upstream = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as tasks:
                down = tasks.create_task(self._pass_down(upstream, writer))
                await self._pass_up(reader, to_upstream)
                down.cancel()
        finally:
            to_upstream.transport.abort()
            writer.transport.abort()

    async def _pass_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._unanswered += 1
            if self._unanswered > PATIENCE:
                self.has_cut = True
                return
            writer.write(data)

    async def _pass_down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._unanswered = 0
            self.pieces += 1
            writer.write(data)


async def test_a_client_that_sends_and_is_sent_nothing_is_not_cut_off_by_a_proxy() -> None:
    async with running(cleanup_interval=0.1) as server:
        proxy = IdleProxy(server.port)
        async with proxy.listening() as port, await Client.at(port, A) as client:
            assert (await client.next())["type"] == "connected"
            greeted = proxy.pieces
            async with asyncio.timeout(DEADLINE):
                while proxy.pieces < greeted + 20 and not proxy.has_cut:
                    await client.say({"type": "cleanup"})
                    await asyncio.sleep(PACE)
            assert not proxy.has_cut
            assert len(server.get_peers()) == 1
