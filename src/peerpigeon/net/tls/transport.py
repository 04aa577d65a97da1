"""TLS on a connection that was accepted: a transport on a transport.

The loops have such a layer, too. It is not used, because it tells of a connection only once its
handshake is done, so that nobody could count those that never finish theirs; and because it keeps a
buffer of 256 KiB for each, and reads on for one that is not to be read. This one keeps nothing that
its owner does not know of: what is written is in the transport below, what was read is handed on at
once (``ssl.SSLObject`` on two ``ssl.MemoryBIO``).
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from peerpigeon.net.tls.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable

RECORD = 16 * 1024
"""Bytes of plain text in one record of TLS, at most (RFC 8446, section 5.1). More is never put into
a buffer at once, as those of OpenSSL do not shrink."""

MAX_HANDSHAKE = 16 * 1024
"""Bytes that may come until a handshake is done: real ones have less than three thousand."""

HANDSHAKE_SIZE = 48 * 1024
"""Bytes that a connection takes whose handshake is under way, measured; 20 KiB once it is done."""

HANDSHAKES_AT_ONCE = 4
"""Handshakes that go on in one turn of the event loop: each takes up to 2 ms, with a key of RSA,
for which all others wait."""

TOO_LONG = "it is longer than any real one"

_PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 52\r\nConnection: close\r\n\r\n"
    b"this port speaks TLS: write https:// or wss:// here\n"
)


class Handshakes:
    """The handshakes of one server: which of them go on in this turn, and what becomes of them.

    ``failed`` is called with the transport and the reason when one comes to nothing.
    """

    def __init__(self, failed: Callable[[TlsTransport, str], object]) -> None:
        self.failed = failed
        self._waiting: deque[tuple[TlsTransport, bytes]] = deque()
        self._is_set = False

    def go_on_soon(self, transport: TlsTransport, data: bytes) -> None:
        """Take a handshake further by what has come, in its turn."""
        self._waiting.append((transport, data))
        self._set()

    def _set(self) -> None:
        if self._waiting and not self._is_set:
            self._is_set = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._is_set = False
        for _ in range(min(len(self._waiting), HANDSHAKES_AT_ONCE)):
            transport, data = self._waiting.popleft()
            transport.go_on(data)
        self._set()


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """The server's side of TLS on ``below``; ``protocol`` hears of what was said inside.

    It is the protocol of the transport below. ``protocol`` is not told that there is a connection:
    it has made this. What is written before the handshake is done is an error.
    """

    __slots__ = (
        "_below",
        "_context",
        "_handshakes",
        "_has_ended",
        "_incoming",
        "_is_done",
        "_is_silent",
        "_outgoing",
        "_protocol",
        "_received",
        "_records",
        "_tls",
    )

    def __init__(
        self,
        below: asyncio.Transport,
        context: ssl.SSLContext,
        protocol: asyncio.Protocol,
        handshakes: Handshakes,
    ) -> None:
        super().__init__()
        self._below = below
        self._context = context
        self._protocol = protocol
        self._handshakes = handshakes
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._received = 0  # bytes of the handshake
        self._records = Records()
        self._is_done = False  # whether the handshake is
        self._has_ended = False  # whether the other side has said that it says no more
        self._is_silent = False  # whether this one has
        below.set_protocol(self)

    # What the transport below calls

    def data_received(self, data: bytes) -> None:
        """Take the handshake further, or hand on what was said."""
        if self._is_done:
            self._take(data)
        else:
            self._below.pause_reading()
            self._handshakes.go_on_soon(self, data)

    def eof_received(self) -> bool | None:
        """Tell the protocol, unless it knows."""
        if self._has_ended:
            return True
        self._has_ended = True
        return self._protocol.eof_received() if self._is_done else False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol."""
        self._is_silent = True
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """Tell the protocol that much waits."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Tell the protocol that no more waits."""
        self._protocol.resume_writing()

    # The handshake

    def go_on(self, data: bytes) -> None:
        """Take the handshake further by what has come."""
        if self.is_closing():
            return
        self._below.resume_reading()
        part = data[: MAX_HANDSHAKE - self._received]
        self._received += len(part)
        self._incoming.write(part)
        self._records.skip(part)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            if self._received >= MAX_HANDSHAKE:
                self._fail(TOO_LONG)
        except ssl.SSLError as error:
            self._flush()
            if error.reason == "HTTP_REQUEST":
                self._below.write(_PLAIN_HTTP)
            self._fail((error.reason or str(error)).replace("_", " ").lower())
        else:
            self._is_done = True
            self._flush()
            self._take(data[len(part) :])

    def _fail(self, reason: str) -> None:
        self._is_silent = True
        self._handshakes.failed(self, reason)
        self._below.close()

    # Reading

    def _take(self, data: bytes) -> None:
        """Hand on what was said in so many bytes, and in what was there before."""
        parts: list[bytes] = []
        start = 0
        try:
            while True:
                end, count = self._records.step(data, start, RECORD)
                self._incoming.write(data[start:end])
                start = end
                before = len(parts)
                self._read(parts)
                if self._records.are_too_silent(count, len(parts) - before):
                    self.abort()  # it is to cost time
                    break
                if start >= len(data) or self._has_ended:
                    break
        except ssl.SSLError:
            self.abort()  # what came is no TLS
        if self._outgoing.pending:
            self._flush()
        if parts:
            self._protocol.data_received(parts[0] if len(parts) == 1 else b"".join(parts))
        if self._has_ended and not self.is_closing() and not self._protocol.eof_received():
            self.close()

    def _read(self, parts: list[bytes]) -> None:
        """Add to ``parts`` what can be read. Raises ``ssl.SSLError`` for what is no TLS."""
        tls, incoming = self._tls, self._incoming
        while incoming.pending or tls.pending():
            try:
                part = tls.read(RECORD)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                part = b""
            if not part:
                self._has_ended = True
                return
            parts.append(part)

    # Writing

    def write(self, data: Any) -> None:  # noqa: ANN401 - whatever is bytes
        """Write at once, in records; the transport below keeps what cannot be sent yet."""
        if not data or self._is_silent:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._tls.write(rest[:RECORD]) :]
                self._below.write(self._outgoing.read())
        except ssl.SSLError:
            self.abort()

    def _flush(self) -> None:
        if said := self._outgoing.read():
            self._below.write(said)

    def can_write_eof(self) -> bool:
        """Tell that one direction can be closed, as RFC 8446 has it (section 6.1)."""
        return True

    def write_eof(self) -> None:
        """Say that nothing more will be said, and go on reading."""
        if not self._is_silent:
            self._say_goodbye()
            if self._below.can_write_eof():
                self._below.write_eof()

    def close(self) -> None:
        """Send what waits, and that nothing follows it; then end the connection."""
        if not self._is_silent:
            self._say_goodbye()
        self._below.close()

    def _say_goodbye(self) -> None:
        self._is_silent = True
        # It says so, and would then like to read that the other side does.
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()

    def abort(self) -> None:
        """End the connection at once."""
        self._is_silent = True
        self._below.abort()

    def is_closing(self) -> bool:
        """Tell whether the connection has ended, or is about to."""
        return self._below.is_closing()

    # What is the transport's below

    def pause_reading(self) -> None:
        """Read nothing until ``resume_reading``; all that was read is handed on already."""
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._below.resume_reading()

    def is_reading(self) -> bool:
        """Tell whether it is read."""
        return self._below.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told that much waits, and that no more does."""
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return these limits: the low one, and the high one."""
        return self._below.get_write_buffer_limits()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait, as they will be sent."""
        return self._below.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """Return what is known of the connection."""
        match name:
            case "ssl_object":
                return self._tls
            case "sslcontext":
                return self._context
            case _:
                return self._below.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol hear from now on."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that hears."""
        return self._protocol
