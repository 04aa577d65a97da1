"""SocketGroup over time: order, limits, slow readers, every way to end."""

from __future__ import annotations

import asyncio
import socket as sockets_of_the_system
from typing import TYPE_CHECKING

import pytest

from tests.net.raw import (
    CLOSE,
    DEADLINE,
    FIN,
    PING,
    PONG,
    TEXT,
    RawClient,
    Served,
    close_frame,
    frame,
    on_every_loop,
    run,
    serving,
    turns,
    upgrade,
)

if TYPE_CHECKING:
    from peerpigeon.net.websocket.peer_socket import PeerSocket


async def only_socket(served: Served) -> PeerSocket:
    await served.recorder.until(lambda: bool(served.recorder.open))
    return served.recorder.open[0]


async def read_nothing(served: Served) -> RawClient:
    """Return a client that reads nothing; the system holds little back for it."""
    already = len(served.recorder.open)
    client = await RawClient.open(served.port)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await served.recorder.until(lambda: len(served.recorder.open) > already)
    connection = served.recorder.open[-1]._transport.get_extra_info("socket")
    connection.setsockopt(sockets_of_the_system.SOL_SOCKET, sockets_of_the_system.SO_SNDBUF, 4096)
    return client


def read_on(client: RawClient) -> None:
    client.writer.transport.resume_reading()  # type: ignore[attr-defined]


# Sending


@on_every_loop
async def test_frames_of_one_turn_arrive_in_order_and_in_one_write() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        socket = await only_socket(served)
        for number in range(5):
            socket.send(b"%d" % number)
        assert socket.buffered == 15
        await turns()
        assert socket.buffered == 0
        async with asyncio.timeout(DEADLINE):
            data = await client.reader.read(100)
        assert data == b"\x81\x010\x81\x011\x81\x012\x81\x013\x81\x014"


@on_every_loop
async def test_ping_and_close_keep_their_place_behind_what_was_sent_before() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        socket = await only_socket(served)
        socket.send(b"1")
        socket.ping(b"there?")
        socket.send(b"2")
        socket.close(1008, "go")
        socket.send(b"never")
        socket.ping(b"")
        assert [await client.frame() for _ in range(4)] == [
            (FIN | TEXT, b"1"),
            (FIN | PING, b"there?"),
            (FIN | TEXT, b"2"),
            (FIN | CLOSE, b"\x03\xf0go"),
        ]
        await client.send(close_frame(1008))
        assert await client.rest() == b""


@on_every_loop
async def test_the_answer_to_a_ping_of_ours_is_a_sign_of_life() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        (await only_socket(served)).ping(b"there?")
        assert await client.frame() == (FIN | PING, b"there?")
        await client.send(frame(PONG, b"there?"))
        await served.recorder.until(lambda: served.recorder.ponged == 1)
        assert served.recorder.answer == b"there?"
        await client.send(frame(PING, b"no answer"))
        await served.recorder.until(lambda: served.recorder.ponged == 2)
        assert served.recorder.answer == b""


# Ends


@on_every_loop
async def test_a_close_of_ours_is_not_reported_back_and_ends_the_connection() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        socket = await only_socket(served)
        served.recorder.open.clear()
        socket.close(1001, "bye")
        socket.close(1002, "again")
        assert await client.frame() == (FIN | CLOSE, b"\x03\xe9bye")
        await client.send(frame(TEXT, b"late") + frame(PING) + close_frame(1001))
        assert await client.rest() == b""
        await served.sockets.wait_closed()
        assert (served.recorder.received, served.recorder.ponged) == ([], 0)
        assert served.recorder.closed == []
        assert not served.sockets.closing


@on_every_loop
async def test_a_client_that_does_not_answer_a_close_is_dropped_in_time() -> None:
    async with (
        serving(close_timeout=0.05) as served,
        await RawClient.open(served.port) as client,
    ):
        socket = await only_socket(served)
        served.recorder.open.clear()
        socket.close(1001, "")
        assert list(served.sockets.closing) == [socket]
        assert await client.rest() == b"\x88\x02\x03\xe9"
        await served.sockets.wait_closed()


@on_every_loop
async def test_a_client_that_goes_on_after_a_fault_is_dropped_in_time() -> None:
    async with (
        serving(close_timeout=0.05) as served,
        await RawClient.open(served.port) as client,
    ):
        await client.send(b"\xff" * 100)
        assert (await client.frame())[0] == FIN | CLOSE
        while served.sockets.closing:
            await client.send(b"\xff" * 10_000)
        await served.until_empty()
        assert served.recorder.closed == [(1002, "protocol error")]


@on_every_loop
async def test_a_client_amid_sending_gets_to_read_what_was_wrong() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        await client.send(b"\xff" * 8_000_000)
        assert await client.frame() == (FIN | CLOSE, b"\x03\xeaprotocol error")
        assert await client.rest() == b""


