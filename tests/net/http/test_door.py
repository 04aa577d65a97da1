"""The door: who gets in, who goes to HTTP, who is turned away, and what stays behind."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.http.arrivals import AT_ONCE
from peerpigeon.net.http.door import IN_A_TURN
from peerpigeon.net.http.forwarded import Forwarded
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.request import MAX_HEAD_SIZE
from peerpigeon.net.memory import Holders
from tests.net.raw import (
    DEADLINE,
    LOOPS,
    RawClient,
    Served,
    close_frame,
    logged,
    on_every_loop,
    run,
    serving,
    turns,
    upgrade,
)

PLAIN = b"GET /health?a=b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def until_waiting(served: Served, count: int) -> None:
    while len(served.doors.waiting) != count:
        await turns()


def every_byte(data: bytes) -> list[int]:
    return list(range(1, len(data)))


# HTTP


@pytest.mark.parametrize("chop", ["whole", "byte by byte"])
@on_every_loop
async def test_a_plain_request_is_answered(chop: str) -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        await client.send(PLAIN, every_byte(PLAIN) if chop == "byte by byte" else None)
        response = await client.rest()
        assert response.startswith(b"HTTP/1.1 200 OK\r\n")
        assert response.endswith(b"\r\n\r\nGET /health?a=b")
        client.writer.close()
        await served.until_empty()


@on_every_loop
async def test_what_follows_a_plain_request_is_not_looked_at() -> None:
    """Neither a body nor another request: the answer says that it is the last."""
    async with serving() as served, await RawClient.connect(served.port) as client:
        head = b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
        await client.send(head + b"*" * 1_000_000 + PLAIN + upgrade())
        response = await client.rest()
        assert b"\r\nConnection: close\r\n" in response
        assert response.endswith(b"\r\n\r\nPOST /a")
        assert response.count(b"HTTP/1.1") == 1
        assert not served.recorder.requests


@on_every_loop
async def test_who_does_not_hang_up_after_its_answer_is_dropped() -> None:
    async with (
        serving(handshake_timeout=0.5) as served,
        await RawClient.connect(served.port) as client,
    ):
        await client.send(PLAIN)
        assert (await client.rest()).endswith(b"GET /health?a=b")
        await served.until_empty()


@on_every_loop
async def test_who_asks_and_says_no_more_still_gets_all_of_the_answer() -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        await client.send(PLAIN)
        client.end_output()
        assert (await client.rest()).endswith(b"GET /health?a=b")
        await served.until_empty()


@on_every_loop
async def test_another_upgrade_is_a_plain_request() -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        await client.send(PLAIN.replace(b"Host", b"Upgrade: h2c\r\nHost"))
        assert (await client.rest()).startswith(b"HTTP/1.1 200 OK")


# WebSocket


@pytest.mark.parametrize("chop", ["whole", "byte by byte"])
@on_every_loop
async def test_a_handshake_opens_a_socket(chop: str) -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        data = upgrade("Sec-WebSocket-Protocol: \xe9", target="/?peerId=%61")
        await client.send(data, every_byte(data) if chop == "byte by byte" else None)
        assert (await client.head()).startswith(b"HTTP/1.1 101 ")
        await client.echo()
        assert not served.doors.waiting
        assert served.recorder.requests[0].parameter("peerId") == "a"
        assert served.recorder.open[0].address == "127.0.0.1"
        await client.send(close_frame(1000))
        await served.until_empty()


@on_every_loop
async def test_only_allowed_origins_and_what_is_no_browser_may_connect() -> None:
    """As in python-engineio PYSEC-2019-170: any web page could speak for its visitor."""
    async with serving(origins="https://good.example") as served:
        for line, status in [
            ("Origin: https://good.example", b"101"),
            ("X: y", b"101"),
            ("Origin: https://evil.example", b"403"),
            ("Origin: https://good.example.evil.example", b"403"),
            ("Origin: http://good.example", b"403"),
            ("Origin: null", b"403"),
            ("Origin: ", b"403"),
        ]:
            async with await RawClient.connect(served.port) as client:
                await client.send(upgrade(line))
                assert (await client.head())[9:12] == status


@on_every_loop
async def test_a_page_that_is_refused_is_told_of_in_the_log_but_not_at_length() -> None:
    with logged("peerpigeon.net.seldom") as lines:
        async with serving(origins="https://good.example") as served:
            for _ in range(3):
                async with await RawClient.connect(served.port) as client:
                    await client.send(upgrade("Origin: https://" + "x" * 5000))
                    assert (await client.head())[9:12] == b"403"
    [line] = lines
    assert line.startswith("a page was refused (403): cors_origin")
    assert "  address=127.0.0.1 origin=https://xxxx" in line
    assert len(line) < 270


@pytest.mark.parametrize(
    "data", [upgrade(leave_out="Host"), PLAIN.replace(b"Host: localhost\r\n", b"")]
)
@on_every_loop
async def test_a_name_that_leads_here_and_is_not_ours_gets_nothing(data: bytes) -> None:
    """DNS rebinding (MCP Python SDK PYSEC-2026-3483): the page's own name leads to the loopback."""
    async with serving() as served:
        for host, is_answered in [
            ("localhost", True),
            ("LOCALHOST:4000", True),  # a tunnel
            ("127.0.0.1", True),
            ("[::1]:3000", True),
            ("evil.example", False),
            ("evil.example:3000", False),
            ("127.0.0.1.evil.example", False),
            ("localhost.evil.example", False),
            ("192.0.2.1:3000", False),
            ("0.0.0.0:3000", False),
            ("", False),
            ("[::1", False),
            ("[localhost]", False),
            ("a:b:c", False),
        ]:
            async with await RawClient.connect(served.port) as client:
                await client.send(data.replace(b"\r\n", f"\r\nHost: {host}\r\n".encode(), 1))
                status = (await client.head())[9:12]
                assert (status in (b"101", b"200")) is is_answered, host
                assert is_answered or status == b"421", host


