"""A WebSocket client that can send any bytes, a server that records, and both event loops.

Everything runs in one process on the loopback, and every wait has a deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import itertools
import logging
import os
import socket as system_socket
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING, Any, Self

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.descriptors import Descriptors
from peerpigeon.net.http import (
    library,  # noqa: F401 - or the first request of a process would wait until it is loaded
    page,
)
from peerpigeon.net.http.access_control import AccessControl
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.door import Doors
from peerpigeon.net.http.forwarded import Forwarded
from peerpigeon.net.http.hosts import Hosts
from peerpigeon.net.http.origins import Origins
from peerpigeon.net.http.visits import Visits
from peerpigeon.net.memory import Holders
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.kernel_queue import leave_little_in_kernel
from peerpigeon.net.websocket.peer_socket import PeerSocket

try:
    import uvloop
except ImportError:  # there is none for Windows
    LOOPS = {"asyncio": asyncio.new_event_loop}
else:
    LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from types import TracebackType

    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.tls.certificate import CertificateFiles

DEADLINE = 10.0  # seconds that no wait of a test that passes comes near
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455, section 1.3, with its answer
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
MASK = b"\x37\xfa\x21\x3d"

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
FIN = 0x80

Frame = tuple[int, bytes]

TLS: list[Any] = []
"""What a server has and what a client goes by, while all that is tested is tested over TLS."""


def run(main: Callable[[], Coroutine[Any, Any, None]], loop: str) -> None:
    """Run a coroutine on one kind of loop; nothing may reach the loop's exception handler."""
    escaped: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: escaped.append(what))
        async with asyncio.timeout(3 * DEADLINE):
            await main()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(watched())
    assert escaped == []


def on_every_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make of an async test one that runs on each kind of event loop."""

    def wrapper(*, loop: str, **arguments: object) -> None:
        run(functools.partial(test, **arguments), loop)

    own = inspect.signature(test)
    extra = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
    functools.update_wrapper(wrapper, test)
    wrapper.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), extra], return_annotation=None
    )
    parametrized: Callable[..., None] = pytest.mark.parametrize("loop", sorted(LOOPS))(wrapper)
    return parametrized


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """Return a client's frame, masked, with the shortest length."""
    first = opcode | (FIN if fin else 0) | rsv
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", first, 0x80 | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + MASK + mask(payload)