@on_every_loop
async def test_abort_ends_at_once_and_is_not_reported_back() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        socket = await only_socket(served)
        served.recorder.open.clear()
        socket.send(b"lost")
        socket.abort()
        socket.send(b"never")
        socket.ping(b"")
        socket.close(1000, "")
        socket.abort()
        await served.sockets.wait_closed()
        assert await client.rest() == b""
        assert served.recorder.closed == []
        assert socket.buffered == 0


@pytest.mark.parametrize("begun", [b"", frame(TEXT, b"half")[:5], frame(TEXT, b"a", fin=False)])
@pytest.mark.parametrize("end", ["half-close", "reset", "close"])
@on_every_loop
async def test_a_connection_that_vanishes_is_reported_as_1006(begun: bytes, end: str) -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        await client.send(begun)
        if end == "half-close":
            client.end_output()
        elif end == "reset":
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            connection = client.writer.get_extra_info("socket")
            connection.setsockopt(
                sockets_of_the_system.SOL_SOCKET, sockets_of_the_system.SO_LINGER, linger
            )
            client.abort()
        else:
            client.writer.close()
        await served.until_empty()
        assert served.recorder.closed == [(1006, "")]


@on_every_loop
async def test_a_client_that_vanishes_with_much_unread_is_not_waited_for() -> None:
    async with serving(close_timeout=0.05) as served:
        client = await read_nothing(served)
        socket = await only_socket(served)
        while socket.buffered < 1 << 20:
            socket.send(b"*" * (1 << 18))
        client.end_output()
        await served.until_empty()
        assert socket.buffered == 0
        assert served.recorder.closed == [(1006, "")]
        await client.__aexit__(None, None, None)


@on_every_loop
async def test_once_a_listener_has_closed_a_socket_it_hears_no_more_of_it() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        served.recorder.on_text = lambda socket, _text: socket.close(1008, "enough")
        served.recorder.open.clear()
        await client.send(frame(TEXT, b"a"))
        assert await client.frame() == (FIN | CLOSE, b"\x03\xf0enough")
        await client.send(frame(TEXT, b"b") + frame(PING) + close_frame(1008))
        assert await client.rest() == b""
        assert (served.recorder.received, served.recorder.closed) == (["a"], [])


@pytest.mark.parametrize("end", [close_frame(1000), b"\xff\xff"], ids=["close", "no frame"])
@on_every_loop
async def test_what_came_before_the_end_is_told_before_it_and_answered(end: bytes) -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        told: list[str] = []

        def answer(socket: PeerSocket, message: str) -> None:
            told.append(message)
            assert served.recorder.closed == []
            socket.send(b"answer")

        served.recorder.on_text = answer
        await client.send(frame(TEXT, b"a") + frame(TEXT, b"b") + end)
        assert await client.frame() == (FIN | TEXT, b"answer")
        assert await client.frame() == (FIN | TEXT, b"answer")
        assert (await client.frame())[0] == FIN | CLOSE
        assert told == ["a", "b"]
        assert len(served.recorder.closed) == 1


@on_every_loop
async def test_what_came_before_the_connection_broke_is_told_before_that() -> None:
    async with serving() as served, await RawClient.open(served.port):
        socket = await only_socket(served)
        closed: list[int] = []
        served.recorder.on_text = lambda *_: closed.append(len(served.recorder.closed))
        socket.data_received(frame(TEXT, b"a"))
        socket.eof_received()
        assert served.recorder.received == ["a"]
        assert closed == [0]
        assert served.recorder.closed == [(1006, "")]


@on_every_loop
async def test_a_listener_closes_while_the_end_is_told() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        served.recorder.on_text = lambda socket, _text: socket.close(1008, "enough")
        served.recorder.open.clear()
        await client.send(frame(TEXT, b"a") + close_frame(1000))
        assert await client.frame() == (FIN | CLOSE, b"\x03\xf0enough")
        assert await client.rest() == b""
        assert served.recorder.closed == []


@on_every_loop
async def test_messages_of_one_turn_are_told_in_one_call_and_of_large_ones_fewer() -> None:
    async with serving() as served, await RawClient.open(served.port):
        socket = await only_socket(served)
        calls: list[list[int]] = []
        served.recorder.sockets_received = lambda received: calls.append(  # type: ignore[method-assign]
            [len(message) for _, message in received]
        )
        for size in (40_000, 40_000, 0, 0, 200, 70_000, 1):
            socket.data_received(frame(TEXT, b"*" * size))
        assert calls == [[40_000, 40_000], [0, 0, 200, 70_000]]
        await turns()
        assert calls[2:] == [[1]]


def test_an_error_of_the_listener_is_shown_and_the_sockets_go_on() -> None:
    async def main() -> None:
        shown: list[object] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, context: shown.append(context["exception"])
        )
        async with serving() as served, await RawClient.open(served.port) as client:
            error = ValueError("a bug")

            def fail(_socket: PeerSocket, _text: str) -> None:
                raise error

            echo, served.recorder.on_text = served.recorder.on_text, fail
            await client.send(frame(TEXT, b"a"))
            await served.recorder.until(lambda: bool(shown))
            assert shown == [error]
            served.recorder.on_text = echo
            await client.echo()
            assert served.recorder.closed == []

    run(main, "asyncio")


