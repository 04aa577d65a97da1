"""WebSockets that this hub opens: one attempt, from the name of a host to the first message."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.net.websocket.client_handshake import (
    KEY_SIZE,
    ClientHandshake,
    UpgradeError,
    WebSocketUri,
)
from peerpigeon.net.websocket.frames import KEY_SIZE as MASK_SIZE
from peerpigeon.net.websocket.kernel_queue import leave_little_in_kernel
from peerpigeon.net.websocket.protocol import (
    NOTHING,
    UNDECIDED,
    CloseReceived,
    Pinged,
    Ponged,
    Violation,
    WebSocketProtocol,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.net.websocket.connection import WebSocket
    from peerpigeon.net.websocket.group import SocketGroup
    from peerpigeon.net.websocket.protocol import Message

NOT_ADMITTED = "it leads to a network in which no hub is dialled that others tell of"

NOT_TRUSTED = "its certificate is refused"

_UNKNOWN_ISSUER = (18, 19, 20, 21)
"""What OpenSSL calls a certificate that nobody has signed who is trusted (``verify(1)``)."""

UNIX = "unix:"
"""What an address begins with that is the path of a Unix socket, perhaps with a query."""

S = TypeVar("S", bound="WebSocket")


class DialListener(Protocol):
    """Who hears of a dial. Never called from within a call to it."""

    def dial_answered(self, dial: Dialing, message: Message) -> None:
        """Tell of the first message, which shows who is there.

        ``become`` or ``close`` is to be called before this returns.
        """

    def dial_failed(self, dial: Dialing, reason: str) -> None:
        """Tell, once, that nothing came of it, unless ``close`` asked for that."""


class Dialing(asyncio.Protocol):
    """One attempt to open a WebSocket to ``uri``; it fails after ``timeout`` seconds.

    Of a host it dials only the IP addresses that ``admits`` admits, if there is one. Over TLS it
    goes by what ``tls`` returns.

    It has succeeded when the first message comes: nothing else shows what is there behind a proxy.
    Until then it sends nothing but answers to pings.
    """

    def __init__(  # noqa: PLR0913
        self,
        opening: int,
        uri: str,
        listener: DialListener,
        *,
        tls: Callable[[], ssl.SSLContext],
        admits: Callable[[str], bool] | None = None,
        max_message_size: int,
        timeout: float,
    ) -> None:
        self.is_local = uri.startswith(UNIX)
        """Whether it leads to another worker of the same command."""
        self._tls = tls
        self._admits = admits
        self.is_told = admits is not None
        """Whether another hub has told the address, and not the operator, who hears of the end."""
        self.opening = opening
        """What the hub calls it."""
        self.host = ""
        """The name or IP address that is dialled."""
        self._listener = listener
        self._max_message_size = max_message_size
        self._is_over = False  # whether the listener has nothing more to hear of it
        self._transport: asyncio.Transport | None = None
        self._handshake: ClientHandshake | None = None
        self._protocol: WebSocketProtocol | None = None  # once the handshake is done
        self._socket: WebSocket | None = None
        self._left = asyncio.Event()  # set when the connection has ended or is another's
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(timeout, self._time_out)
        self.task = loop.create_task(self._run(uri))
        """Ends when the attempt has, and nothing of it remains."""

    def become(
        self,
        make: Callable[[SocketGroup[S], asyncio.Transport, WebSocketProtocol], S],
        group: SocketGroup[S],
    ) -> S:
        """Return the socket of a group that the connection is from now on.

        Its listener hears of all messages, the first one too. Raises ``RuntimeError`` if none has
        come.
        """
        transport, protocol = self._transport, self._protocol
        if transport is None or protocol is None:
            raise RuntimeError("a dial becomes a socket when it is answered, not before")
        self._is_over = True
        self._transport = None
        self._left.set()
        protocol.max_message_size = group.max_message_size
        leave_little_in_kernel(transport.get_extra_info("socket"), AHEAD)
        self._socket = socket = make(group, transport, protocol)
        transport.set_protocol(socket)
        return socket

    def close(self, code: int, reason: str) -> None:
        """Give the attempt up, and say why if somebody is there."""
        self._is_over = True
        if self._transport is None or self._protocol is None:
            self.task.cancel()
        else:
            self._leave(self._transport, self._protocol, code, reason)

    async def _run(self, uri: str) -> None:
        try:
            path, _, query = (
                uri.removeprefix(UNIX).partition("?") if self.is_local else ("", "", "")
            )
            address = WebSocketUri.parse(f"ws://localhost/?{query}" if self.is_local else uri)
            self.host = address.host
            self._handshake = ClientHandshake(address, os.urandom(KEY_SIZE))
            if self.is_local:
                await asyncio.get_running_loop().create_unix_connection(lambda: self, path)
            else:
                await self._connect(address)
            await self._left.wait()
        except (OSError, ValueError) as error:
            self._fail(in_words(error))
        finally:
            self._timer.cancel()
            if self._transport is not None:
                self._transport.abort()

    async def _connect(self, address: WebSocketUri) -> None:
        """Connect; raise ``OSError`` if nothing answers at any address that is admitted."""
        loop, admits = asyncio.get_running_loop(), self._admits
        tls = self._tls() if address.is_secure else None
        # What was looked at is dialled, and not the name again, which may lead elsewhere then. An
        # address keeps its zone, which would get lost.
        is_known = admits is None and ":" in address.host
        hosts = [address.host] if is_known else await _addresses_of(address.host, address.port)
        if admits is not None and not (hosts := list(filter(admits, hosts))):
            raise OSError(NOT_ADMITTED)
        failures: list[str] = []
        for host in hosts:
            try:
                await loop.create_connection(
                    lambda: self,
                    host,
                    address.port,
                    ssl=tls,
                    server_hostname=None if tls is None else address.host,
                )
            except OSError as failure:
                failures.append(f"{host}: {in_words(failure)}")
            else:
                return
        raise OSError("; ".join(failures))

    def _time_out(self) -> None:
        self._fail("timed out")
        self.task.cancel()

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        self._transport = cast("asyncio.Transport", transport)
        if self._handshake is not None:
            self._transport.write(self._handshake.request())

    def data_received(self, data: bytes) -> None:
        """Read the answer to the handshake, then frames up to the first message."""
        if self._is_over or self._handshake is None or self._transport is None:
            return
        if self._protocol is None:
            try:
                early = self._handshake.receive_data(data)
            except UpgradeError as error:
                self._fail(str(error))
                self._transport.close()
                return
            if early is None:
                return
            new_key = partial(os.urandom, MASK_SIZE)
            self._protocol = WebSocketProtocol(UNDECIDED, self._max_message_size, new_key)
            data = early
        self._read(self._transport, self._protocol, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection."""
        self._transport = None
        self._left.set()
        self._fail(in_words(exc) if exc else "the connection closed at once")

    def _read(self, transport: asyncio.Transport, protocol: WebSocketProtocol, data: bytes) -> None:
        events = iter(protocol.receive_data(data))
        for event in events:
            match event:
                case Pinged():
                    _write(transport, protocol)
                case Ponged() | None:
                    pass
                case CloseReceived(code, reason):
                    self._leave(transport, protocol, code, "")
                    self._fail(reason or f"closed with code {code}")
                case Violation(code, reason):
                    self._leave(transport, protocol, code, reason)
                    self._fail(reason)
                case message:
                    self._listener.dial_answered(self, message)
                    if self._socket is not None:
                        self._socket.take_turn(chain((message,), events))
                    return

    def _leave(
        self, transport: asyncio.Transport, protocol: WebSocketProtocol, code: int, reason: str
    ) -> None:
        protocol.close(code, reason)
        _write(transport, protocol)
        transport.close()

    def _fail(self, reason: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._listener.dial_failed(self, reason)


async def _addresses_of(host: str, port: int) -> list[str]:
    """Return the IP addresses to which a host leads. Raises ``OSError`` if there is none."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OSError(f"no address is known for {host}: {error.strerror or error}") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _remedy(error: ssl.SSLCertVerificationError) -> str:
    """Return what to do about a certificate, if that can be told."""
    if error.verify_code not in _UNKNOWN_ISSUER:
        return ""
    return "; if a CA of your own has signed it, name that with hub_ca (HUB_CA)"


def in_words(error: Exception) -> str:
    """Return what is wrong as people say it, without what Python says of addresses."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{NOT_TRUSTED}: {error.verify_message}{_remedy(error)}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS is spoken there ({error.reason or 'it ended'})"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return str(error) or type(error).__name__


def _write(transport: asyncio.Transport, protocol: WebSocketProtocol) -> None:
    transport.writelines(protocol.outgoing)
    protocol.outgoing = NOTHING
