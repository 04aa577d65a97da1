"""What comes over TLS for another worker is relayed, no faster than it is taken."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from peerpigeon.net.workers.relays import HIGH, IN_KERNEL, Relays, pair

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

DEADLINE = 10.0
MUCH = 8 * 1024 * 1024


@asynccontextmanager
async def relay() -> AsyncIterator[tuple[Relays, socket.socket, socket.socket]]:
    """Yield the ends of a client and of another worker, with a relay between them."""
    relays, loop = Relays(), asyncio.get_running_loop()
    client, accepted = pair()
    own, others = pair()
    outer, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
    outer.pause_reading()
    relays.begin(outer, own)
    with client, others:
        yield relays, client, others
        relays.close()
        async with asyncio.timeout(DEADLINE):
            await relays.emptied()


async def received(end: socket.socket, size: int) -> bytes:
    loop, parts = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(DEADLINE):
        while len(parts) < size and (part := await loop.sock_recv(end, size - len(parts))):
            parts += part
    return bytes(parts)


async def taken(end: socket.socket) -> int:
    """Return how many bytes are taken of a sender until nothing has been for a while."""
    sent, idle = 0, 0
    while idle < 20:
        try:
            sent += end.send(b"x" * 65536)
            idle = 0
        except BlockingIOError:
            idle += 1
            await asyncio.sleep(0.01)
        assert sent < MUCH
    return sent


async def test_bytes_go_both_ways() -> None:
    async with relay() as (relays, client, other):
        assert len(relays) == 1
        client.send(b"from the client")
        assert await received(other, 15) == b"from the client"
        other.send(b"from the worker")
        assert await received(client, 15) == b"from the worker"


async def test_who_does_not_read_slows_the_other_side_down_and_loses_nothing() -> None:
    async with relay() as (_, client, other):
        for sender, reader in ((client, other), (other, client)):
            sent = await taken(sender)
            # Of both pairs what the system takes, twice what it is asked, and what waits between.
            assert sent <= 2 * 2 * IN_KERNEL + HIGH + 4 * 65536
            assert await received(reader, sent) == b"x" * sent


async def test_the_end_of_one_side_is_that_of_the_other_after_all_that_was_said() -> None:
    async with relay() as (relays, client, other):
        client.send(b"the last")
        assert await received(other, 8) == b"the last"
        other.send(b"goodbye")
        other.close()
        assert await received(client, 100) == b"goodbye"
        async with asyncio.timeout(DEADLINE):
            await relays.emptied()


async def test_a_client_that_has_gone_meanwhile_leaves_nothing() -> None:
    relays, loop = Relays(), asyncio.get_running_loop()
    client, accepted = pair()
    own, others = pair()
    outer, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
    outer.abort()
    relays.begin(outer, own)
    with client, others:
        assert await received(others, 1) == b""
        async with asyncio.timeout(DEADLINE):
            await relays.emptied()