# Limits


@on_every_loop
async def test_a_client_that_does_not_read_is_closed_while_another_is_served() -> None:
    async with serving(max_outbox_size=1 << 16, close_timeout=0.1) as served:
        slow = await read_nothing(served)
        socket = await only_socket(served)
        async with await RawClient.open(served.port) as other:
            most = 0
            while socket in served.recorder.open:
                socket.send(b"*" * 10_000)
                most = max(most, socket.buffered)
                await other.echo()
            assert served.recorder.closed == [(1013, "reading too slowly")]
            assert most < (1 << 16) + 10_100
            kept = socket.buffered
            socket.send(b"*" * 10_000)
            assert socket.buffered == kept
            await served.sockets.wait_closed()
            assert socket.buffered == 0
            await other.echo()
        await slow.__aexit__(None, None, None)


@on_every_loop
async def test_one_message_as_large_as_the_outbox_does_not_close_a_client_that_reads() -> None:
    async with (
        serving(max_outbox_size=1 << 16) as served,
        await RawClient.open(served.port) as client,
    ):
        socket = await only_socket(served)
        for _ in range(5):
            socket.send(b"*" * (1 << 16))
            assert await client.frame() == (FIN | TEXT, b"*" * (1 << 16))


@on_every_loop
async def test_a_ping_overtakes_what_a_client_has_not_read() -> None:
    """Whether a client lives is not to hang on how much it was sent."""
    async with serving(max_outbox_size=8 << 20) as served:
        client = await read_nothing(served)
        socket = await only_socket(served)
        for _ in range(400):
            socket.send(b"*" * 10_000)
        socket.flush()
        assert socket.buffered > 1 << 20, "the network takes no more"
        socket.ping(b"one")
        socket.ping(b"another")
        await client.send(frame(PING, b"theirs"))
        await turns(10)
        read_on(client)
        got: list[bytes] = []
        texts = 0
        while texts < 400:
            first, payload = await client.frame()
            if first == FIN | TEXT:
                texts += 1
            else:
                got.append(payload)
                assert texts < 300, f"it came behind {texts} messages"
        assert sorted(got) == [b"another", b"one", b"theirs"]
        await client.__aexit__(None, None, None)


@on_every_loop
async def test_that_much_waits_for_a_client_is_told_and_that_it_has_read_it() -> None:
    async with serving(max_outbox_size=8 << 20) as served:
        client = await read_nothing(served)
        socket = await only_socket(served)
        told: list[bool] = []
        served.sockets.on_pace = lambda socket: told.append(socket.is_behind)
        for _ in range(190):
            socket.send(b"*" * 10_000)
        await turns()
        assert told == []
        for _ in range(200):
            socket.send(b"*" * 10_000)
        assert told == []
        await turns()
        assert told == [True]
        read_on(client)
        for _ in range(390):
            await client.frame()
        await served.recorder.until(lambda: socket.buffered == 0)
        await turns()
        assert told == [True, False]
        await client.__aexit__(None, None, None)


@on_every_loop
async def test_what_waits_for_a_client_goes_out_before_a_close() -> None:
    async with serving(max_outbox_size=8 << 20) as served:
        client = await read_nothing(served)
        socket = await only_socket(served)
        for number in range(400):
            socket.send(b"%05d" % number * 2000)
        socket.flush()
        socket.close(1000, "done")
        read_on(client)
        frames = [await client.frame() for _ in range(401)]
        assert [payload[:5] for _, payload in frames[:-1]] == [b"%05d" % n for n in range(400)]
        assert frames[-1][0] == FIN | CLOSE
        await client.__aexit__(None, None, None)


@on_every_loop
async def test_a_flood_of_pings_from_a_client_that_does_not_read_is_bounded() -> None:
    """As in python-engineio GHSA-cgwc-pv48-fhj5: something grows with every control frame."""
    async with serving(max_outbox_size=1 << 16, close_timeout=0.1) as served:
        client = await read_nothing(served)
        socket = await only_socket(served)
        flood = frame(PING, b"*" * 125) * 100 + frame(PING) * 1000
        while served.recorder.open:
            await client.send(flood)
            assert socket.buffered < (1 << 16) + len(flood)
        assert served.recorder.closed == [(1013, "reading too slowly")]
        await client.__aexit__(None, None, None)


@on_every_loop
async def test_frames_that_come_with_the_handshake_are_read() -> None:
    async with serving() as served, await RawClient.connect(served.port) as client:
        await client.send(upgrade() + frame(TEXT, b"early") + frame(TEXT, b"*" * 200_000))
        await client.head()
        assert await client.frame() == (FIN | TEXT, b"early")
        assert await client.frame() == (FIN | TEXT, b"*" * 200_000)
