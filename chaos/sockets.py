"""Clients of a run: each keeps one socket to some hub, says what it is told to, hears all.

A client is named by its peer id. It is at one hub at a time; when its socket ends it goes to
another hub, as real clients do.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
from tests.net.client import Client

from chaos.history import (
    Answered,
    Closed,
    Discovered,
    Farewell,
    Greeted,
    Heard,
    Leaving,
    Opened,
    Paused,
    Resumed,
    Sent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.history import History, Role
    from chaos.hubs import Hub

OPEN_TIMEOUT = 3.0
"""Seconds for a socket to open; a hub that is frozen accepts it and says nothing."""

CLOSE_TIMEOUT = 1.0
"""Seconds for a hub to answer a close frame."""

RETRY = 0.5
"""Seconds until a client whose socket has ended opens the next."""

KIND = "renegotiation-"
"""Begins the type of each signal; its serial follows, so that errors say which signal they mean."""


class Socket:
    """One WebSocket of a client, from its opening to its end, recorded."""

    def __init__(self, peer: str, namespace: str, hub: Hub, history: History) -> None:
        self.peer = peer
        self.namespace = namespace
        self.hub = hub
        self.known: set[str] = set()
        """Whom it was told of."""
        self.decided = asyncio.Event()
        """Set when it is greeted, or has ended."""
        self.ended = asyncio.Event()
        self._history = history
        self._client: Client | None = None
        self._number = 0
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._reader: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether signals can be sent over it."""
        return self._client is not None and not self.ended.is_set()

    async def open(self, role: Role = "client") -> bool:
        """Open it and announce; return whether that succeeded."""
        limits = aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                client = await Client.at(self.hub.port, self.peer, self.hub.host, timeout=limits)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False
        self._client = client
        self._number = self._history.new_socket()
        self._history.note(
            Opened(
                at=self._history.now,
                socket=self._number,
                peer=self.peer,
                hub=self.hub.number,
                namespace=self.namespace,
                role=role,
            )
        )
        self._reader = asyncio.get_running_loop().create_task(self._read(client))
        await self._say(lambda: client.announce(self.namespace))
        return True

    async def signal(self, target: str, size: int = 0) -> int | None:
        """Send a signal with a body of so many bytes, if it is open; return its serial."""
        if (client := self._client) is None or self.ended.is_set():
            return None
        serial = self._history.new_serial()
        self._history.note(
            Sent(at=self._now, socket=self._number, serial=serial, target=target, size=size)
        )
        await self._say(
            lambda: client.signal(target, f"{KIND}{serial}", {"body": "x" * size}, self.namespace)
        )
        return serial

    def pause(self) -> None:
        """Read nothing until told to."""
        self._history.note(Paused(at=self._now, socket=self._number))
        self._may_read.clear()

    def resume(self) -> None:
        """Read again."""
        self._history.note(Resumed(at=self._now, socket=self._number))
        self._may_read.set()

    async def close(self, *, rudely: bool = False) -> None:
        """End it, with a close frame or without."""
        if (client := self._client) is None or self.ended.is_set():
            return
        self._history.note(Leaving(at=self._now, socket=self._number))
        self._stop_reading()
        with suppress(aiohttp.ClientError, OSError, AssertionError, AttributeError, TimeoutError):
            async with asyncio.timeout(2 * CLOSE_TIMEOUT):
                await (client.vanish() if rudely else client.close())
        self._end(None, "left")

    @property
    def _now(self) -> float:
        return self._history.now

    def _stop_reading(self) -> None:
        if self._reader is not None and self._reader is not asyncio.current_task():
            self._reader.cancel()

    def _end(self, code: int | None, reason: str) -> None:
        if not self.ended.is_set():
            self._history.note(Closed(at=self._now, socket=self._number, code=code, reason=reason))
            self.known.clear()
            self.decided.set()
            self.ended.set()

    async def _say(self, say: Callable[[], Any]) -> None:
        with suppress(aiohttp.ClientError, OSError):  # it has ended, which the reader will find
            await say()

    async def _read(self, client: Client) -> None:
        code, reason = None, "lost"
        try:
            while True:
                await self._may_read.wait()
                frame = await client.receive()
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._hear(json.loads(frame.data))
                elif frame.type is aiohttp.WSMsgType.CLOSE:
                    code, reason = frame.data, frame.extra or ""
                else:
                    return
                if code is not None:
                    return
        finally:
            self._end(code, reason)
            await client.abandon()

    def _hear(self, message: dict[str, Any]) -> None:
        note, now, number = self._history.note, self._now, self._number
        match message:
            case {"type": "connected"}:
                self.decided.set()
                note(Greeted(at=now, socket=number))
            case {"type": "peer-discovered", "data": {"peerId": peer}, "networkName": name}:
                self.known.add(peer)
                note(Discovered(at=now, socket=number, peer=peer, namespace=name))
            case {"type": "peer-disconnected", "data": {"peerId": peer}, "networkName": name}:
                self.known.discard(peer)
                note(Farewell(at=now, socket=number, peer=peer, namespace=name))
            case {"type": "error", "data": {"type": kind, "reason": reason}}:
                serial = int(kind.removeprefix(KIND))
                note(Answered(at=now, socket=number, serial=serial, reason=reason))
            case {"type": str(kind), "fromPeerId": source, "networkName": name} if kind.startswith(
                KIND
            ):
                serial = int(kind.removeprefix(KIND))
                note(Heard(at=now, socket=number, serial=serial, source=source, namespace=name))
