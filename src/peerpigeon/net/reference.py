"""The socket to a hub of the npm package that we have dialled: like a client's to the driver."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.ids import SessionId
from peerpigeon.core.interface.close_codes import INVALID_PAYLOAD, MESSAGE_TOO_BIG, TRY_AGAIN_LATER

if TYPE_CHECKING:
    from peerpigeon.net.dial import Dialled


class ReferenceListener(Protocol):
    """Who hears of such a socket. Never called from within a call to it."""

    def socket_received(self, socket: ReferenceSocket, message: str, /) -> None:
        """Tell of a whole message."""

    def socket_ponged(self, socket: ReferenceSocket, payload: bytes, /) -> None:
        """Tell that a pong came, with its payload, or a ping, without: the hub is alive."""

    def socket_closed(self, socket: ReferenceSocket, code: int, reason: str, /) -> None:
        """Tell, once, that the socket has ended, unless ``close`` asked for it."""


class ReferenceSocket:
    """Text messages to and from one hub, with the limits that clients have."""

    def __init__(
        self,
        dialled: Dialled,
        listener: ReferenceListener,
        max_message_size: int,
        max_outbox_size: int,
    ) -> None:
        self._dialled = dialled
        self._listener = listener
        self._max_message_size = max_message_size
        self._max_outbox_size = max_outbox_size
        self._is_over = False
        self.session = SessionId(0)
        dialled.listener = self

    def send(self, payload: bytes) -> None:
        """Send one message. Never waits, never raises; nothing if the socket is closed."""
        if self._is_over:
            return
        self._dialled.send(payload)
        if self._dialled.buffered > self._max_outbox_size:
            self._is_over = True
            asyncio.get_running_loop().call_soon(self._end, TRY_AGAIN_LATER, "reading too slowly")

    def send_all(self, payloads: list[bytes]) -> None:
        """Send messages one after the other, as ``send`` does."""
        for payload in payloads:
            self.send(payload)

    def ping(self, payload: bytes) -> None:
        """Ask for a sign of life; the answer has the same payload."""
        self._dialled.ping(payload)

    def close(self, code: int, reason: str) -> None:
        """Send what is queued and a close frame."""
        self._is_over = True
        self._dialled.close(code, reason)

    def _end(self, code: int, reason: str) -> None:
        self.close(code, reason)
        self._listener.socket_closed(self, code, reason)

    # What the connection tells (``WireListener``)

    def dial_received(self, dialled: Dialled, message: bytes) -> None:
        """Pass on one message."""
        if len(message) > self._max_message_size:
            self._end(MESSAGE_TOO_BIG, "message too big")
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._end(INVALID_PAYLOAD, "invalid UTF-8")
            return
        self._listener.socket_received(self, text)

    def dial_ponged(self, dialled: Dialled, payload: bytes) -> None:
        """Pass on a sign of life."""
        self._listener.socket_ponged(self, payload)

    def dial_lost(self, dialled: Dialled, code: int, reason: str) -> None:
        """Pass on the end."""
        self._listener.socket_closed(self, code, reason)
