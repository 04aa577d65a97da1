"""``PeerPigeonServer.notices``: the events as an asynchronous iterator."""

import asyncio
from collections.abc import AsyncIterator

from peerpigeon import (
    ErrorOccurred,
    Notice,
    PeerConnected,
    PeerDisconnected,
    PeerId,
    PeerPigeonServer,
    Started,
    Stopped,
)
from peerpigeon.net.notice_stream import LIMIT, NoticeStream
from tests.net.client import DEADLINE, A, Client, running

ONE = PeerConnected(PeerId(A), 1)


async def read_all(notices: AsyncIterator[Notice]) -> list[Notice]:
    async with asyncio.timeout(DEADLINE):
        return [notice async for notice in notices]


async def test_notices_come_in_order_and_end_with_the_server() -> None:
    server = PeerPigeonServer(host="127.0.0.1", port=0)
    notices = server.notices()
    async with server:
        async with await Client.connect(server, A):
            pass
    kinds = [type(notice) for notice in await read_all(notices)]
    assert kinds == [Started, PeerConnected, PeerDisconnected, Stopped]


async def test_two_readers_get_the_same_notices() -> None:
    server = PeerPigeonServer(host="127.0.0.1", port=0)
    one, other = server.notices(), server.notices()
    async with server:
        pass
    assert [type(notice) for notice in await read_all(one)] == [Started, Stopped]
    assert [type(notice) for notice in await read_all(other)] == [Started, Stopped]


async def test_a_reader_waits_for_what_has_not_happened_yet() -> None:
    async with running() as server:
        next_notice = asyncio.ensure_future(anext(server.notices()))
        async with await Client.connect(server, A):
            async with asyncio.timeout(DEADLINE):
                assert isinstance(await next_notice, PeerConnected)


async def test_a_stream_that_has_ended_stays_ended() -> None:
    stream = NoticeStream()
    stream.put(Stopped())
    assert await read_all(stream) == [Stopped()]
    assert await read_all(stream) == []


async def test_what_a_slow_reader_missed_is_counted_and_the_end_is_not_missed() -> None:
    stream = NoticeStream()
    for _ in range(LIMIT + 7):
        stream.put(ONE)
    stream.put(Stopped())
    *taken, left_out, end = await read_all(stream)
    assert taken == [ONE] * LIMIT
    assert left_out == ErrorOccurred("7 notices were left out: their reader is too slow")
    assert end == Stopped()


async def test_a_reader_that_has_caught_up_misses_nothing_more() -> None:
    stream = NoticeStream()
    for _ in range(LIMIT + 1):
        stream.put(ONE)
    for _ in range(LIMIT + 1):
        await anext(stream)
    stream.put(ONE)
    stream.put(Stopped())
    assert await read_all(stream) == [ONE, Stopped()]


async def test_a_later_run_is_not_part_of_this_one() -> None:
    stream = NoticeStream()
    stream.put(Stopped())
    stream.put(Started("127.0.0.1", 3000))
    assert await read_all(stream) == [Stopped()]
