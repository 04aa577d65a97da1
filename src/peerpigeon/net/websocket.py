"""WebSockets that others opened: what RFC 6455 asks of a server once a connection is upgraded.

A socket keeps what it has read of a frame that is not whole yet, and no buffer else.
What is sent to a socket within one turn of the event loop goes out in one write.
"""

from __future__ import annotations

import asyncio
from abc import ABC
from typing import TYPE_CHECKING, ClassVar

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.close_codes import (
    ABNORMAL_CLOSURE,
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS,
    PROTOCOL_ERROR,
    SENDABLE,
    TRY_AGAIN_LATER,
    UNSUPPORTED_DATA,
)
from peerpigeon.net.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    OPCODE,
    PING,
    PONG,
    TEXT,
    FrameError,
    close_frame,
    control_frame,
    lone_message,
    message_header,
    read_frame,
)

if TYPE_CHECKING:
    from peerpigeon.net.sockets import Sockets

KIB = 1024
MAX_JOINED = 64 * KIB  # bytes joined into one write; beyond that, copying gains nothing
MAX_JOINED_FRAMES = 512  # so that a flood of empty pings cannot fill the memory with pongs

_REASONS = {
    PROTOCOL_ERROR: "protocol error",
    INVALID_PAYLOAD: "invalid UTF-8",
    MESSAGE_TOO_BIG: "message too big",
    TRY_AGAIN_LATER: "reading too slowly",
}

# In _CLOSING our close frame is sent and the client's is awaited; in _DEAF nothing is read any
# more, and the TCP connection ends or has ended.
_OPEN, _CLOSING, _DEAF = range(3)


