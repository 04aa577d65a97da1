"""WebSockets that others opened: what RFC 6455 asks of a server once a connection is upgraded.

One ``FrameReader`` serves all sockets; only a socket whose last read ended inside a frame keeps one
to itself, until that frame is whole. An idle socket has no buffer.
What is sent to a socket within one turn of the event loop goes out in one write.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from peerpigeon.core.closecodes import (
    ABNORMAL_CLOSURE,
    INTERNAL_ERROR,
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS,
    PROTOCOL_ERROR,
    SENDABLE,
    TRY_AGAIN_LATER,
    UNSUPPORTED_DATA,
)
from peerpigeon.core.ids import SessionId
from peerpigeon.net.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameReader,
    Kind,
    close_frame,
    control_frame,
    message_header,
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
    INTERNAL_ERROR: "internal error",
    TRY_AGAIN_LATER: "reading too slowly",
}

# In _CLOSING our close frame is sent and the client's is awaited; in _DEAF nothing is read any
# more, and the TCP connection ends or has ended.
_OPEN, _CLOSING, _DEAF = range(3)


class WebSocket(ABC, asyncio.BufferedProtocol):
    """One WebSocket over which messages of one kind come and go."""

    KIND: ClassVar[Kind]
    """The kind of the messages it takes."""
    FIRST: ClassVar[int]
    """The first byte of the frames it sends."""
    PAYLOAD: ClassVar[staticmethod[[Frame], str | bytes]]
    """How to read a message of one frame; may raise ``UnicodeDecodeError``."""
    OTHERS_REFUSED: ClassVar[str]
    """What is said to whoever sends a message of the other kind."""

    __slots__ = (
        "_fragments",
        "_is_owed",
        "_queue",
        "_queued",
        "_reader",
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
        self._state = _OPEN
        self._is_owed = True  # whether the listener has still to hear of the end
        self._queue: list[bytes] = []
        self._queued = 0
        self._reader: FrameReader | None = None
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
        size = len(payload)
        header = message_header(self.FIRST, size)
        if not self._queue:
            self._shared.flush_soon(self)
        self._queue.append(header)
        self._queue.append(payload)
        self._queued += len(header) + size
        if self._queued > MAX_JOINED:
            self.flush()

    def ping(self, payload: bytes) -> None:
        """Ask for a sign of life; the answer has the same payload."""
        self._send_control(PING, payload)

    @staticmethod
    @abstractmethod
    def whole(message: bytearray) -> str | bytes:
        """Return a message that came in several frames; may raise ``UnicodeDecodeError``."""

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
        limit = self._shared.max_outbox_size
        if self._state == _OPEN and self._transport.get_write_buffer_size() > limit:
            reason = _REASONS[TRY_AGAIN_LATER]
            self._close(TRY_AGAIN_LATER, reason)
            # Not at once, as this may be the listener's own call.
            self._shared.loop.call_soon(self._report, TRY_AGAIN_LATER, reason)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the transport shall put what it reads."""
        return (self._reader or self._shared.reader).get_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Read the frames in what the transport has read."""
        if self._state == _DEAF:
            return  # and the next read overwrites it
        reader = self._reader or self._shared.reader
        is_clean = reader.read(nbytes, self._take)
        if not is_clean or self._reader is not None or self._state == _DEAF:
            self._settle(reader)

    def feed(self, data: bytes) -> None:
        """Read the frames in ``data`` as if it came from the transport."""
        while data:
            buffer = self.get_buffer(-1)
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            data = data[size:]
            self.buffer_updated(size)

    def eof_received(self) -> bool:
        """Take it that the client has gone: one that leaves in order sends a close frame first."""
        self._stop()
        self._linger()
        self._report(ABNORMAL_CLOSURE, "")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything."""
        self._stop()
        if self._reader is not None:
            self._reader.release()
            self._reader = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._shared.leave(self)
        self._report(ABNORMAL_CLOSURE, "")

    def _take(self, frame: Frame) -> None:
        """Act on one frame (RFC 6455, section 5.2 and on)."""
        kind = frame.msg_type
        if self._state != _OPEN:
            if self._state == _CLOSING and kind is Kind.CLOSE:
                self._stop()
                self._transport.close()
        elif frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(PROTOCOL_ERROR)
        elif kind is not self.KIND or not frame.fin or self._fragments is not None:
            self._take_other(kind, frame)
        else:
            try:
                payload = self.PAYLOAD(frame)
            except UnicodeDecodeError:
                self._fail(INVALID_PAYLOAD)
            else:
                self._shared.listener.socket_received(self, payload)

    def _take_other(self, kind: Kind, frame: Frame) -> None:
        if kind is Kind.PING:
            self._send_control(PONG, frame.get_payload_as_bytes())
            self._shared.listener.socket_ponged(self, b"")
        elif kind is Kind.PONG:
            self._shared.listener.socket_ponged(self, frame.get_payload_as_bytes())
        elif kind is Kind.CLOSE:
            self._take_close(frame.get_payload_as_bytes())
        elif (kind is Kind.CONTINUATION) != (self._fragments is not None):
            self._fail(PROTOCOL_ERROR)
        elif kind is not Kind.CONTINUATION and kind is not self.KIND:
            self._fail(UNSUPPORTED_DATA)
        else:
            self._take_fragment(frame)

    def _take_fragment(self, frame: Frame) -> None:
        if self._fragments is None:
            self._fragments = bytearray()
        if len(self._fragments) + frame.payload_size > self._shared.max_message_size:
            self._fail(MESSAGE_TOO_BIG)
            return
        self._fragments += frame.get_payload_as_memoryview()
        if not frame.fin:
            return
        whole, self._fragments = self._fragments, None
        try:
            payload = self.whole(whole)
        except UnicodeDecodeError:
            self._fail(INVALID_PAYLOAD)
        else:
            self._shared.listener.socket_received(self, payload)

    def _take_close(self, payload: bytes) -> None:
        # picows has refused a payload of one byte and a reason that is no UTF-8.
        code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS
        if payload and code not in SENDABLE:
            self._fail(PROTOCOL_ERROR)
            return
        self._queue.append(control_frame(CLOSE, payload[:2]))
        self.flush()
        self._stop()
        self._linger()
        self._transport.close()
        self._report(code, str(payload[2:], "utf-8"))

    def _settle(self, reader: FrameReader) -> None:
        """Find out whose the reader is now, and act on what it found wrong."""
        is_clean = reader.is_clean and self._state != _DEAF
        if self._reader is None:
            self._shared.keep_reader()
        elif is_clean:
            self._shared.give_back(reader)
        self._reader = None
        if is_clean:
            return
        if reader.failure is not None:
            context = {"message": "a socket's listener failed", "exception": reader.failure}
            self._shared.loop.call_exception_handler(context)
        if reader.fault and self._state != _DEAF:
            self._fail(reader.fault)
        if self._state == _DEAF:
            reader.release()
        else:
            self._reader = reader

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
        self._fragments = None

    def _report(self, code: int, reason: str) -> None:
        if self._is_owed:
            self._is_owed = False
            self._shared.listener.socket_closed(self, code, reason)


class PeerSocket(WebSocket):
    """A client's WebSocket: text."""

    __slots__ = ("session",)

    KIND = Kind.TEXT
    FIRST = TEXT
    PAYLOAD = staticmethod(Frame.get_payload_as_utf8_text)
    OTHERS_REFUSED = "text messages only"

    def __init__(self, shared: Sockets, transport: asyncio.Transport) -> None:
        super().__init__(shared, transport)
        self.session = SessionId(0)

    @staticmethod
    def whole(message: bytearray) -> str:
        """Return a message of several frames; raise ``UnicodeDecodeError`` if it is no UTF-8."""
        return str(message, "utf-8")


class LinkSocket(WebSocket):
    """Another hub's WebSocket: binary."""

    __slots__ = ()

    KIND = Kind.BINARY
    FIRST = BINARY
    PAYLOAD = staticmethod(Frame.get_payload_as_bytes)
    OTHERS_REFUSED = "binary messages only"

    @staticmethod
    def whole(message: bytearray) -> bytes:
        """Return a message of several frames."""
        return bytes(message)