def mask(payload: bytes) -> bytes:
    """Return a payload as it stands in a masked frame."""
    size = len(payload)
    pad = (MASK * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a client's close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode())


def upgrade(*lines: str, target: str = "/?peerId=abc", leave_out: str = "-") -> bytes:
    """Return a handshake's head with some lines more, and without those of one name."""
    usual = [
        "Host: localhost:3000",
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    kept = [line for line in usual if not line.lower().startswith(leave_out.lower() + ":")]
    return "\r\n".join([f"GET {target} HTTP/1.1", *kept, *lines, "", ""]).encode("latin-1")


async def turns(count: int = 2) -> None:
    """Let the event loop go round, so that what was written is read."""
    for _ in range(count):
        await asyncio.sleep(0)


class RawClient:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(
        cls, port: int, *, read_limit: int = 1 << 16, tls: ssl.SSLContext | None = None
    ) -> Self:
        tls = tls or (TLS[1] if TLS else None)
        async with asyncio.timeout(DEADLINE):
            streams = await asyncio.open_connection("127.0.0.1", port, limit=read_limit, ssl=tls)
        return cls(*streams)

    @classmethod
    async def open(cls, port: int, *lines: str, target: str = "/?peerId=abc") -> Self:
        """Connect and do the handshake."""
        client = await cls.connect(port)
        client.writer.write(upgrade(*lines, target=target))
        head = await client.head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        assert f"Sec-WebSocket-Accept: {ACCEPT}".encode() in head
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def send(self, data: bytes, cuts: list[int] | None = None) -> None:
        """Send bytes, cut at some places, until the server hangs up."""
        edges = [0, *(cuts or []), len(data)]
        with contextlib.suppress(OSError):
            for start, end in itertools.pairwise(edges):
                if self.writer.is_closing():
                    return
                self.writer.write(data[start:end])
                async with asyncio.timeout(DEADLINE):
                    await self.writer.drain()
                await turns()

    async def head(self) -> bytes:
        """Return an HTTP response's head."""
        async with asyncio.timeout(DEADLINE):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> Frame:
        """Return the first byte and the payload of the next frame."""
        async with asyncio.timeout(DEADLINE):
            first, size = await self.reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first, await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        """Return everything until the server ends the connection."""
        received = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(DEADLINE):
                while data := await self.reader.read(1 << 16):
                    received += data
        return received

    async def echo(self, text: bytes = b"still there?") -> None:
        """Check that the server still answers."""
        await self.send(frame(TEXT, text))
        assert await self.frame() == (FIN | TEXT, text)

    def reset(self) -> None:
        """End the connection with a reset, not by saying that there is no more."""
        at_once = struct.pack("ii", 1, 0)
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(SOL_SOCKET, SO_LINGER, at_once)
        self.abort()

    def end_output(self) -> None:
        """Send nothing more, and go on reading."""
        if self.writer.can_write_eof():
            self.writer.write_eof()
            return
        # Over TLS the streams cannot.
        descriptor = os.dup(self.writer.get_extra_info("socket").fileno())
        with system_socket.socket(fileno=descriptor) as connection:
            connection.shutdown(system_socket.SHUT_WR)

    def abort(self) -> None:
        self.writer.transport.abort()


def _echo(socket: PeerSocket, text: str) -> None:
    socket.send(text.encode())


class Recorder:
    """A listener that writes down what it hears, and sends messages back unless told otherwise."""

    def __init__(self) -> None:
        self.open: list[PeerSocket] = []
        self.requests: list[UpgradeRequest] = []
        self.received: list[str] = []
        self.ponged = 0
        self.answer: bytes | None = None
        self.closed: list[tuple[int, str]] = []
        self.on_text: Callable[[PeerSocket, str], object] = _echo
        self._changed = asyncio.Event()

    def socket_opened(self, socket: PeerSocket, request: UpgradeRequest) -> None:
        self.open.append(socket)
        self.requests.append(request)
        self._changed.set()

    def sockets_received(self, received: list[tuple[PeerSocket, str]]) -> None:
        self._changed.set()
        for socket, text in received:
            self.received.append(text)
            self.on_text(socket, text)

    def socket_ponged(self, socket: PeerSocket, payload: bytes) -> None:
        assert socket in self.open
        self.ponged += 1
        self.answer = payload
        self._changed.set()

    def socket_closed(self, socket: PeerSocket, code: int, reason: str) -> None:
        self.open.remove(socket)
        self.closed.append((code, reason))
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something recorded makes a condition true."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class Served:
    """A running server and its parts."""

    def __init__(
        self,
        port: int,
        recorder: Recorder,
        sockets: SocketGroup[PeerSocket],
        doors: Doors,
        visits: Visits,
    ) -> None:
        self.port = port
        self.recorder = recorder
        self.sockets = sockets
        self.doors = doors
        self.visits = visits

    async def until_empty(self) -> None:
        """Wait until no connection is left anywhere."""
        async with asyncio.timeout(DEADLINE):
            await self.recorder.until(lambda: not self.recorder.open)
            await self.sockets.wait_closed()
            while self.doors.waiting:
                await turns()


@contextlib.contextmanager
def logged(name: str) -> Iterator[list[str]]:
    """Return what one logger writes meanwhile, on whatever loop."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    keeper = Keeper()
    logging.getLogger(name).addHandler(keeper)
    try:
        yield lines
    finally:
        logging.getLogger(name).removeHandler(keeper)


async def _describe(request: Request, _: object) -> page.Response:
    return page.text(f"{request.method} {request.target}")


LIMITS = {"max_message_size": 1 << 20, "max_outbox_size": 1 << 22, "close_timeout": DEADLINE}


@contextlib.asynccontextmanager
async def serving(  # noqa: PLR0913
    *,
    origins: str = "*",
    handshake_timeout: float = DEADLINE,
    limit: int = 64,
    holders: Holders | None = None,
    descriptor_limit: int | None = None,
    forwarded: Forwarded | None = None,
    certificate: CertificateFiles | None = None,
    **limits: Any,
) -> AsyncIterator[Served]:
    """Run a server that echoes over WebSockets and describes plain requests.

    ``limits`` are those of the group, where they are not ``LIMITS``.
    """
    recorder = Recorder()
    holders = holders or Holders(MemoryAccount(1 << 30))
    sockets = SocketGroup(
        recorder,
        PeerSocket.accepted,
        holders=holders,
        **(LIMITS | limits),
    )
    visits = Visits(
        _describe,
        holders=holders,
        timeout=handshake_timeout,
    )
    doors = Doors(
        AccessControl(
            lambda _: sockets.open,
            lambda _: Audience.EVERYBODY,
            admits_host=Hosts(ServerConfig()).admits,
            admits_origin=Origins(ServerConfig(cors_origin=origins, demo=False)).admits,
            forwarded=forwarded or Forwarded(),
        ),
        visits,
        handshake_timeout=handshake_timeout,
        holders=holders,
        descriptors=Descriptors(
            descriptor_limit, lambda: sockets.drop_oldest() or doors.drop_greediest()
        ),
        certificate=certificate or (TLS[0] if TLS else None),
        limit=limit,
    )
    server = await asyncio.get_running_loop().create_server(doors, "127.0.0.1", 0)
    leave_little_in_kernel(server.sockets[0], AHEAD)
    try:
        yield Served(server.sockets[0].getsockname()[1], recorder, sockets, doors, visits)
    finally:
        server.close()
        doors.abort()
        for socket in [*recorder.open, *sockets.closing]:
            socket.abort()
        await sockets.wait_closed()
        await turns(4)