class WebSocket(ABC, asyncio.Protocol):
    """One WebSocket over which messages of one kind come and go."""

    WHOLE: ClassVar[int]
    """The first byte of a message that is one frame: the kind it takes, and sends."""
    READ: ClassVar[staticmethod[[bytes], str | bytes]]
    """How to make a message of a payload; may raise ``UnicodeDecodeError``."""
    OTHERS_REFUSED: ClassVar[str]
    """What is said to whoever sends a message of the other kind."""

    __slots__ = (
        "_begun",
        "_fragments",
        "_is_owed",
        "_needed",
        "_queue",
        "_queued",
        "_shared",
        "_state",
        "_timer",
        "_transport",
        "address",
    )

    def __init__(self, shared: Sockets, transport: asyncio.Transport) -> None:
        peer = transport.get_extra_info("peername")
        self.address: str = peer[0] if isinstance(peer, tuple) else ""
        self._shared = shared
        self._transport = transport
        transport.set_write_buffer_limits(high=shared.max_outbox_size)
        self._state = _OPEN
        self._is_owed = True  # whether the listener has still to hear of the end
        self._queue: list[bytes] = []
        self._queued = 0
        self._begun: bytearray | None = None  # a frame that is not whole
        self._needed = 0  # how many bytes that takes, at least
        self._fragments: bytearray | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""
        return self._queued + self._transport.get_write_buffer_size()

    def send(self, payload: bytes) -> None:
        """Send one message. Never waits, never raises; nothing if the socket is closed."""
        if self._state != _OPEN:
            return
        queue = self._queue
        if not queue:
            self._shared.flush_soon(self)
        size = len(payload)
        header = message_header(self.WHOLE, size)
        queue.append(header)
        queue.append(payload)
        self._queued += len(header) + size
        if self._queued > MAX_JOINED:
            self.flush()

    def send_all(self, payloads: list[bytes]) -> None:
        """Send messages one after the other, as ``send`` does."""
        if self._state != _OPEN:
            return
        queue = self._queue
        if payloads and not queue:
            self._shared.flush_soon(self)
        size, header = -1, b""
        for payload in payloads:
            if len(payload) != size:  # many are alike
                size = len(payload)
                header = message_header(self.WHOLE, size)
            queue.append(header)
            queue.append(payload)
            self._queued += len(header) + size
        if self._queued > MAX_JOINED:
            self.flush()

    def ping(self, payload: bytes) -> None:
        """Ask for a sign of life; the answer has the same payload."""
        self._send_control(PING, payload)

    def close(self, code: int, reason: str) -> None:
        """Send what is queued and a close frame; end when the client answers or is too slow."""
        self._is_owed = False
        self._close(code, reason)

    def abort(self) -> None:
        """End the connection at once."""
        self._is_owed = False
        self._stop()
        if not self._transport.is_closing():
            self._shared.linger(self)
        self._transport.abort()

    def flush(self) -> None:
        """Write what is queued."""
        queue = self._queue
        if not queue:
            return
        data = b"".join(queue)
        queue.clear()
        self._queued = 0
        if self._transport.is_closing():
            return
        self._transport.write(data)

    def pause_writing(self) -> None:
        """Close, as ``max_outbox_size`` bytes wait for a client that does not read."""
        if self._state == _OPEN:
            reason = _REASONS[TRY_AGAIN_LATER]
            self._close(TRY_AGAIN_LATER, reason)
            # Not at once, as this may be the listener's own call.
            self._shared.loop.call_soon(self._report, TRY_AGAIN_LATER, reason)

    def data_received(self, data: bytes) -> None:
        """Read the frames in what has come."""
        begun = self._begun
        if begun is not None:
            begun += data
            if len(begun) < self._needed:
                return
            data, self._begun = bytes(begun), None
        shared = self._shared
        try:
            if self._state == _OPEN and self._fragments is None:
                payload = lone_message(data, self.WHOLE, shared.max_message_size)
                if payload is not None:
                    shared.receive(self, self.READ(payload), len(data))
                    return
            self._read(data)
        except FrameError as error:
            self._fail(error.code)
        except UnicodeDecodeError:
            self._fail(INVALID_PAYLOAD)

    def _read(self, data: bytes) -> None:
        shared = self._shared
        start, size, max_size = 0, len(data), shared.max_message_size
        while start < size and self._state != _DEAF:
            first, payload, end = read_frame(data, start, max_size)
            if end > size:
                self._begun, self._needed = bytearray(data[start:]), end - start
                break
            if first == self.WHOLE and self._state == _OPEN and self._fragments is None:
                shared.receive(self, self.READ(payload), end - start)
            else:
                self._take(first, payload)
            start = end

    def eof_received(self) -> bool:
        """Take it that the client has gone: one that leaves in order sends a close frame first."""
        self._shared.deliver()
        self._stop()
        self._linger()
        self._report(ABNORMAL_CLOSURE, "")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        self._shared.deliver()
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._shared.leave(self)
        self._report(ABNORMAL_CLOSURE, "")

    def _take(self, first: int, payload: bytes) -> None:
        """Act on a frame that is no message of its own (RFC 6455, section 5.4 and on)."""
        if first == CLOSE:
            self._shared.deliver()  # what came before is answered before, or upon it we close
        is_continued = first & OPCODE == CONTINUATION & OPCODE
        if self._state != _OPEN:
            if first == CLOSE:
                self._stop()
                self._transport.close()
        elif first == PING:
            self._send_control(PONG, payload)
            self._shared.listener.socket_ponged(self, b"")
        elif first == PONG:
            self._shared.listener.socket_ponged(self, payload)
        elif first == CLOSE:
            self._take_close(payload)
        elif is_continued != (self._fragments is not None):
            raise FrameError(PROTOCOL_ERROR)
        elif not is_continued and first & OPCODE != self.WHOLE & OPCODE:
            raise FrameError(UNSUPPORTED_DATA)
        else:
            self._take_fragment(payload, is_last=bool(first & FIN))

    def _take_fragment(self, payload: bytes, *, is_last: bool) -> None:
        if self._fragments is None:
            self._fragments = bytearray()
        if len(self._fragments) + len(payload) > self._shared.max_message_size:
            raise FrameError(MESSAGE_TOO_BIG)
        self._fragments += payload
        if is_last:
            whole, self._fragments = bytes(self._fragments), None
            self._shared.receive(self, self.READ(whole), len(whole))

    def _take_close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS
        if payload and (len(payload) == 1 or code not in SENDABLE):
            raise FrameError(PROTOCOL_ERROR)
        reason = str(payload[2:], "utf-8")
        self._queue.append(control_frame(CLOSE, payload[:2]))
        self.flush()
        self._stop()
        self._linger()
        self._transport.close()
        self._report(code, reason)

    def _send_control(self, first: int, payload: bytes) -> None:
        if self._state != _OPEN:
            return
        if not self._queue:
            self._shared.flush_soon(self)
        self._queue.append(control_frame(first, payload))
        self._queued += len(payload) + 2
        if len(self._queue) > MAX_JOINED_FRAMES:
            self.flush()

    def _close(self, code: int, reason: str) -> None:
        if self._state != _OPEN:
            return
        self._state = _CLOSING
        self._fragments = None
        self._queue.append(close_frame(code, reason))
        self.flush()
        self._linger()

    def _fail(self, code: int) -> None:
        """Fail the connection (RFC 6455, section 7.1.7): nothing more is read as frames."""
        self._shared.deliver()
        # Closing with unread bytes would reset the connection and the client might not get to read
        # why. So only our direction ends now; what still comes is thrown away.
        reason = self.OTHERS_REFUSED if code == UNSUPPORTED_DATA else _REASONS[code]
        self._close(code, reason)
        self._stop()
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        self._report(code, reason)

    def _linger(self) -> None:
        if self._timer is None:
            shared = self._shared
            self._timer = shared.loop.call_later(shared.close_timeout, self._transport.abort)
            shared.linger(self)

    def _stop(self) -> None:
        self._state = _DEAF
        self._queue.clear()
        self._queued = 0
        self._begun = self._fragments = None

    def _report(self, code: int, reason: str) -> None:
        if self._is_owed:
            self._is_owed = False
            self._shared.listener.socket_closed(self, code, reason)


class PeerSocket(WebSocket):
    """A client's WebSocket: text."""

    __slots__ = ("session",)

    WHOLE = TEXT
    READ = staticmethod(bytes.decode)
    OTHERS_REFUSED = "text messages only"

    def __init__(self, shared: Sockets, transport: asyncio.Transport) -> None:
        super().__init__(shared, transport)
        self.session = SessionId(0)


class LinkSocket(WebSocket):
    """Another hub's WebSocket: binary."""

    __slots__ = ()

    WHOLE = BINARY
    READ = staticmethod(bytes)
    OTHERS_REFUSED = "binary messages only"