@on_every_loop
async def test_a_name_that_is_refused_is_told_of_in_the_log_but_not_at_length() -> None:
    with logged("peerpigeon.net.seldom") as lines:
        async with serving() as served:
            for _ in range(3):
                async with await RawClient.connect(served.port) as client:
                    await client.send(PLAIN.replace(b"localhost", b"x" * 5000))
                    answer = await client.rest()
                    assert b"allowed_hosts" in answer
                    assert b"xxx" not in answer
    [line] = lines
    assert line.startswith("a request was refused (421): allowed_hosts (ALLOWED_HOSTS)")
    assert "  address=127.0.0.1 host=xxxx" in line
    assert len(line) < 270


@on_every_loop
async def test_two_names_are_none() -> None:
    """A proxy and this server might each take another one."""
    async with serving() as served, await RawClient.connect(served.port) as client:
        await client.send(PLAIN.replace(b"\r\n", b"\r\nHost: evil.example\r\n", 1))
        assert (await client.head())[9:12] == b"400"


# Refusals


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
        (upgrade("Host: again"), b"400"),
        (upgrade(leave_out="Sec-WebSocket-Key"), b"400"),
        (upgrade("Sec-WebSocket-Version: 8", leave_out="Sec-WebSocket-Version"), b"426"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n", b"431"),
        (b"GET /" + b"a" * MAX_HEAD_SIZE, b"431"),
        (b"GET /" + b"a" * MAX_HEAD_SIZE + b" HTTP/1.1\r\n\r\n" + b"x" * 200_000, b"431"),
        (b"a" * 1_000_000, b"431"),
    ],
)
@on_every_loop
async def test_a_refusal_is_read_and_ends_the_connection(data: bytes, status: bytes) -> None:
    async with serving() as served:
        bystander = await RawClient.open(served.port)
        async with await RawClient.connect(served.port) as client:
            await client.send(data)
            response = await client.rest()
            assert response[:13] == b"HTTP/1.1 " + status + b" "
            assert b"\r\nConnection: close\r\n" in response
        await bystander.echo()
        await bystander.__aexit__(None, None, None)
        await served.until_empty()


