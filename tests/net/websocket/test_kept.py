"""What sockets keep: counted, bounded in all, and nothing once they are closing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.memory import Holders
from peerpigeon.net.websocket.group import MAX_CLOSING
from tests.net.raw import (
    CLOSE,
    DEADLINE,
    FIN,
    TEXT,
    RawClient,
    Served,
    close_frame,
    frame,
    on_every_loop,
    serving,
)
from tests.net.websocket.test_connection import read_nothing, read_on

if TYPE_CHECKING:
    from collections.abc import Callable

KIB = 1024
REFUSED = (FIN | CLOSE, b"\x03\xf0no")
SHORT = (1013, "out of memory")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.005)


def buffered(served: Served) -> int:
    return served.sockets.holders.account.buffered


@on_every_loop
async def test_a_refused_socket_keeps_nothing_of_what_it_is_sent() -> None:
    """As in aiohttp CVE-2026-54274: frames that are never finished."""
    async with serving() as served, AsyncExitStack() as stack:
        begun = frame(TEXT, b"*" * (1 << 20))[: 512 * KIB]
        for _ in range(10):
            client = await stack.enter_async_context(await RawClient.open(served.port))
            await served.recorder.until(lambda: bool(served.recorder.open))
            await client.send(begun[: 64 * KIB])
            await until(lambda: buffered(served) == 64 * KIB)
            served.recorder.open.pop().close(1008, "no")
            assert await client.frame() == REFUSED
            await client.send(begun[64 * KIB :])
            assert buffered(served) < 100
        assert len(served.sockets.closing) == 10
        await stack.aclose()
        await served.sockets.wait_closed()
        assert buffered(served) == 0


@on_every_loop
async def test_who_does_not_answer_a_close_takes_no_more_than_some_places() -> None:
    async with serving() as served, AsyncExitStack() as stack:
        clients = []
        for _ in range(MAX_CLOSING + 20):
            client = await stack.enter_async_context(await RawClient.open(served.port))
            await served.recorder.until(lambda: bool(served.recorder.open))
            served.recorder.open.pop().close(1008, "no")
            clients.append(client)
            assert len(served.sockets.closing) <= MAX_CLOSING + 1
        for client in clients:
            assert await client.frame() == REFUSED
        for client in clients[:20]:
            assert await client.rest() == b"", "the oldest are gone"
        await clients[20].send(close_frame(1008))
        assert await clients[20].rest() == b""
        await until(lambda: len(served.sockets.closing) == MAX_CLOSING - 1)


@on_every_loop
async def test_of_many_that_begin_a_message_those_go_that_have_sent_most_of_it() -> None:
    async with (
        serving(holders=Holders(MemoryAccount(1 << 20))) as served,
        AsyncExitStack() as stack,
    ):
        clients = []
        for size in (100, 50, 150, 150, 80):
            client = await stack.enter_async_context(await RawClient.open(served.port))
            await client.send(frame(TEXT, b"*" * 200 * KIB)[: size * KIB])
            clients.append(client)
            if size < 80 or len(clients) < 5:
                sent = sum((100, 50, 150, 150)[: len(clients)])
                await until(lambda sent=sent: buffered(served) == sent * KIB)  # type: ignore[misc]
        assert await clients[3].frame() == (FIN | CLOSE, b"\x03\xf5out of memory")
        await until(lambda: buffered(served) == 380 * KIB)
        assert served.recorder.closed == [SHORT]
        for client, size in ((clients[0], 100), (clients[1], 50), (clients[2], 150)):
            await client.send(frame(TEXT, b"*" * 200 * KIB)[size * KIB :])
            assert await client.frame() == (FIN | TEXT, b"*" * 200 * KIB)
        assert buffered(served) == 80 * KIB
        assert served.sockets.holders.relieved == 1


@on_every_loop
async def test_of_many_that_do_not_read_those_go_for_whom_most_waits() -> None:
    async with (
        serving(holders=Holders(MemoryAccount(4 << 20))) as served,
        AsyncExitStack() as stack,
    ):
        most = 0
        clients = [await stack.enter_async_context(await read_nothing(served)) for _ in range(6)]
        for number, socket in enumerate(list(served.recorder.open)):
            for _ in range(50 + 5 * number):
                socket.send(b"*" * 10_000)
                socket.flush()
                most = max(most, buffered(served))
        await served.recorder.until(lambda: bool(served.recorder.closed))
        assert set(served.recorder.closed) == {SHORT}
        assert (1 << 20) < buffered(served) <= most <= (2 << 20) + 20_000
        read_on(clients[0])
        assert await clients[0].frame() == (FIN | TEXT, b"*" * 10_000)


@on_every_loop
async def test_a_client_that_reads_on_is_counted_no_more() -> None:
    async with serving() as served:
        client = await read_nothing(served)
        socket = served.recorder.open[-1]
        for _ in range(300):
            socket.send(b"*" * 10_000)
        socket.flush()
        assert 1 << 20 < buffered(served) <= socket.buffered
        read_on(client)
        for _ in range(300):
            await client.frame()
        await until(lambda: buffered(served) == 0)
        await client.__aexit__(None, None, None)


@on_every_loop
async def test_who_is_closed_for_reading_too_slowly_is_kept_nothing_for() -> None:
    async with serving(max_outbox_size=1 << 20) as served:
        client = await read_nothing(served)
        socket = served.recorder.open[-1]
        while socket in served.recorder.open:
            socket.send(b"*" * 10_000)
            socket.flush()
            await asyncio.sleep(0)
        assert served.recorder.closed == [(1013, "reading too slowly")]
        assert buffered(served) < 256 * KIB
        read_on(client)
        while (got := await client.frame())[0] == FIN | TEXT:
            assert got[1] == b"*" * 10_000
        assert got == (FIN | CLOSE, b"\x03\xf5reading too slowly")
        await client.__aexit__(None, None, None)
