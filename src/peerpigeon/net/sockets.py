"""What the WebSockets of one kind share: a listener, limits, the end of a turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.net.handshake import UpgradeRequest
    from peerpigeon.net.websocket import WebSocket

S_contra = TypeVar("S_contra", bound="WebSocket", contravariant=True)
M = TypeVar("M")


class SocketListener(Protocol[S_contra, M]):
    """Who hears of all sockets. Never called from within a call to a socket."""

    def socket_opened(self, socket: S_contra, request: UpgradeRequest) -> None:
        """Tell of a new socket; it may be sent to and closed from now on."""

    def socket_received(self, socket: S_contra, messages: list[M]) -> None:
        """Tell of whole messages that were read at once, in order."""

    def socket_ponged(self, socket: S_contra, payload: bytes) -> None:
        """Tell that a pong came, with its payload, or a ping, without: the client is alive."""

    def socket_closed(self, socket: S_contra, code: int, reason: str) -> None:
        """Tell, once, that a socket has ended, unless ``close`` or ``abort`` asked for it."""


class Sockets:
    """What the sockets of one server share. To be made while the event loop runs."""

    def __init__(
        self,
        listener: SocketListener[Any, Any],
        make: Callable[[Sockets, asyncio.Transport], WebSocket],
        *,
        max_message_size: int,
        max_outbox_size: int,
        close_timeout: float,
    ) -> None:
        self.listener = listener
        self._make = make
        self.loop = asyncio.get_running_loop()
        self.max_message_size = max_message_size
        self.max_outbox_size = max_outbox_size
        self.close_timeout = close_timeout
        self.closing: set[WebSocket] = set()
        self._unsent: list[WebSocket] = []
        self._all_gone = asyncio.Event()
        self._all_gone.set()

    def open(self, transport: asyncio.Transport, request: UpgradeRequest, early: bytes) -> None:
        """Make a WebSocket of a connection; ``early`` is what came after its handshake."""
        socket = self._make(self, transport)
        transport.set_protocol(socket)
        transport.write(request.response())
        self.listener.socket_opened(socket, request)
        if early:
            socket.data_received(early)

    async def wait_closed(self) -> None:
        """Wait until the sockets that are closing are gone: ``close_timeout`` at most."""
        await self._all_gone.wait()

    def flush_soon(self, socket: WebSocket) -> None:
        """Flush a socket once this turn of the event loop is over."""
        if not self._unsent:
            self.loop.call_soon(self._flush)
        self._unsent.append(socket)

    def linger(self, socket: WebSocket) -> None:
        """Note that a socket has yet to end."""
        self.closing.add(socket)
        self._all_gone.clear()

    def leave(self, socket: WebSocket) -> None:
        """Note that a socket's connection is no more."""
        self.closing.discard(socket)
        if not self.closing:
            self._all_gone.set()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        for socket in unsent:
            socket.flush()
