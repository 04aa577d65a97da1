"""WebSocket frames: read with picows, which no other module knows, and built by ourselves.

A ``FrameReader`` wraps one picows protocol that is cut off from the network: what it would write,
log or close ends here, and it never sees a client's handshake. Between two frames a reader holds
nothing of the connection it read for, so that one of them can serve all sockets.

Building a server's frame takes no library, as it is not masked: a header, then the payload.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING

# The stubs of picows 2.3 leave out its core protocol.
from picows.picows import (  # type: ignore[attr-defined]
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSMsgType,
    WSProtocol,
    WSTransport,
)

if TYPE_CHECKING:
    from collections.abc import Callable

KIB = 1024
INITIAL_SIZE = 16 * KIB
MAX_READ = 64 * KIB  # bytes taken from a socket at once; more would only make buffers grow

Frame = WSFrame
Kind = WSMsgType

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A  # the first byte of a whole frame
MAX_REASON = 123  # bytes (RFC 6455, section 5.5)

_LONG, _LONGER = 126, 127  # in place of a length: it follows in two bytes, in eight
_pack_long, _pack_longer = struct.Struct("!BBH").pack, struct.Struct("!BBQ").pack

# picows will not read frames before a handshake. This one is made up; the client's own has been
# checked by `handshake`, as picows takes other versions and refuses Firefox' Connection header.
_MADE_UP_HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def message_header(first: int, size: int) -> bytes:
    """Return what stands before the payload of a message of ``size`` bytes.

    ``first`` is ``TEXT`` or ``BINARY``.
    """
    if size < _LONG:
        return bytes((first, size))
    if size < 1 << 16:
        return _pack_long(first, _LONG, size)
    return _pack_longer(first, _LONGER, size)


def control_frame(first: int, payload: bytes) -> bytes:
    """Return a ping, pong or close frame; the payload has at most 125 bytes."""
    return bytes((first, len(payload))) + payload


def close_frame(code: int, reason: str) -> bytes:
    """Return a close frame; a reason that is too long is cut between two characters."""
    text = reason.encode(errors="replace")[:MAX_REASON].decode(errors="ignore").encode()
    return control_frame(CLOSE, code.to_bytes(2, "big") + text)


class _Outside:
    """The transport, the socket and the logger that picows wants to have."""

    __slots__ = ("failure", "fault")

    def __init__(self) -> None:
        self.fault = 0  # the code of the close frame that picows would have sent
        self.failure: BaseException | None = None  # what picows would have logged

    def get_extra_info(self, name: str) -> object:
        # As `socket` it is a socket. As `ssl_object` it keeps picows from writing to the socket
        # behind the transport's back.
        return self

    def write(self, data: bytes) -> None:
        if data[0] == CLOSE:
            start = 2 if data[1] < _LONG else 4
            self.fault = int.from_bytes(data[start : start + 2], "big")

    def exception(self, *_args: object) -> None:
        self.failure = sys.exc_info()[1]

    def fileno(self) -> int:
        return -1

    def _ignore(self, *_args: object) -> int:
        return 0

    setsockopt = getsockopt = get_write_buffer_size = close = abort = _ignore
    isEnabledFor = log = debug = info = warning = error = _ignore  # noqa: N815 - logging's


def _nobody(_: Frame) -> None:
    """Take a frame for nobody."""


class FrameReader(WSListener):
    """Reads frames for whichever socket gives it bytes."""

    __slots__ = ("_outside", "_protocol", "_tail", "_take")

    def __init__(self, max_message_size: int) -> None:
        self._take: Callable[[Frame], None] = _nobody
        self._tail = 0  # bytes that are held of a frame still to come; -1: unknown
        self._outside = _Outside()
        self._protocol = WSProtocol(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=lambda _request: self,
            logger=self._outside,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,
            enable_auto_ping=False,
            auto_ping_idle_timeout=1.0,
            auto_ping_reply_timeout=1.0,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=max_message_size,
            extra_headers=None,
            read_buffer_init_size=INITIAL_SIZE,
        )
        self._protocol.connection_made(self._outside)
        self.get_buffer()[: len(_MADE_UP_HANDSHAKE)] = _MADE_UP_HANDSHAKE
        self._protocol.buffer_updated(len(_MADE_UP_HANDSHAKE))

    @property
    def fault(self) -> int:
        """The close code for what was wrong with the last read; 0 if nothing was."""
        return self._outside.fault

    @property
    def failure(self) -> BaseException | None:
        """What our own code raised while it took a frame of the last read."""
        return self._outside.failure

    @property
    def is_clean(self) -> bool:
        """Whether it stands between two frames."""
        return self._tail == 0 and not self._outside.fault

    @property
    def capacity(self) -> int:
        """How many bytes it can hold; picows never gives any back."""
        return len(self._protocol.get_buffer(-1))

    def get_buffer(self) -> memoryview:
        """Return where the next bytes are to be put."""
        view: memoryview = self._protocol.get_buffer(-1)
        return view if len(view) <= MAX_READ else view[:MAX_READ]

    def read(self, size: int, take: Callable[[Frame], None]) -> bool:
        """Call ``take`` with each frame that ends in the next ``size`` bytes.

        Return whether that was all: it stands between two frames. After a close frame it is fit
        for no other socket, as picows would take the next one's for a second one.
        """
        self._take = take
        self._tail = -1
        self._protocol.buffer_updated(size)
        self._take = _nobody
        return self._tail == 0 and not self._outside.fault

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame from picows."""
        self._tail = frame.tail_size
        self._take(frame)

    def release(self) -> None:
        """Free its buffers now, not when the garbage is next collected."""
        self._protocol = None
