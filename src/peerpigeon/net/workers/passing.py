"""Passes clients on to other workers: the connection as it is, and what the hub has to know.

Both go in one datagram over a Unix socket (``SCM_RIGHTS``, unix(7)). The client notices nothing:
its connection is the same one. What lies in the queue of a worker that dies is closed with it.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import errno
import socket
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from peerpigeon.core.config.quantities import KIB
from peerpigeon.core.interface.actions import PassOn
from peerpigeon.core.interface.events import PeerOpened
from peerpigeon.net.websocket.peer_socket import PeerSocket
from peerpigeon.net.workers.place import clients_path
from peerpigeon.net.workers.relays import Relays, pair

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.client_sockets import ClientSockets

LARGEST = 128 * KIB
"""Bytes of a datagram: an announce has a tenth. A client that has said more stays where it is."""

PAUSE = 0.001
"""Seconds until it is tried again to pass a client on to a worker that has too many to take in."""

TRIES = 1000
"""After which a client stays where it is: a second, in which a worker that lives has taken some."""

TAKEN_AT_ONCE = 64
"""Clients that are taken in one turn of the event loop, at some 0.1 ms each."""

_FULL = (errno.EAGAIN, errno.ENOBUFS)


class Client(msgspec.Struct):
    """What a worker tells another one of a client."""

    opened: PeerOpened
    texts: list[str]


class _Waiting(msgspec.Struct):
    """A client that could not be passed on yet."""

    socket: PeerSocket
    action: PassOn
    tries: int = 0


class Passing:
    """The way of clients from one worker to the others, and from them to it."""

    def __init__(self, config: ServerConfig, clients: ClientSockets) -> None:
        self._directory = config.worker_directory
        self._clients = clients
        self._loop = asyncio.get_running_loop()
        self._way = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._way.setblocking(False)  # noqa: FBT003 - the standard library has it so
        own = clients_path(self._directory, config.worker)
        with contextlib.suppress(FileNotFoundError):
            Path(own).unlink()  # of a worker that has died
        self._way.bind(own)
        self._loop.add_reader(self._way.fileno(), self._receive)
        self._waiting: deque[_Waiting] = deque()
        self._arriving: set[asyncio.Task[None]] = set()
        self.relays = Relays()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Client)

    def close(self) -> None:
        """Pass on nobody any more, and take nobody."""
        self._loop.remove_reader(self._way.fileno())
        self._way.close()
        for each in self._arriving:
            each.cancel()

    def send(self, peer: PeerSocket, action: PassOn) -> bool:
        """Pass a client on, or keep it until there is room; ``False`` if it has to stay."""
        waiting = _Waiting(peer, action)
        if self._waiting:
            self._wait(waiting)
            return True
        return self._try(waiting)

    def _wait(self, waiting: _Waiting) -> None:
        if not self._waiting:
            self._loop.call_later(PAUSE, self._try_again)
        waiting.socket.halt()
        self._waiting.append(waiting)

    def _try_again(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        while waiting:
            first = waiting.popleft()
            first.tries += 1
            first.socket.go_on()
            if not first.socket.is_open:
                continue
            if first.tries > TRIES or not self._try(first):
                self._clients.settle(first.socket, first.action.opened, first.action.texts)
            elif self._waiting:
                break
        for each in waiting:
            self._waiting.append(each)

    def _try(self, waiting: _Waiting) -> bool:
        peer, action = waiting.socket, waiting.action
        told = self._encoder.encode(Client(action.opened, action.texts))
        if len(told) > LARGEST or not peer.stand_still():
            return False
        to = clients_path(self._directory, action.worker)
        try:
            self._hand_over(peer, told, to)
        except OSError as error:
            peer.read_again()
            if error.errno not in _FULL:
                return False  # it has just died, or there is no descriptor left
            self._wait(waiting)
        return True

    def _hand_over(self, peer: PeerSocket, told: bytes, to: str) -> None:
        if not peer.is_encrypted:
            self._send(told, peer.descriptor(), to)
            peer.hand_over()
            return
        own, its = pair()
        with its:
            try:
                self._send(told, its.fileno(), to)
            except OSError:
                own.close()
                raise
        self.relays.begin(peer.give_up_transport(), own)

    def _send(self, told: bytes, descriptor: int, to: str) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        self._way.sendmsg([told], rights, 0, to)

    def _receive(self) -> None:
        for _ in range(TAKEN_AT_ONCE):
            try:
                told, descriptors, _, _ = socket.recv_fds(self._way, LARGEST, 1)
            except OSError:
                return
            for descriptor in descriptors:
                arrival = self._loop.create_task(self._take(told, descriptor))
                self._arriving.add(arrival)
                arrival.add_done_callback(self._arriving.discard)

    async def _take(self, told: bytes, descriptor: int) -> None:
        connection = socket.socket(fileno=descriptor)
        connection.setblocking(False)  # noqa: FBT003 - the standard library has it so
        client = self._decoder.decode(told)
        with contextlib.suppress(OSError):  # it is gone already
            await self._loop.connect_accepted_socket(
                lambda: _Arrival(self._clients, client), connection
            )


class _Arrival(asyncio.Protocol):
    """A connection that another worker has passed on, until it is a WebSocket again."""

    def __init__(self, clients: ClientSockets, client: Client) -> None:
        self._clients = clients
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on where the other worker has stopped."""
        clients, client = self._clients, self._client
        peer = clients.sockets.adopt(cast("asyncio.Transport", transport))
        clients.settle(peer, client.opened, client.texts)
