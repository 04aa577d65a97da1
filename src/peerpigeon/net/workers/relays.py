"""Connections with TLS whose clients other workers serve: what was said inside is relayed.

What a library of TLS knows of a connection cannot be given to another process. So the worker that
has accepted it goes on to speak TLS, and the other one is given the end of a socket pair instead,
over which it hears and says the same bytes in plain. Whoever is slow slows down the other side, and
an end is passed on; nothing is read here.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, cast

from peerpigeon.core.config.quantities import KIB

if TYPE_CHECKING:
    from collections.abc import Callable

HIGH = 16 * KIB
"""Bytes that wait for one side before the other is read no more. What waits beyond that, waits at
the worker that serves the client, where it is counted, and where a ping overtakes it."""

IN_KERNEL = 64 * KIB
"""Bytes of a socket pair each way, with what the system reckons for them."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a way within this machine that keeps little."""
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)  # noqa: FBT003 - the standard library has it so
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, IN_KERNEL)
    return ends


class Relays:
    """The connections that one worker relays to others."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open: set[_Side] = set()
        self._beginning: set[asyncio.Task[None]] = set()
        self._all_gone = asyncio.Event()
        self._all_gone.set()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._open)

    def begin(self, outer: asyncio.Transport, inner: socket.socket) -> None:
        """Relay between a connection that is not read for now, and this end of a pair."""
        side = _Side(outer, self._forget)
        self._open.add(side)
        self._all_gone.clear()
        outer.set_protocol(side)
        outer.set_write_buffer_limits(high=HIGH)
        task = self._loop.create_task(self._meet(side, inner))
        self._beginning.add(task)
        task.add_done_callback(self._beginning.discard)

    async def _meet(self, side: _Side, inner: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the other end is closed already
            await self._loop.connect_accepted_socket(lambda: _Inner(side), inner)
            return
        side.transport.abort()

    def _forget(self, side: _Side) -> None:
        self._open.discard(side)
        if not self._open:
            self._all_gone.set()

    async def emptied(self) -> None:
        """Wait until there is none any more."""
        await self._all_gone.wait()

    def close(self) -> None:
        """End all at once."""
        for task in self._beginning:
            task.cancel()
        for side in list(self._open):
            side.transport.abort()


class _Side(asyncio.Protocol):
    """One side of a relay: what comes here leaves at the other one."""

    def __init__(
        self, transport: asyncio.Transport, on_end: Callable[[_Side], object] = lambda _: None
    ) -> None:
        self.transport = transport
        self.other: _Side | None = None
        self._on_end = on_end

    def data_received(self, data: bytes) -> None:
        """Pass on what has come."""
        if self.other is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """Let the other side wait: this one has not taken what there is."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read the other side again."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """Close: who leaves a WebSocket in order has said so before."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other side once it has all that came from here."""
        if self.other is not None:
            self.other.transport.close()
        self._on_end(self)


class _Inner(_Side):
    """The side of the other worker, which joins the one that is there."""

    def __init__(self, outer: _Side) -> None:
        self.other = outer
        self._on_end = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to read both."""
        self.transport = cast("asyncio.Transport", transport)
        outer = self.other
        if outer is None or outer.transport.is_closing():
            self.transport.close()
            return
        self.transport.set_write_buffer_limits(high=HIGH)
        outer.other = self
        outer.transport.resume_reading()
