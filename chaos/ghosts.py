"""Sockets whose clients are gone without a word: they hold places, and answer no ping."""

from __future__ import annotations

import asyncio
import base64
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from chaos.allowances import MAX_CONNECTIONS, PLACE_WITHIN
from chaos.history import Closed, Leaving, Opened
from chaos.sockets import Socket

if TYPE_CHECKING:
    from chaos.history import History
    from chaos.hubs import Hub

NAMESPACE = "ghosts"


async def fill(hub: Hub, history: History) -> None:
    """Fill a hub with ghosts, and let a newcomer ask for a place."""
    if not hub.is_up or hub.is_frozen:
        return
    ghosts = [await _ghost(hub, history) for _ in range(MAX_CONNECTIONS)]
    newcomer = Socket(os.urandom(20).hex(), NAMESPACE, hub, history)
    if await newcomer.open("newcomer"):
        with suppress(TimeoutError):
            async with asyncio.timeout(PLACE_WITHIN + 1.0):
                await newcomer.decided.wait()
        await newcomer.close()
    for number, writer in ghosts:
        history.note(Leaving(at=history.now, socket=number))
        writer.transport.abort()
        history.note(Closed(at=history.now, socket=number, code=None, reason="left"))


async def _ghost(hub: Hub, history: History) -> tuple[int, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(hub.host, hub.port)
    peer, key = os.urandom(20).hex(), base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /?peerId={peer} HTTP/1.1\r\nHost: {hub.host}:{hub.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    number = history.new_socket()
    opened = Opened(
        at=history.now,
        socket=number,
        peer=peer,
        hub=hub.number,
        namespace=NAMESPACE,
        role="ghost",
    )
    history.note(opened)
    return number, writer
