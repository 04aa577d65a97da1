"""What the WebSockets of one kind share: a listener, limits, the end of a turn."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from peerpigeon.core.counts import Histogram
from peerpigeon.net.traffic import Traffic
from peerpigeon.net.turns import Turns
from peerpigeon.net.websocket.frames import SERVER, TEXT, frame_header
from peerpigeon.net.websocket.turns import TURN_SOCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.websocket.protocol import Message, WebSocketProtocol

S = TypeVar("S", bound="Socket")
M = TypeVar("M")

TURN_SIZE = 64 * 1024
"""Bytes received after which a turn is cut short: more do not stay in the processor's cache."""

MESSAGE_OVERHEAD = 8
"""Bytes that a message takes besides its text, so that a flood of empty ones ends a turn too."""

MAX_CLOSING = 256
"""Sockets that may wait for the answer to their close frame. A stranger who does not answer takes
no more descriptors than these; who answers is gone within a round trip."""


class Socket(asyncio.Protocol, ABC):
    """A member of a group."""

    __slots__ = ()

    protocol: WebSocketProtocol
    """What is queued, and what has been read."""
    address: str
    """The IP address of the other side."""
    sent: int
    """Bytes of all frames that were written or held back."""

    @abstractmethod
    def answer(self, response: bytes) -> None:
        """Queue the end of the opening handshake, before all messages."""

    @abstractmethod
    def write_queued(self) -> int:
        """Write what is queued; return how many bytes that is, for the group to count."""

    @abstractmethod
    def abort(self) -> None:
        """End the connection at once."""


class SocketListener(Protocol[S, M]):
    """Who hears of all sockets. Never called from within a call to a socket."""

    def socket_opened(self, socket: S, request: UpgradeRequest) -> None:
        """Tell of a new socket; it may be sent to and closed from now on."""

    def sockets_received(self, received: list[tuple[S, M]]) -> None:
        """Tell of whole messages that came in one turn of the event loop, in order.

        If a socket is closed upon one of them, those after it are told of all the same. May not
        raise: none of the others would be heard.
        """

    def socket_ponged(self, socket: S, payload: bytes) -> None:
        """Tell that a pong came, with its payload, or a ping, without: the client is alive."""

    def socket_closed(self, socket: S, code: int, reason: str) -> None:
        """Tell, once, that a socket has ended, unless ``close`` or ``abort`` asked for it."""


