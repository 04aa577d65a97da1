"""The events of a server as JSON lines on standard output, for a program that watches it."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

import msgspec

from peerpigeon.core.interface.notices import NOTICES, ErrorOccurred, Notice, name_of
from peerpigeon.observe.background_writer import (
    BACKLOG_LIMIT,
    BATCH_SIZE,
    FLUSH_TIMEOUT,
    BackgroundWriter,
)
from peerpigeon.observe.log_lines import iso

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.net.server import PeerPigeonServer


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


def line(own: PeerId, notice: Notice, moment: datetime | None = None) -> str:
    """Return ``{"event": <name>, "hub": <own id>, "time": <now>, <the notice's fields>}``."""
    moment = moment or datetime.now(UTC)
    named = {"event": name_of(notice), "hub": own, "time": iso(moment)}
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
        self._loop = asyncio.get_running_loop()
        self._on_closed = on_closed
        self._is_closing = False
        self._ended = asyncio.Event()
        self._lines = bytearray()
        """Of this turn of the loop: a system call for each took almost half of an event's time."""

    @property
    def waiting(self) -> int:
        return self.transport.get_write_buffer_size() + len(self._lines)

    def write(self, text: str) -> None:
        data = text.encode()
        if len(self._lines) + len(data) > BATCH_SIZE:
            self._flush()
        if not self._lines:
            self._loop.call_soon(self._flush)
        self._lines += data

    def _flush(self) -> None:
        if self._lines and not self.transport.is_closing():
            self.transport.write(bytes(self._lines))
        self._lines.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()
        if not self._is_closing:
            self._on_closed()

    async def close(self) -> None:
        self._is_closing = True
        self._flush()
        self.transport.close()
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT):
                await self._ended.wait()
        except TimeoutError:
            self.transport.abort()


class _File:
    """A file or terminal: a thread writes to it, since a terminal can be stopped (Ctrl-S)."""

    def __init__(self, stream: TextIO, on_closed: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_closed: Callable[[], None] | None = on_closed
        self._writer = BackgroundWriter(stream.fileno(), _no_line, failed=self._failed)

    @property
    def waiting(self) -> int:
        return self._writer.size

    def write(self, text: str) -> None:
        self._writer.write(text)

    def _failed(self, _: OSError) -> None:  # a full disk, a terminal that was closed
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        on_closed, self._on_closed = self._on_closed, None
        if on_closed is not None:
            on_closed()

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.finish, FLUSH_TIMEOUT)
        self._on_closed = None


def _no_line(lost: int) -> str:
    """Leave it to an event to say what is missing."""
    del lost
    return ""
