"""What is kept of a client that has announced itself in a small room and says nothing."""

from __future__ import annotations

import asyncio
import gc
import json
import tracemalloc
from random import Random
from typing import cast

from benchmarks.path import Pipe

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import ID_DIGITS, PeerId, generate_peer_id
from peerpigeon.net.driver import Driver
from peerpigeon.net.http.opening_handshake import UpgradeRequest
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.peer_socket import PeerSocket
from tests.net.raw import TEXT, frame, run

CLIENTS = 2_000
WARM_UP = 100
ROOM = 5
MOST = 1_840
"""Bytes of Python's objects for each: 1,670 with Python 3.11, and a tenth more. What uvloop and its
library keep of a connection comes to that."""


class Shop:
    """A hub, and a group of sockets that belong to nobody."""

    def __init__(self) -> None:
        config = ServerConfig(max_connections=CLIENTS + WARM_UP)
        now = asyncio.get_running_loop().time()
        hub = Hub(PeerId("f" * ID_DIGITS), config, Random(1), now=now)
        self.driver = Driver(hub, config, lambda _: None)
        self.sockets = SocketGroup(
            self.driver.clients,
            PeerSocket.accepted,
            max_message_size=config.max_message_size,
            max_outbox_size=config.max_outbox_size,
            close_timeout=config.close_timeout,
            holders=self.driver.holders,
        )
        rng, everybody = Random(2), CLIENTS + WARM_UP
        # All that a client brings is made before anything is counted.
        self._clients = [(Pipe(), generate_peer_id(rng), n // ROOM) for n in range(everybody)]
        self._admitted = 0

    async def admit(self, count: int) -> None:
        """Let so many come, each in a turn of its own."""
        for pipe, peer, room in self._clients[self._admitted :][:count]:
            announce = {"type": "announce", "data": {"peerId": peer}, "networkName": f"room-{room}"}
            request = UpgradeRequest(
                "/", f"peerId={peer}", "localhost", None, "key", address="127.0.0.1"
            )
            early = frame(TEXT, json.dumps(announce).encode())
            self.sockets.open(cast("asyncio.Transport", pipe), request, early)
            await asyncio.sleep(0)
        self._admitted += count
        await asyncio.sleep(0)


async def bytes_of_each() -> float:
    shop = Shop()
    await shop.admit(WARM_UP)
    gc.collect()
    tracemalloc.start()
    try:
        await shop.admit(CLIENTS)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / CLIENTS
    finally:
        tracemalloc.stop()
        shop.driver.close()


def test_an_idle_client_takes_little_memory() -> None:
    found: list[float] = []

    async def measure() -> None:
        found.append(await bytes_of_each())

    run(measure, "asyncio")
    assert found[0] < MOST