class SocketGroup(Generic[S]):
    """What the sockets of one kind share. To be made while the event loop runs."""

    def __init__(
        self,
        listener: SocketListener[S, Any],
        make: Callable[[SocketGroup[S], asyncio.Transport], S],
        *,
        max_message_size: int,
        max_outbox_size: int,
        close_timeout: float,
        holders: Holders,
    ) -> None:
        self.listener = listener
        self._make = make
        self.loop = asyncio.get_running_loop()
        self.max_message_size = max_message_size
        self.max_outbox_size = max_outbox_size
        self.close_timeout = close_timeout
        self.turns = Turns(self.loop, TURN_SOCKETS)
        self.holders = holders
        """Where the sockets note what they keep."""
        self.max_closing: float = MAX_CLOSING
        self.closing: dict[S, None] = {}
        """The sockets that have yet to end, those first that have had most time for it."""
        self._received: list[tuple[S, Message]] = []
        self._size = 0  # of all that was received, in bytes
        self._unsent: list[S] = []
        self.on_pace: Callable[[S], object] | None = None
        """Called when a socket is behind with reading what it is sent, or has caught up."""
        self._paced: list[S] = []
        self.on_fault: Callable[[S, str], object] = lambda _, __: None
        """Called with the reason when a socket is closed for what came, or for what waits."""
        self._is_ending = False  # whether the end of this turn is under way
        self.turn_times = Histogram()
        """Seconds from the first message of a turn to the last that is written, of those timed."""
        self._began = 0.0  # when this turn did, if it is timed; -1 if the next one is to be
        self.received = 0
        """Bytes that have come over all sockets since their handshakes."""
        self.sent = 0
        """Bytes of all frames that were written or held back."""
        self._all_gone = asyncio.Event()
        self._all_gone.set()

    def open(self, transport: asyncio.Transport, request: UpgradeRequest, early: bytes) -> None:
        """Make a WebSocket of a connection; ``early`` is what came after its handshake."""
        socket = self._make(self, transport)
        socket.address = request.address or socket.address
        transport.set_protocol(socket)
        socket.answer(request.response())
        self.listener.socket_opened(socket, request)
        if early:
            socket.data_received(early)

    def adopt(self, transport: asyncio.Transport) -> S:
        """Make a WebSocket of a connection that was one before, in another process."""
        socket = self._make(self, transport)
        transport.set_protocol(socket)
        return socket

    async def wait_closed(self) -> None:
        """Wait until the sockets that are closing are gone: ``close_timeout`` at most."""
        await self._all_gone.wait()

    def receive(self, socket: S, message: Message) -> int:
        """Tell the listener of a message once this turn is over; return as how many it counts."""
        if not self._is_ending:
            self._end_turn_soon()
        self._received.append((socket, message))
        self._size += len(message) + MESSAGE_OVERHEAD
        if self._size > TURN_SIZE:
            self.deliver()
            self._flush()
            self._tell_pace()
        return 1

    def deliver(self) -> None:
        """Tell the listener now of all that was received."""
        received = self._received
        if not received:
            return
        self._received, self._size = [], 0
        try:
            self.listener.sockets_received(received)
        except Exception as error:
            context = {"message": "a listener of sockets failed", "exception": error}
            self.loop.call_exception_handler(context)

    def flush_soon(self, socket: S) -> None:
        """Flush a socket once this turn is over."""
        if not self._is_ending:
            self._end_turn_soon()
        self._unsent.append(socket)

    def send_each(self, sockets: Iterable[S | None], payloads: Iterable[bytes]) -> None:
        """Send as many messages, each to the socket at its place, if one is there."""
        if not self._is_ending:
            self._end_turn_soon()
        unsent, last, is_whole = self._unsent, None, False
        parts: tuple[bytes, ...] = ()
        for socket, payload in zip(sockets, payloads, strict=True):
            if payload is not last:
                last, is_whole = payload, False
                parts = frame_header(TEXT, SERVER, len(payload)), payload
            elif not is_whole:  # several hear it: it is put together once for all of them
                is_whole, parts = True, (b"".join(parts),)
            if socket is not None and socket.protocol.send_parts(parts, payload):
                unsent.append(socket)

    def tell_pace_soon(self, socket: S) -> None:
        """Tell once all is flushed that a socket is behind, or is not any more."""
        if not self._is_ending:
            self._end_turn_soon()
        self._paced.append(socket)

    def linger(self, socket: S) -> None:
        """Note that a socket has yet to end; of too many the oldest ends at once."""
        self.closing[socket] = None
        self._all_gone.clear()
        if len(self.closing) > self.max_closing:
            for oldest in list(islice(self.closing, len(self.closing) - int(self.max_closing))):
                oldest.abort()

    def drop_oldest(self) -> bool:
        """End the socket at once that has been closing for longest; ``False`` if none is."""
        for oldest in self.closing:
            del self.closing[oldest]
            oldest.abort()
            self.closing[oldest] = None  # until its connection is no more
            return True
        return False

    def leave(self, socket: S) -> None:
        """Note that a socket's connection is no more."""
        self.closing.pop(socket, None)
        if not self.closing:
            self._all_gone.set()

    def time_next_turn(self) -> None:
        """Have the next turn timed, unless one is under way. All others cost a signal nothing."""
        if not self._is_ending:
            self._began = -1.0

    def traffic(self) -> Traffic:
        """Return how many bytes have come and gone since the start."""
        return Traffic(self.received, self.sent)

    def _end_turn_soon(self) -> None:
        self._is_ending = True
        if self._began:
            self._began = perf_counter()
        self.loop.call_soon(self._end_turn)

    def _end_turn(self) -> None:
        try:
            self.deliver()
            self._flush()
        finally:
            self._is_ending = False
        if self._began:
            self.turn_times.observe(perf_counter() - self._began)
            self._began = 0.0
        self._tell_pace()

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        # Added up before it is added: a write may end a socket, and that is counted, too.
        written = sum([socket.write_queued() for socket in unsent])
        self.sent += written

    def _tell_pace(self) -> None:
        paced, self._paced = self._paced, []
        if self.on_pace is not None:
            for socket in paced:
                self.on_pace(socket)
