"""What an idle client's socket costs in memory, with nothing of the hub behind it.

``python -m benchmarks.idle --clients 5000`` opens the WebSockets on the loopback to a process of
its own and prints by how much its resident memory has grown for each. Linux only: it forks, and
reads ``/proc``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import socket
import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.descriptors import Descriptors
from peerpigeon.net.http.access_control import AccessControl
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.door import Doors
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.visits import Visits
from peerpigeon.net.memory import Holders
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.peer_socket import PeerSocket

if TYPE_CHECKING:
    from peerpigeon.net.http.opening_handshake import UpgradeRequest

HOST = "127.0.0.1"
WARM_UP = 100
"""SocketGroup before the first look, so that what the first one makes for all is not counted."""
TIMEOUT = 10.0  # seconds

_UPGRADE = (
    b"GET /?peerId=abc HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)


class Keeper:
    """Keeps the sockets, as a driver does, and does nothing else."""

    def __init__(self) -> None:
        self._sockets: list[PeerSocket] = []

    def socket_opened(self, socket: PeerSocket, _: UpgradeRequest) -> None:
        """Keep it."""
        self._sockets.append(socket)

    def sockets_received(self, received: list[tuple[PeerSocket, str]]) -> None:
        """Nobody says anything here."""

    def socket_ponged(self, socket: PeerSocket, payload: bytes) -> None:
        """Nobody says anything here."""

    def socket_closed(self, socket: PeerSocket, code: int, reason: str) -> None:
        """Nobody leaves before the end."""


async def _no_page(*_: object) -> Response:
    return text("there is nothing here but WebSockets\n", HTTPStatus.NOT_FOUND)


async def serve(listener: socket.socket) -> None:
    """Accept WebSockets for ever."""
    limits = {"max_message_size": 1 << 20, "max_outbox_size": 1 << 22}
    holders = Holders(MemoryAccount(1 << 30))
    sockets = SocketGroup(Keeper(), PeerSocket.accepted, close_timeout=5, holders=holders, **limits)
    doors = Doors(
        AccessControl(lambda _: sockets.open, lambda _: Audience.EVERYBODY),
        Visits(_no_page, holders=holders, timeout=10.0),
        handshake_timeout=TIMEOUT,
        holders=holders,
        descriptors=Descriptors(None, lambda: False),
    )
    server = await asyncio.get_running_loop().create_server(doors, sock=listener)
    await server.serve_forever()


def connect(port: int) -> socket.socket:
    """Return a WebSocket after its handshake."""
    client = socket.create_connection((HOST, port), TIMEOUT)
    client.sendall(_UPGRADE)
    head = client.recv(4096)
    if not head.startswith(b"HTTP/1.1 101 "):
        raise RuntimeError(f"no WebSocket: {head!r}")
    return client


def resident(process: int) -> int:
    """Return the resident memory of a process in bytes."""
    pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Open the sockets and print what each costs."""
    parser = argparse.ArgumentParser(description="What an idle client's socket costs in memory.")
    parser.add_argument("--clients", type=int, default=5000)
    clients = parser.parse_args().clients
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server((HOST, 0), backlog=1024)
    server = os.fork()
    if not server:
        with asyncio.Runner() as runner:
            runner.run(serve(listener))
    try:
        port: int = listener.getsockname()[1]
        kept = [connect(port) for _ in range(WARM_UP)]
        before = resident(server)
        kept += [connect(port) for _ in range(clients)]
        each = (resident(server) - before) / clients
        sys.stdout.write(f"{clients} idle sockets: {each:.0f} bytes each\n")
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


if __name__ == "__main__":
    main()
