"""Nearly all descriptors are open: who goes, who gets in, and what is said of it."""

from __future__ import annotations

import contextlib
import os
from contextlib import AsyncExitStack

from peerpigeon.net.descriptors import MAKE_ROOM, RESERVE, descriptor_limit
from tests.net.raw import CLOSE, FIN, RawClient, logged, on_every_loop, serving, turns, upgrade

WARNING = "nearly all descriptors are open"


def limit_after(count: int) -> int:
    """Return a limit that is near when so many descriptors more are open than now."""
    number = os.dup(0)
    os.close(number)
    return number + count + RESERVE


async def gets_in(port: int) -> bool:
    """Tell whether a new client is served; it leaves again."""
    async with await RawClient.connect(port) as client:
        await client.send(upgrade())
        with contextlib.suppress(OSError):
            return bool(await client.reader.read(1))
        return False


@on_every_loop
async def test_who_has_sent_no_request_makes_room_for_who_comes() -> None:
    # A connection takes a descriptor at each end here, and the listener and what it polls some.
    async with (
        serving(limit=1000, descriptor_limit=limit_after(80)) as served,
        AsyncExitStack() as stack,
    ):
        silent: list[RawClient] = []
        with logged("peerpigeon.net.seldom") as lines:
            for _ in range(200):
                silent.append(await stack.enter_async_context(await RawClient.connect(served.port)))
                await turns(4)
                for client in silent:
                    if client.reader.at_eof():
                        client.abort()  # here both ends take descriptors
        assert silent[0].reader.at_eof()
        assert 0 < len(served.doors.waiting) < 40
        assert served.doors.descriptors.dropped == 200 - len(served.doors.waiting)
        assert len(lines) == 1
        assert lines[0].startswith(WARNING)
        assert sum([await gets_in(served.port) for _ in range(20)]) > 15


@on_every_loop
async def test_who_is_being_closed_goes_before_who_has_sent_no_request() -> None:
    async with (
        serving(limit=1000, descriptor_limit=limit_after(100)) as served,
        AsyncExitStack() as stack,
    ):
        refused = []
        for _ in range(MAKE_ROOM):
            client = await stack.enter_async_context(await RawClient.open(served.port))
            await served.recorder.until(lambda: bool(served.recorder.open))
            served.recorder.open.pop().close(1008, "no")
            assert await client.frame() == (FIN | CLOSE, b"\x03\xf0no")
            refused.append(client)
        first = await stack.enter_async_context(await RawClient.connect(served.port))
        while not served.doors.descriptors.dropped:
            await stack.enter_async_context(await RawClient.connect(served.port))
            await turns(4)
        assert [await client.rest() for client in refused] == [b""] * MAKE_ROOM
        await first.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await first.rest()).startswith(b"HTTP/1.1 200 ")


@on_every_loop
async def test_who_comes_last_is_dropped_where_all_others_are_served() -> None:
    async with (
        serving(limit=1000, descriptor_limit=limit_after(40)) as served,
        AsyncExitStack() as stack,
    ):
        clients = []
        while True:
            client = await stack.enter_async_context(await RawClient.connect(served.port))
            await client.send(upgrade())
            if not await client.reader.read(1):
                break
            await client.head()
            clients.append(client)
        assert len(clients) > 10
        assert served.doors.descriptors.dropped == 1
        for client in clients:
            await client.echo()


def test_the_limit_is_that_of_the_system() -> None:
    limit = descriptor_limit()
    assert limit is None or limit > 64
