"""WebSockets that this hub opens to other hubs."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit, urlunsplit

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from peerpigeon.core.interface.close_codes import (
    ABNORMAL_CLOSURE,
    MESSAGE_TOO_BIG,
    NO_STATUS,
    NORMAL_CLOSURE,
    PROTOCOL_ERROR,
)
from peerpigeon.core.mesh.limits import DIAL_TIMEOUT
from peerpigeon.core.wire.reference_messages import is_greeting

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

CLOSE_TIMEOUT = 5.0
"""Seconds for the other hub to answer our close frame."""

logger = logging.getLogger(__name__)

# picows reports what a stranger does wrong as a warning; the link's end says it already.
_quiet = logging.getLogger("peerpigeon.dial")
_quiet.setLevel(logging.CRITICAL)


def _close_code(code: int) -> WSCloseCode:
    return cast("WSCloseCode", code)  # picows takes a number, whatever its stubs say


class WireListener(Protocol):
    """Who hears of a connection that is open. Never called from within a call to it."""

    def dial_received(self, dialled: Dialled, message: bytes) -> None:
        """Tell of one message."""

    def dial_ponged(self, dialled: Dialled, payload: bytes) -> None:
        """Tell that a pong came, with its payload, or a ping, without."""

    def dial_lost(self, dialled: Dialled, code: int, reason: str) -> None:
        """Tell, once, that an open connection has ended, unless ``close`` asked for it."""


class DialListener(WireListener, Protocol):
    """Who hears of a dial."""

    def dial_opened(self, dialled: Dialled) -> None:
        """Tell that a hub has answered; it may be sent to and closed from now on."""

    def dial_greeted(self, dialled: Dialled) -> None:
        """Tell that a hub of the npm package has answered; instead of ``dial_opened``.

        It may be given another listener now; its greeting is the first message.
        """

    def dial_failed(self, dialled: Dialled, reason: str) -> None:
        """Tell, once, that no hub answers there; instead of ``dial_opened``."""


def hub_uri(uri: str, own: PeerId) -> str:
    """Return the address to dial: the hub's, with who we are and that we are a hub.

    A hub of the npm package takes the first parameter, and does not look at the second.
    """
    scheme, host, path, query, _ = urlsplit(uri)
    asked = f"peerId={own}&hub=1"
    return urlunsplit((scheme, host, path or "/", f"{query}&{asked}" if query else asked, ""))


class Dialled(WSListener):
    """One WebSocket to another hub, from the first attempt to its end.

    It counts as open when the hub has sent its first message: nothing else shows what is there
    behind a proxy. Whether that is binary or text says which kind of hub it is.
    """

    def __init__(
        self, opening: int, uri: str, own: PeerId, listener: DialListener, max_message_size: int
    ) -> None:
        self.opening = opening
        """What the hub calls it."""
        self.listener: WireListener = listener
        """Who hears of it once it is open."""
        self._dialer = listener
        self._limit = max_message_size
        self._transport: WSTransport | None = None
        self._is_open = False
        self._is_over = False
        self._fault: tuple[int, str] | None = None
        self._kind = WSMsgType.BINARY
        self._fragments: bytearray | None = None
        self._loop = asyncio.get_running_loop()
        self.task = self._loop.create_task(self._run(hub_uri(uri, own)))
        """Ends when nothing of the connection remains."""

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""
        if self._transport is None or self._is_over:
            return 0
        return self._transport.underlying_transport.get_write_buffer_size()

    def send(self, message: bytes) -> None:
        """Send one message. Never waits, never raises; nothing if the connection has ended."""
        if self._transport is not None and not self._is_over:
            self._transport.send(self._kind, message)

    def ping(self, payload: bytes) -> None:
        """Ask for a sign of life; the answer has the same payload."""
        if self._transport is not None and not self._is_over:
            self._transport.send_ping(payload)

    def close(self, code: int, reason: str) -> None:
        """Send what is queued and a close frame, or give the dial up."""
        if self._is_over:
            return
        self._is_over = True
        if self._transport is not None:
            # Else it ends as soon as it is connected: picows leaves a connection behind when it is
            # cancelled within the handshake.
            self._transport.send_close(_close_code(code), reason.encode())
            self._end_by(CLOSE_TIMEOUT)

    async def _run(self, uri: str) -> None:
        try:
            async with asyncio.timeout(DIAL_TIMEOUT):
                transport, _ = await ws_connect(
                    lambda: self,
                    uri,
                    websocket_handshake_timeout=DIAL_TIMEOUT,
                    logger_name=_quiet,
                    max_frame_size=self._limit,
                )
        except TimeoutError:
            self._fail("timed out")
        except (OSError, WSError, ValueError) as error:
            self._fail(str(error) or type(error).__name__)
        else:
            await self._outlive(transport)

    async def _outlive(self, transport: WSTransport) -> None:
        try:
            await transport.wait_disconnected()
        except WSError:
            pass  # told already, by ``on_ws_disconnected``
        except Exception:
            logger.exception("internal error on the way to a hub")

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Wait for the hub's first frame."""
        self._transport = transport
        if self._is_over:
            transport.disconnect(graceful=False)
        else:
            self._end_by(DIAL_TIMEOUT, unless_open=True)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame (RFC 6455, section 5.2 and on)."""
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            self._take_close(transport, frame)
        elif self._is_over:
            return
        elif kind in (WSMsgType.PING, WSMsgType.PONG):
            if self._is_open:
                is_answer = kind is WSMsgType.PONG
                payload = frame.get_payload_as_bytes() if is_answer else b""
                self.listener.dial_ponged(self, payload)
        elif (
            frame.rsv1
            or frame.rsv2
            or frame.rsv3
            or ((kind is WSMsgType.CONTINUATION) != (self._fragments is not None))
        ):
            self._refuse(PROTOCOL_ERROR, "protocol error")
        elif self._is_open and kind not in (self._kind, WSMsgType.CONTINUATION):
            self._refuse(PROTOCOL_ERROR, "messages of two kinds")
        else:
            if kind is not WSMsgType.CONTINUATION:
                self._kind = kind
            if frame.fin and self._fragments is None:
                self._take(frame.get_payload_as_bytes())
            else:
                self._take_fragment(frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell of the end, if it was not ours."""
        code, reason = self._fault or (ABNORMAL_CLOSURE, "")
        if self._is_open and not self._is_over:
            self._is_over = True
            self.listener.dial_lost(self, code, reason)
        else:
            self._fail(reason or "the connection closed at once")

    def _take(self, message: bytes) -> None:
        if not self._is_open:
            if self._kind is WSMsgType.TEXT and not is_greeting(message):
                self._refuse(PROTOCOL_ERROR, "no hub answers there")
                return
            self._is_open = True
            if self._kind is WSMsgType.TEXT:
                self._dialer.dial_greeted(self)
            else:
                self._dialer.dial_opened(self)
        if not self._is_over:
            self.listener.dial_received(self, message)

    def _take_fragment(self, frame: WSFrame) -> None:
        if self._fragments is None:
            self._fragments = bytearray()
        if len(self._fragments) + frame.payload_size > self._limit:
            self._refuse(MESSAGE_TOO_BIG, "message too big")
            return
        self._fragments += frame.get_payload_as_memoryview()
        if frame.fin:
            whole, self._fragments = self._fragments, None
            self._take(bytes(whole))

    def _take_close(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()  # picows has refused one byte
        code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS
        if self._fault is None:
            self._fault = code, str(payload[2:], "utf-8", "replace")
        if not transport.is_close_frame_sent:
            transport.send_close(_close_code(code if payload else NORMAL_CLOSURE))
        transport.disconnect()

    def _refuse(self, code: int, reason: str) -> None:
        """Give up a connection over which something wrong came."""
        self._fault = code, reason
        if self._transport is not None:
            self._transport.send_close(_close_code(code), reason.encode())
            self._transport.disconnect()

    def _fail(self, reason: str) -> None:
        if not self._is_over and not self._is_open:
            self._is_over = True
            self._dialer.dial_failed(self, reason)

    def _end_by(self, seconds: float, *, unless_open: bool = False) -> None:
        def end() -> None:
            if self._transport is not None and not (unless_open and self._is_open):
                self._transport.disconnect(graceful=False)

        self._loop.call_later(seconds, end)
