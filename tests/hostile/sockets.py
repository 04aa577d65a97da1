"""WebSockets as an attacker opens them: any bytes, from any address, and no answer by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import ssl
import struct
from functools import cache
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

FIN = 0x80
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
DEADLINE = 20.0  # seconds that nothing here should ever take
READ_LIMIT = 1 << 16
CLOSE_SIZE = 127
"""Most bytes of a close frame."""

NO_MASK = bytes(4)
"""A mask of zeros leaves the payload as it is, which saves the attacker time."""


def new_id() -> str:
    """Return a random peer id."""
    return secrets.token_hex(20)


def frame(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, size: int | None = None
) -> bytes:
    """Return a masked frame, which may declare another size than it has."""
    declared = len(payload) if size is None else size
    first = opcode | (FIN if fin else 0)
    if declared < 126:
        head = struct.pack("!BB", first, 0x80 | declared)
    elif declared < 1 << 16:
        head = struct.pack("!BBH", first, 0x80 | 126, declared)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, declared)
    return head + NO_MASK + payload


def text(message: object) -> bytes:
    """Return a text frame with JSON."""
    return frame(json.dumps(message).encode())


def announce(namespace: str, **data: object) -> bytes:
    """Return an announce as a frame."""
    return text({"type": "announce", "data": data, "networkName": namespace})


def signal(target: str, namespace: str, data: object = "x", kind: str = "ice-candidate") -> bytes:
    """Return a signal as a frame."""
    said = {"type": kind, "data": data, "targetPeerId": target, "networkName": namespace}
    return text(said)


def head(target: str, lines: Iterable[str] = (), host: str = "127.0.0.1") -> bytes:
    """Return the request that opens a WebSocket."""
    usual = [
        f"GET {target} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*usual, *lines, "", ""]).encode("latin-1")


@cache
def trusting(ca: str) -> ssl.SSLContext:
    """Return what a client goes by that trusts the authority in a file."""
    return ssl.create_default_context(cafile=ca)


class Socket:
    """One connection. What it hears is kept only as far as is asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.closed: tuple[int, str] | None = None
        """Code and reason of the hub's close frame; code 1006 if there was none."""
        self.heard = 0
        """Messages taken by `listen`."""
        self.sent = 0
        """Bytes taken by the system."""
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def connect(
        cls, port: int, address: str = "127.0.0.2", host: str = "127.0.0.1", *, ca: str = ""
    ) -> Self:
        """Open a TCP connection from an address of the loopback, with TLS if `ca` is a file."""
        tls = trusting(ca) if ca else None
        async with asyncio.timeout(DEADLINE):
            streams = await asyncio.open_connection(
                host, port, limit=READ_LIMIT, local_addr=(address, 0), ssl=tls
            )
        return cls(*streams)

    @classmethod
    async def open(
        cls,
        port: int,
        peer: str | None = None,
        *lines: str,
        query: str = "",
        address: str = "127.0.0.2",
    ) -> Self:
        """Open a WebSocket; `status` tells whether that was granted."""
        socket = await cls.connect(port, address)
        await socket.shake(f"/?peerId={peer or new_id()}{query}", *lines)
        return socket

    async def shake(self, target: str, *lines: str, host: str = "127.0.0.1") -> None:
        """Send the request, and take the answer's status; 0 if there was none."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(DEADLINE):
                self.writer.write(head(target, lines, host))
                answer = await self.reader.readuntil(b"\r\n\r\n")
                self.status = int(answer.split(b" ", 2)[1])

    @property
    def is_open(self) -> bool:
        """Whether nothing has shown its end yet."""
        return self.closed is None and not self.writer.is_closing()

    async def send(self, data: bytes) -> bool:
        """Send bytes; return whether the connection took them."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            self._lose("reset")
            return False
        self.sent += len(data)
        return not self.writer.is_closing()

    async def frame(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def message(self) -> dict[str, Any]:
        """Return the next JSON message; raise ``ConnectionError`` at a close."""
        async with asyncio.timeout(DEADLINE):
            while True:
                opcode, payload = await self.frame()
                if opcode == TEXT:
                    said: dict[str, Any] = json.loads(payload)
                    return said
                if opcode == PING:
                    await self.send(frame(payload, PONG))
                elif opcode == CLOSE:
                    self._note_close(payload)
                    raise ConnectionResetError(self.closed)

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Give all messages until the end."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            while True:
                yield await self.message()

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next message of a type."""
        while (said := await self.message())["type"] != kind:
            pass
        return said

    def listen(self, *, answers_pings: bool = True) -> None:
        """From now on take all that comes, and count it."""
        loop = asyncio.get_running_loop()
        self._listener = loop.create_task(self._listen(answers_pings=answers_pings))

    async def _listen(self, *, answers_pings: bool) -> None:
        try:
            while self.closed is None:
                opcode, payload = await self.frame()
                if opcode == CLOSE:
                    self._note_close(payload)
                elif opcode == PING and answers_pings:
                    await self.send(frame(payload, PONG))
                else:
                    self.heard += 1
        except (OSError, asyncio.IncompleteReadError):
            self._lose("no close frame")

    def discard(self) -> None:
        """From now on take all that comes, and look only at how it ends: nobody reads faster."""
        self._listener = asyncio.get_running_loop().create_task(self._discard())

    async def _discard(self) -> None:
        last = b""
        try:
            while data := await self.reader.read(READ_LIMIT):
                last = (last + data)[-CLOSE_SIZE:]
        except OSError:
            pass
        found = last.rfind(b"\x88")
        whole = found >= 0 and last[found + 1 : found + 2] == bytes([len(last) - found - 2])
        self._note_close(last[found + 2 :]) if whole else self._lose("no close frame")

    def _lose(self, how: str) -> None:
        self.closed = self.closed or (1006, how)

    def _note_close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else 1005
        self.closed = code, payload[2:].decode("utf-8", "replace")

    def abort(self) -> None:
        """End it without a word, as the system does for a program that has not read all (RST)."""
        if self._listener is not None:
            self._listener.cancel()
        plain = self.writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plain.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
