"""Requests that aiohttp answers: what it may read, how long an answer may take, what remains."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.http import library, visits
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.request import MAX_HEAD_SIZE
from peerpigeon.net.http.site import MAX_BODY
from peerpigeon.net.http.visits import AT_ONCE
from peerpigeon.net.memory import Holders
from tests.net.raw import DEADLINE, RawClient, Served, logged, on_every_loop, serving, turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from peerpigeon.net.http.page import ReadBody
    from peerpigeon.net.http.request import Request

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(*lines: str) -> bytes:
    """Return the head of a POST."""
    return "\r\n".join(["POST / HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


async def size_of_body(_: Request, read_body: ReadBody) -> Response:
    return text(f"{len(await read_body())} bytes")


class Ticks:
    """A page that goes on until it is closed."""

    def __init__(self) -> None:
        self.open = 0
        self.more = asyncio.Event()
        self.piece = b"tick\n"

    async def answer(self, *_: object) -> Response:
        return Response(body=self._pieces(), kind="text/event-stream")

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        self.open += 1
        try:
            while True:
                yield self.piece
                await self.more.wait()
        finally:
            self.open -= 1


async def until_streams(served: Served, count: int) -> None:
    while len(served.visits.streams) != count:
        await turns()


# Bodies


@pytest.mark.parametrize("size", [0, 5, MAX_BODY])
@on_every_loop
async def test_a_page_reads_a_body(size: int) -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = size_of_body
        await client.send(post(f"Content-Length: {size}") + b"*" * size)
        assert (await client.rest()).endswith(f"\r\n\r\n{size} bytes".encode())
        client.writer.close()
        await served.until_empty()


@on_every_loop
async def test_a_body_that_is_too_large_is_refused() -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = size_of_body
        size = 1_000_000
        await client.send(post(f"Content-Length: {size}") + b"*" * size)
        assert (await client.rest()).startswith(b"HTTP/1.1 413 ")
        client.writer.close()
        await served.until_empty()


@on_every_loop
async def test_of_many_requests_at_once_a_few_are_begun_in_a_turn() -> None:
    begun: list[str] = []

    async def note(request: Request, _: ReadBody) -> Response:
        begun.append(request.target)
        return text("noted")

    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving())
        served.visits.answer = note
        count = 10 * AT_ONCE
        clients = [
            await stack.enter_async_context(await RawClient.connect(served.port))
            for _ in range(count)
        ]
        await clients[0].send(GET)
        await clients[0].rest()  # now the library is loaded
        begun.clear()
        for number, client in enumerate(clients[1:]):
            client.writer.write(GET.replace(b"/", b"/%d" % number, 1))
        per_turn = []
        async with asyncio.timeout(DEADLINE):
            while len(begun) < count - 1:
                before = len(begun)
                await turns(1)
                per_turn.append(len(begun) - before)
        assert max(per_turn) == AT_ONCE
        assert sorted(begun) == sorted(f"/{number}" for number in range(count - 1))


@on_every_loop
async def test_half_a_body_is_waited_for_no_longer_than_a_request() -> None:
    async with (
        serving(handshake_timeout=0.2) as served,
        await RawClient.connect(served.port) as client,
    ):
        served.visits.answer = size_of_body
        await client.send(post("Content-Length: 5") + b"**")
        assert await client.rest() == b""
        await served.until_empty()


@on_every_loop
async def test_what_is_kept_of_a_body_is_bounded_and_counted() -> None:
    """A page that never reads: no more than a part is taken from the socket."""
    holders = Holders(MemoryAccount(1 << 30))

    async def never(*_: object) -> Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        serving(holders=holders, handshake_timeout=1.0) as served,
        await RawClient.connect(served.port) as client,
    ):
        served.visits.answer = never
        client.writer.write(post("Content-Length: 100000000") + b"*" * 10_000_000)
        while holders.account.buffered < MAX_BODY:
            await turns()
        await turns(50)
        assert holders.account.buffered <= MAX_HEAD_SIZE + 2 * MAX_BODY + (256 << 10)
        client.abort()
        await served.until_empty()
        assert holders.account.buffered == 0


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (post("Content-Length: x") + b"12345", b"400"),
        (post("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", b"411"),
        (post("Transfer-Encoding: chunked") + b"zz\r\nsecret\r\n0\r\n\r\n", b"411"),
        (post("Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 10_000, b"411"),
        (post("Transfer-Encoding: identity"), b"411"),
    ],
)
@on_every_loop
async def test_a_body_without_a_clear_end_is_refused(data: bytes, status: bytes) -> None:
    """Two programs might end it at different places (request smuggling).

    And chunks of a byte each take more of a server's time than they are worth.
    """
    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = size_of_body
        await client.send(data)
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 %b " % status)
        assert b"secret" not in answer
        assert b"aiohttp" not in answer.lower()


@on_every_loop
async def test_a_compressed_body_is_not_inflated() -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = size_of_body
        await client.send(post("Content-Encoding: gzip", "Content-Length: 3") + b"\x1f\x8b\x08")
        assert (await client.rest()).endswith(b"\r\n\r\n3 bytes")


# Answers that go on for long


@on_every_loop
async def test_a_stream_comes_piece_by_piece_and_outlasts_the_time_of_a_request() -> None:
    ticks = Ticks()
    async with (
        serving(handshake_timeout=0.5) as served,
        await RawClient.connect(served.port) as client,
    ):
        served.visits.answer = ticks.answer
        await client.send(GET)
        head = await client.head()
        assert b"Content-Type: text/event-stream" in head
        assert b"Connection: close" in head
        await until_streams(served, 1)
        assert not served.doors.waiting, "it takes no place of those that wait"
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < began + 0.8:
            ticks.more.set()
            ticks.more.clear()
            assert await client.reader.readuntil(b"tick\n")
            await turns(20)
        client.abort()
        await until_streams(served, 0)
        while ticks.open:
            await turns()


@on_every_loop
async def test_a_stream_that_nobody_reads_any_more_is_dropped() -> None:
    ticks = Ticks()
    ticks.piece = b"*" * 100_000
    async with (
        serving() as served,
        await RawClient.connect(served.port) as client,
    ):
        served.visits.answer = ticks.answer
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(GET)
        await until_streams(served, 1)
        served.visits.timeout = 0.1
        ticks.more.set()
        await until_streams(served, 0)
        while ticks.open:
            await turns()
        assert served.sockets.holders.account.buffered == 0


@on_every_loop
async def test_there_are_not_more_streams_than_places() -> None:
    ticks = Ticks()
    async with serving(limit=200) as served:
        served.visits.answer = ticks.answer
        clients = [await RawClient.connect(served.port) for _ in range(visits.STREAMS)]
        for client in clients:
            await client.send(GET)
            await client.head()
        await until_streams(served, visits.STREAMS)
        async with await RawClient.connect(served.port) as one_more:
            await one_more.send(GET)
            assert (await one_more.head()).startswith(b"HTTP/1.1 503 ")
        for client in clients:
            client.abort()
        await until_streams(served, 0)
        while ticks.open:
            await turns()


@on_every_loop
async def test_the_head_of_a_stream_has_an_end() -> None:
    ticks = Ticks()
    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = ticks.answer
        await client.send(GET.replace(b"GET", b"HEAD"))
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"\r\n\r\n")
        assert not ticks.open


@on_every_loop
async def test_streams_end_with_the_server() -> None:
    ticks = Ticks()
    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = ticks.answer
        await client.send(GET)
        await client.head()
        served.visits.abort()
        await client.rest()
        while ticks.open:
            await turns()
        assert not served.visits.streams


# Faults


@on_every_loop
async def test_a_page_that_fails_is_logged_and_says_no_more() -> None:
    async def fails(*_: object) -> Response:
        raise ValueError("inside")

    with logged("peerpigeon.net.http.library") as lines:
        async with serving() as served:
            served.visits.answer = fails
            for _ in range(3):
                async with await RawClient.connect(served.port) as client:
                    await client.send(GET)
                    answer = await client.rest()
                    assert answer.startswith(b"HTTP/1.1 500 ")
                    assert b"inside" not in answer
    assert lines == ["internal error while making a page"]


@on_every_loop
async def test_a_stream_that_fails_is_logged_and_seen_to_be_incomplete() -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"first"
        raise ValueError("inside")

    async def fails(*_: object) -> Response:
        return Response(body=pieces())

    with logged("peerpigeon.net.http.library") as lines:
        async with serving() as served, await RawClient.connect(served.port) as client:
            served.visits.answer = fails
            await client.send(GET)
            assert (await client.rest()).endswith(b"5\r\nfirst\r\n"), "a last chunk is missing"
            client.writer.close()
            await served.until_empty()
            assert not served.visits.streams
    assert lines == ["internal error while going on with a page"]


@on_every_loop
async def test_without_the_library_there_are_no_pages_but_there_is_a_server() -> None:
    kept = sys.modules.pop(library.__name__)
    sys.modules[library.__name__] = None  # type: ignore[assignment]
    try:
        with logged("peerpigeon.net.http.visits") as lines:
            async with serving() as served:
                async with await RawClient.connect(served.port) as client:
                    await client.send(GET)
                    assert (await client.rest()).startswith(b"HTTP/1.1 503 ")
                async with await RawClient.open(served.port) as other:
                    await other.echo()
        assert "aiohttp" in lines[0]
    finally:
        sys.modules[library.__name__] = kept


@on_every_loop
async def test_who_leaves_before_its_answer_ends_the_making_of_it() -> None:
    has_ended = asyncio.Event()
    has_begun = asyncio.Event()

    async def slow(*_: object) -> Response:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()
        return Response(HTTPStatus.OK)

    async with serving() as served, await RawClient.connect(served.port) as client:
        served.visits.answer = slow
        await client.send(GET)
        await has_begun.wait()
        client.reset()
        await asyncio.wait_for(has_ended.wait(), 10)
        await served.until_empty()
