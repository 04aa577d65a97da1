"""One WebSocket of an ASGI server, as a transport for the sockets of this one.

ASGI hands over messages, not frames. Here they become frames, and frames messages, so that a client
is the same socket as at a port of the server's own: with the same limits of what is kept for it and
of what it may send, and the same answers beyond them. What frames say is read by the other side of
the protocol, whose masks are zeros, so that nothing is written anew.

ASGI knows no pings. The server that runs the application sends its own, and says when a client does
not answer. A ping of ours is answered here, once the server has taken all that was sent before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from peerpigeon.core.interface.close_codes import (
    ABNORMAL_CLOSURE,
    NO_STATUS,
    is_sendable,
)
from peerpigeon.net.http.opening_handshake import SUBPROTOCOL
from peerpigeon.net.websocket.frames import BINARY, TEXT
from peerpigeon.net.websocket.protocol import (
    NOTHING,
    UNDECIDED,
    CloseReceived,
    Pinged,
    State,
    WebSocketProtocol,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from peerpigeon.net.http.access_control import Opener
    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.websocket.protocol import Event

Message: TypeAlias = "Mapping[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[Message]]"
Send: TypeAlias = "Callable[[dict[str, Any]], Awaitable[None]]"

END_OF_HEAD = b"\r\n\r\n"
_NO_MASK = bytes(4)
_LARGEST = 1 << 31
_OVERHEAD = 64
"""Bytes that a message counts besides its own, so that a flood of empty ones counts too."""

_PONG: dict[str, Any] = {}
"""In the line of what is to be sent: the place at which a ping is answered."""


class AsgiTransport(asyncio.Transport):
    """Between one WebSocket of an ASGI server and the protocol that takes it over."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send
        self._far = WebSocketProtocol(UNDECIDED, _LARGEST, lambda: _NO_MASK)
        self._protocol: asyncio.Protocol | None = None
        self._is_accepted = False
        self._accepts: dict[str, Any] = {"type": "websocket.accept"}
        self._line: deque[tuple[dict[str, Any], int]] = deque()
        self._size = 0
        self._high, self._low = 64 * 1024, 16 * 1024
        self._is_full = False
        self._is_closing = False
        self._has_ended = False
        """Whether the server has been told, or has told, that it is over."""
        self._more = asyncio.Event()
        self._aborted = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()

    async def run(self, receive: Receive, upgrade: UpgradeRequest, open_socket: Opener) -> None:
        """Let a WebSocket be taken over; return when it is no more."""
        if SUBPROTOCOL in upgrade.protocols:
            self._accepts["subprotocol"] = SUBPROTOCOL
        tasks: set[asyncio.Task[None]] = set()
        try:
            open_socket(self, upgrade, b"")
            tasks |= {
                asyncio.create_task(self._write_all()),
                asyncio.create_task(self._read_all(receive)),
                asyncio.create_task(self._until_aborted()),
            }
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Nothing is waited for here: this may be cancelled more than once.
            self._is_closing = self._has_ended = True
            for each in tasks:
                each.cancel()
            if self._protocol is not None:
                self._protocol.connection_lost(None)
        for each in done:
            each.result()

    # What the client says

    async def _read_all(self, receive: Receive) -> None:
        while True:
            await self._may_read.wait()
            message = await receive()
            match message["type"]:
                case "websocket.receive":
                    text = message.get("text")
                    payload = message.get("bytes") if text is None else text.encode()
                    self._far.send(BINARY if text is None else TEXT, payload or b"")
                    self._feed()
                case "websocket.disconnect":
                    self._has_ended = True
                    code = message.get("code") or NO_STATUS
                    if code != ABNORMAL_CLOSURE and self._far.state is State.OPEN:
                        self._far.close(code if is_sendable(code) else NO_STATUS)
                        self._feed()
                    return

    def _feed(self) -> None:
        """Hand on what the other side of the protocol has to say."""
        said = b"".join(self._far.outgoing)
        self._far.outgoing = NOTHING
        if said and self._protocol is not None:
            self._protocol.data_received(said)

    # What the client is told

    def write(self, data: Any) -> None:  # noqa: ANN401 - whatever is bytes
        """Put what whole frames say into the line."""
        if self._is_closing or self._has_ended:
            return
        said = bytes(data)
        if not self._is_accepted:  # what opens a WebSocket comes first, and frames may follow it
            self._is_accepted = True
            self._put(self._accepts, 0)
            said = said.partition(END_OF_HEAD)[2]
        for event in self._far.receive_data(said):
            self._take(event)
        if self._size > self._high and not self._is_full:
            self._is_full = True
            if self._protocol is not None:
                self._protocol.pause_writing()

    def _take(self, event: Event | None) -> None:
        match event:
            case str():
                self._put({"type": "websocket.send", "text": event}, len(event))
            case bytes():
                self._put({"type": "websocket.send", "bytes": event}, len(event))
            case Pinged():
                self._put(_PONG, 0)
            case CloseReceived(code, reason):
                shown = 1000 if code == NO_STATUS else code
                self._put({"type": "websocket.close", "code": shown, "reason": reason}, 0)
            case _:
                pass

    def _put(self, message: dict[str, Any], size: int) -> None:
        self._line.append((message, size + _OVERHEAD))
        self._size += size + _OVERHEAD
        self._more.set()

    async def _write_all(self) -> None:
        while True:
            while not self._line:
                if self._is_closing:
                    return
                self._more.clear()
                await self._more.wait()
            message, size = self._line.popleft()
            if message is _PONG:
                self._feed()
            elif not self._has_ended:
                try:
                    await self._send(message)
                except (OSError, RuntimeError):
                    return  # so servers say that the client has gone
            self._size -= size
            if self._is_full and self._size <= self._low and self._protocol is not None:
                self._is_full = False
                self._protocol.resume_writing()
            if message.get("type") == "websocket.close":
                self._has_ended = True
                self._far.close(NO_STATUS)
                self._feed()
                return

    def close(self) -> None:
        """Send what waits, then end."""
        self._is_closing = True
        self._more.set()

    def abort(self) -> None:
        """End at once: the server is given the connection back, though it may be amid sending."""
        self._line.clear()
        self._size = 0
        self._is_closing = True
        self._aborted.set()

    async def _until_aborted(self) -> None:
        await self._aborted.wait()

    def can_write_eof(self) -> bool:
        """Tell that one direction cannot be closed."""
        return False

    # What a protocol asks of its transport

    def is_closing(self) -> bool:
        """Tell whether it has ended, or is about to."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Take no message until ``resume_reading``."""
        self._may_read.clear()

    def resume_reading(self) -> None:
        """Take messages again."""
        self._may_read.set()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told that much waits, and that no more does."""
        self._high = 64 * 1024 if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return these limits: the low one, and the high one."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait for the server."""
        return self._size

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let a protocol take it over."""
        self._protocol = cast("asyncio.Protocol", protocol)
