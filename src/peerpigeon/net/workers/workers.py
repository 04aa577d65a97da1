"""What one worker has of the others of its command: links, clients passed on, and their pages."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.net.unix_socket import UnixSocket
from peerpigeon.net.workers.passing import Passing
from peerpigeon.net.workers.place import links_path

if TYPE_CHECKING:
    import socket

    from peerpigeon.core import Status
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.net.driver import Driver
    from peerpigeon.net.http.opening_handshake import UpgradeRequest


COME = 2.0
"""Seconds that a worker waits for the others: it takes half a second to start one."""

LOOK = 0.02
"""Seconds between two looks whether they are there."""


class Workers:
    """The ways between one worker and the others, while it runs."""

    def __init__(self, config: ServerConfig, driver: Driver) -> None:
        self._driver = driver
        self._loop = asyncio.get_running_loop()
        path = links_path(config.worker_directory, config.worker)
        with contextlib.suppress(FileNotFoundError):
            Path(path).unlink()  # of a worker that has died
        self._socket = UnixSocket(path)
        driver.clients.passing = self._passing = Passing(config, driver.clients)

    @property
    def listener(self) -> socket.socket:
        """Where the others dial this one, and ask for its pages."""
        return self._socket.listener

    def open_link(
        self, transport: asyncio.Transport, request: UpgradeRequest, early: bytes
    ) -> None:
        """Take over a link that another worker has dialled."""
        self._driver.carriers.sockets.open(transport, replace(request, is_of_worker=True), early)

    async def come(self, status: Status) -> None:
        """Wait until the others are there, or do not come about.

        Whoever connects meanwhile is taken by them, or waits on. A hub that comes to others lets
        newcomers wait for two seconds if those may have clients, and may take one too many.
        """
        until = self._loop.time() + COME
        while not status.is_among_workers and self._loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(LOOK)

    async def relayed_are_gone(self) -> None:
        """Wait until no client of another worker is connected by this one any more."""
        await self._passing.relays.emptied()

    def end_relays(self) -> None:
        """End what is still relayed, at once."""
        self._passing.relays.close()

    def close(self) -> None:
        """Pass nobody on any more, and be found no more."""
        self._driver.clients.passing = None
        self._passing.close()
        self._socket.remove()
