"""What the suite talks to: our WebSockets, made to send back whatever comes.

They are those of the hub (``net/websocket``): only the listener is another, and the kind of
messages is left to the other end, because the suite sends text and binary ones.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.descriptors import Descriptors
from peerpigeon.net.http.access_control import AccessControl
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.door import Doors
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.visits import Visits
from peerpigeon.net.memory import Holders
from peerpigeon.net.tls.trust import Trust
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.outgoing import Dialing
from peerpigeon.net.websocket.peer_socket import PeerSocket
from peerpigeon.net.websocket.protocol import UNDECIDED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peerpigeon.net.http.opening_handshake import UpgradeRequest
    from peerpigeon.net.websocket.protocol import Message, WebSocketProtocol

LARGEST = 32 * 1024 * 1024
"""Bytes of a message, and of what waits: the suite's largest message has 16 MiB."""

SLOWEST = 120.0
"""Seconds until a case is given up; the suite itself gives the slowest ones 100."""


class EchoSocket(PeerSocket):
    """A WebSocket whose first message says what kind the others are."""

    __slots__ = ("ended",)

    KIND: ClassVar[int] = UNDECIDED

    def __init__(
        self, group: SocketGroup[Any], transport: asyncio.Transport, protocol: WebSocketProtocol
    ) -> None:
        super().__init__(group, transport, protocol)
        self.ended = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the one that waits for the end know."""
        super().connection_lost(exc)
        self.ended.set()


class Echo:
    """Sends back what comes, and knows when a socket has ended."""

    def __init__(self) -> None:
        self.group = SocketGroup(
            self,
            EchoSocket.accepted,
            max_message_size=LARGEST,
            max_outbox_size=LARGEST,
            close_timeout=1.0,
            holders=Holders(MemoryAccount(64 * LARGEST)),
        )
        self.last_message: Message = ""
        self.dialled: EchoSocket | None = None

    def socket_opened(self, socket: EchoSocket, request: UpgradeRequest) -> None:
        """Wait for what it says."""

    def sockets_received(self, received: list[tuple[EchoSocket, Message]]) -> None:
        """Send each message back."""
        for socket, message in received:
            self.last_message = message
            socket.send(message.encode() if isinstance(message, str) else message)

    def socket_ponged(self, socket: EchoSocket, payload: bytes) -> None:
        """Do nothing: the socket has answered a ping by itself."""

    def socket_closed(self, socket: EchoSocket, code: int, reason: str) -> None:
        """Do nothing: the socket has answered by itself."""

    # As the one that dials

    def dial_answered(self, dial: Dialing, message: Message) -> None:
        """Take the connection over; it tells of the first message again."""
        self.dialled = dial.become(EchoSocket, self.group)

    def dial_failed(self, dial: Dialing, reason: str) -> None:
        """Do nothing: that it ends before a message comes is the end of many cases."""


async def _no_page(*_: object) -> Response:
    return text("there is nothing here but WebSockets\n", HTTPStatus.NOT_FOUND)


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    """Run a server that sends everything back, and give its port."""
    echo = Echo()
    doors = Doors(
        AccessControl(lambda _: echo.group.open, lambda _: Audience.EVERYBODY),
        Visits(_no_page, holders=echo.group.holders, timeout=10.0),
        handshake_timeout=10.0,
        holders=echo.group.holders,
        descriptors=Descriptors(None, lambda: False),
    )
    server = await asyncio.get_running_loop().create_server(doors, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def echo_client(uri: str) -> Message:
    """Dial an address, send everything back until the connection ends; return what came last."""
    echo = Echo()
    dial = Dialing(1, uri, echo, tls=Trust("").context, max_message_size=LARGEST, timeout=SLOWEST)
    await asyncio.wait([dial.task])
    if echo.dialled is not None:
        await asyncio.wait_for(echo.dialled.ended.wait(), SLOWEST)
    return echo.last_message
