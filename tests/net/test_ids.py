"""Whose an id is, over real sockets."""

import asyncio

from tests.net.client import A, B, C, Client, D, join, running

REFUSED = (1008, "Peer already connected")
FLOOD, PIECE = 2 * 1024 * 1024, 32 * 1024


async def test_a_client_that_was_sent_more_than_it_has_read_keeps_its_id_if_it_reads_on() -> None:
    async with (
        running(takeover_timeout=0.5) as server,
        await join(server, B) as accomplice,
        await join(server, A) as victim,
        await join(server, C) as other,
    ):
        # A client of these tests reads, and answers pings, only while it waits for something.
        ghost = await join(server, D)
        await accomplice.before_pong()
        for _ in range(FLOOD // PIECE):
            await accomplice.signal(A, data="x" * PIECE)
        await accomplice.before_pong()
        async with await join(server, A) as thief, await join(server, D):
            while (await other.until("peer-disconnected"))["data"]["peerId"] != D:
                pass
            # So long a contest lasts that was begun later, about an id whose holder has nothing to
            # read.
            refused, heard = await asyncio.gather(thief.closed(), victim.before_pong())
            assert refused == REFUSED
            assert len([message for message in heard if message["type"] == "offer"]) == 64
        await ghost.close()


async def test_a_client_that_was_sent_a_lot_and_does_not_read_loses_its_id() -> None:
    async with running(takeover_timeout=0.2) as server, await join(server, B) as accomplice:
        ghost = await join(server, A)
        await accomplice.before_pong()
        for _ in range(6):
            await accomplice.signal(A, data="x" * PIECE)
        async with await join(server, A) as newcomer:
            while (await accomplice.until("peer-disconnected"))["data"]["peerId"] != A:
                pass
            await accomplice.signal(A)
            assert (await newcomer.until("offer"))["fromPeerId"] == B
        await ghost.close()


async def test_each_client_is_given_another_key() -> None:
    async with running() as server:
        keys = set()
        for peer in (A, B, C):
            async with await Client.connect(server, peer) as client:
                keys.add((await client.next())["data"]["resumeKey"])
        assert len(keys) == 3