@on_every_loop
async def test_a_head_of_exactly_the_limit_passes() -> None:
    start = upgrade("X: ")[:-4]
    for size, status in [(MAX_HEAD_SIZE, b"101"), (MAX_HEAD_SIZE + 1, b"431")]:
        async with serving() as served, await RawClient.connect(served.port) as client:
            data = start + b"a" * (size - len(start) - 4) + b"\r\n\r\n"
            assert len(data) == size
            await client.send(data)
            assert (await client.head())[9:12] == status


# Time and number


@pytest.mark.parametrize("begun", [b"", b"GET / HT", upgrade()[:-1], b"bad\r\n\r\n"])
@on_every_loop
async def test_who_takes_too_long_is_dropped(begun: bytes) -> None:
    async with (
        serving(handshake_timeout=0.05) as served,
        await RawClient.connect(served.port) as client,
    ):
        await client.send(begun)
        await client.rest()
        await served.until_empty()


@on_every_loop
async def test_dripping_bytes_does_not_buy_time() -> None:
    async with (
        serving(handshake_timeout=0.05) as served,
        await RawClient.connect(served.port) as client,
    ):
        await until_waiting(served, 1)
        while served.doors.waiting:
            await client.send(b"a")
            await turns(50)
        assert await client.rest() == b"", "it was not turned away because there was too much"


@on_every_loop
async def test_a_crowd_that_says_nothing_keeps_out_nobody_who_speaks() -> None:
    async with serving(limit=2) as served:
        first = await RawClient.connect(served.port)
        second = await RawClient.connect(served.port)
        await until_waiting(served, 2)
        third = await RawClient.open(served.port)
        await third.echo()
        assert await first.rest() == b""
        await second.send(upgrade())
        assert (await second.head()).startswith(b"HTTP/1.1 101 ")
        for client in (first, second, third):
            await client.__aexit__(None, None, None)
        await served.until_empty()


@on_every_loop
async def test_requests_that_come_at_one_moment_are_acted_on_in_many_turns() -> None:
    """As when a network goes on that has stood still: those that are here are heard meanwhile."""
    async with serving(limit=100) as served:
        clients = [await RawClient.connect(served.port) for _ in range(100)]
        await until_waiting(served, 100)
        for client in clients:
            client.writer.write(upgrade())
        left, most = 100, 0
        while left:
            await turns(1)
            most = max(most, left - len(served.doors.waiting))
            left = len(served.doors.waiting)
        assert most <= 2 * IN_A_TURN
        for client in clients:
            assert (await client.head()).startswith(b"HTTP/1.1 101 ")
            await client.__aexit__(None, None, None)
        await served.until_empty()


@on_every_loop
async def test_who_leaves_before_its_request_has_its_turn_is_forgotten() -> None:
    async with serving(limit=100) as served:
        clients = [await RawClient.connect(served.port) for _ in range(100)]
        await until_waiting(served, 100)
        for client in clients:
            client.writer.write(upgrade() + b"*")
        while len(served.doors.waiting) == 100:
            await turns(1)
        served.doors.abort()
        for client in clients:
            await client.__aexit__(None, None, None)
        await served.until_empty()
        assert len(served.recorder.requests) <= 2 * IN_A_TURN


@on_every_loop
async def test_a_crowd_of_one_address_pushes_out_nobody_of_another() -> None:
    async with serving(limit=3) as served:
        loop = asyncio.get_running_loop()
        other, _ = await loop.create_connection(
            asyncio.Protocol, "127.0.0.1", served.port, local_addr=("127.0.0.2", 0)
        )
        await until_waiting(served, 1)
        crowd = [await RawClient.connect(served.port) for _ in range(10)]
        for client in crowd[:8]:
            assert await client.rest() == b""
        assert len(served.doors.waiting) == 3
        assert not other.is_closing()
        other.abort()
        for client in crowd:
            client.abort()
        await served.until_empty()


