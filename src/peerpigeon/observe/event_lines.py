"""The events of a server as JSON lines on standard output, for a program that watches it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TextIO

import msgspec

from peerpigeon.core.interface.notices import NOTICES, ErrorOccurred, Notice, name_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.net.server import PeerPigeonServer

BACKLOG_LIMIT = 1024 * 1024
"""Bytes that may wait for the reader before events are left out: the server never waits for it."""

FLUSH_TIMEOUT = 2.0
"""Seconds for which the last lines may wait for their reader."""


@asynccontextmanager
async def event_lines(
    server: PeerPigeonServer, stream: TextIO, on_closed: Callable[[], None]
) -> AsyncIterator[None]:
    """Write a line to ``stream`` for each event of ``server``.

    ``on_closed`` is called once when the stream has no reader any more. For a pipe that is as soon
    as its reader has closed it, even if there is nothing to write.
    """
    writer = await _open(stream, on_closed)
    missed = 0

    def write(notice: Notice) -> None:
        nonlocal missed
        if writer.waiting > BACKLOG_LIMIT:
            missed += 1
            return
        if missed:
            text = f"{missed} events were not written: their reader is too slow"
            missed = 0
            writer.write(line(server.hub_peer_id, ErrorOccurred(text)))
        writer.write(line(server.hub_peer_id, notice))

    for kind in NOTICES.values():
        server.on(kind, write)
    try:
        yield
    finally:
        await writer.close()


def line(own: PeerId, notice: Notice) -> str:
    """Return ``{"event": <name>, "hub": <own id>, <the notice's fields>}`` as one line."""
    named = {"event": name_of(notice), "hub": own}
    return json.dumps(named | msgspec.to_builtins(notice)) + "\n"


async def _open(stream: TextIO, on_closed: Callable[[], None]) -> _Pipe | _File:
    mode = os.fstat(stream.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        # A handle of its own, because the loop closes it at the end.
        file = os.fdopen(os.dup(stream.fileno()), "wb", buffering=0)
        try:
            loop = asyncio.get_running_loop()
            transport, pipe = await loop.connect_write_pipe(lambda: _Pipe(on_closed), file)
        except (NotImplementedError, AttributeError):  # Windows
            file.close()
        else:
            pipe.transport = transport
            return pipe
    return _File(stream, on_closed)


class _Pipe(asyncio.BaseProtocol):
    """A pipe or socket: writing never waits, and the loop tells when the reader is gone."""

    transport: asyncio.WriteTransport

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed
        self._is_closing = False
        self._ended = asyncio.Event()

    @property
    def waiting(self) -> int:
        return self.transport.get_write_buffer_size()

    def write(self, text: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(text.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()
        if not self._is_closing:
            self._on_closed()

    async def close(self) -> None:
        self._is_closing = True
        self.transport.close()
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT):
                await self._ended.wait()
        except TimeoutError:
            self.transport.abort()


class _File:
    """A file or terminal, which takes what is written."""

    waiting = 0

    def __init__(self, stream: TextIO, on_closed: Callable[[], None]) -> None:
        self._stream: TextIO | None = stream
        self._on_closed = on_closed

    def write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # a full disk, a terminal that was closed
            self._stream = None
            self._on_closed()

    async def close(self) -> None:
        self._stream = None
