"""Nearly all descriptors are open: who goes, who gets in, and what is said of it."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack

from peerpigeon.net.descriptors import RESERVE, descriptor_limit
from tests.net.raw import CLOSE, FIN, RawClient, logged, on_every_loop, serving, turns, upgrade

WARNING = "all descriptors but 64 of"


def limit_after(count: int) -> int:
    """Return a limit that is near when so many descriptors more are open than now."""
    number = os.dup(0)
    os.close(number)
    return number + count + RESERVE


@on_every_loop
async def test_who_has_sent_no_request_makes_room_for_who_comes() -> None:
    # A connection takes a descriptor at each end here, and the listener and what it polls some.
    async with (
        serving(limit=1000, descriptor_limit=limit_after(60)) as served,
        AsyncExitStack() as stack,
    ):
        with logged("peerpigeon.net.descriptors") as lines:
            silent = [
                await stack.enter_async_context(await RawClient.connect(served.port))
                for _ in range(60)
            ]
            client = await stack.enter_async_context(await RawClient.open(served.port))
            await client.echo()
        assert await silent[0].rest() == b""
        assert len(served.doors.waiting) < 30
        assert served.doors.descriptors.dropped >= 60 - 30
        assert len(lines) == 1
        assert lines[0].startswith(WARNING)


@on_every_loop
async def test_who_is_being_closed_goes_before_who_has_sent_no_request() -> None:
    async with (
        serving(limit=1000, descriptor_limit=limit_after(50)) as served,
        AsyncExitStack() as stack,
    ):
        refused = await stack.enter_async_context(await RawClient.open(served.port))
        await served.recorder.until(lambda: bool(served.recorder.open))
        served.recorder.open.pop().close(1008, "no")
        assert await refused.frame() == (FIN | CLOSE, b"\x03\xf0no")
        first = await stack.enter_async_context(await RawClient.connect(served.port))
        while not served.doors.descriptors.dropped:
            await stack.enter_async_context(await RawClient.connect(served.port))
            await turns(4)
        assert await refused.rest() == b""
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