@on_every_loop
async def test_who_comes_too_fast_is_told_and_when_to_come_again() -> None:
    proxied = Forwarded(ServerConfig(trusted_proxies=("127.0.0.1",)).trusted_networks)
    async with serving(forwarded=proxied) as served:
        later = asyncio.get_running_loop().time() + 60.0  # than this test takes
        for _ in range(AT_ONCE):
            served.doors.access.arrivals.count("192.0.2.1", later)
        async with await RawClient.connect(served.port) as client:
            await client.send(upgrade("X-Forwarded-For: 192.0.2.1") * 2)
            answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
        assert b"\r\nRetry-After: " in answer
        async with await RawClient.open(served.port, "X-Forwarded-For: 192.0.2.2") as client:
            await client.echo()
            assert served.recorder.open[0].address == "192.0.2.2"
        async with await RawClient.open(served.port) as client:
            await client.echo()
            assert served.recorder.open[-1].address == "127.0.0.1"


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"bad\r\n\r\n"])
@pytest.mark.parametrize("end", ["half-close", "reset", "close"])
@on_every_loop
async def test_who_leaves_the_door_leaves_nothing_behind(begun: bytes, end: str) -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        await until_waiting(served, 1)
        await client.send(begun)
        if end == "half-close":
            client.end_output()
        elif end == "reset":
            client.reset()
        else:
            client.writer.close()
        await served.until_empty()


@on_every_loop
async def test_abort_empties_the_door() -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        await until_waiting(served, 1)
        served.doors.abort()
        assert await client.rest() == b""
        await served.until_empty()


@on_every_loop
async def test_who_comes_when_all_have_been_dropped_is_dropped() -> None:
    """As a loop may hand over what it has taken before its listener was closed."""
    async with serving(handshake_timeout=10 * DEADLINE) as served:
        served.doors.abort()
        # Over TCP alone: nobody comes as far as TLS.
        streams = await asyncio.open_connection("127.0.0.1", served.port)
        async with RawClient(*streams) as client:
            assert await client.rest() == b""
            await served.until_empty()


# Noise

lines = st.sampled_from([*upgrade().split(b"\r\n"), b"Content-Length: 3", b"X: \xff", b" x", b"\n"])
heads = st.lists(st.one_of(lines, st.binary(max_size=20)), max_size=10).map(b"\r\n".join)


@pytest.mark.parametrize("loop", sorted(LOOPS))
@settings(max_examples=60, deadline=None)
@given(first=heads, second=heads)
def test_no_bytes_raise_or_stay(loop: str, first: bytes, second: bytes) -> None:
    async def main() -> None:
        async with serving() as served:
            async with await RawClient.connect(served.port) as client:
                await client.send(b"GET / HTTP/1.1\r\n" + first)
                await client.send(second + b"\r\n\r\n" + first)
            async with await RawClient.open(served.port) as client:
                await client.echo()
            await served.until_empty()

    run(main, loop)


@on_every_loop
async def test_what_the_door_keeps_is_counted_until_it_is_gone() -> None:
    async with serving() as served:
        account = served.sockets.holders.account
        async with await RawClient.connect(served.port) as client:
            await client.send(upgrade()[:100])
            while account.buffered != 100:
                await turns()
            await client.send(upgrade()[100:])
            await client.head()
            assert account.buffered == 0
        await served.until_empty()


@on_every_loop
async def test_who_asks_for_much_and_does_not_read_it_goes_when_memory_is_short() -> None:

    async def much(*_: object) -> Response:
        return text("*" * (20 << 20))

    async with serving(holders=Holders(MemoryAccount(64 << 20))) as served:
        served.visits.answer = much
        clients = [await RawClient.connect(served.port) for _ in range(3)]
        for client in clients:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await client.send(PLAIN)
        account = served.sockets.holders.account
        while not served.sockets.holders.relieved:
            await turns()
        assert account.buffered <= account.most_buffered
        assert len(served.doors.waiting) < 3
        for client in clients:
            await client.__aexit__(None, None, None)
        await served.until_empty()
        assert account.buffered == 0
