"""Nobody is read without end: what one socket says in one turn of the event loop is bounded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from peerpigeon.net.websocket.group import TURN_SIZE
from peerpigeon.net.websocket.turns import READ_SIZE, TURN_FRAMES, TURN_SOCKETS
from tests.net.raw import (
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawClient,
    Recorder,
    close_frame,
    frame,
    on_every_loop,
    serving,
    turns,
)

if TYPE_CHECKING:
    from peerpigeon.net.websocket.peer_socket import PeerSocket

FLOOD = 10 * TURN_FRAMES


async def sockets_of(recorder: Recorder, count: int) -> list[PeerSocket]:
    await recorder.until(lambda: len(recorder.open) == count)
    return list(recorder.open)


def heard(recorder: Recorder) -> int:
    return len(recorder.received) + recorder.ponged


@pytest.mark.parametrize("kind", [PING, PONG, TEXT])
@on_every_loop
async def test_of_a_flood_in_one_read_a_turn_takes_a_bounded_part_and_others_are_heard(
    kind: int,
) -> None:
    async with serving() as served, await RawClient.open(served.port) as flooder:
        [flooded] = await sockets_of(served.recorder, 1)
        async with await RawClient.open(served.port) as other:
            await sockets_of(served.recorder, 2)
            flooded.data_received(frame(kind) * FLOOD)
            await other.echo()
            assert heard(served.recorder) < FLOOD
            await served.recorder.until(lambda: heard(served.recorder) == FLOOD + 1)
            await flooder.send(frame(TEXT, b"and on"))
            await served.recorder.until(lambda: "and on" in served.recorder.received)


@on_every_loop
async def test_each_turn_takes_as_many_frames_of_a_flood_in_their_order() -> None:
    async with serving() as served, await RawClient.open(served.port):
        [flooded] = await sockets_of(served.recorder, 1)
        texts = [str(number) for number in range(3 * TURN_FRAMES)]
        flood = b"".join(frame(TEXT, text.encode()) for text in texts)
        flooded.data_received(flood)
        for turn in (1, 2, 3):
            assert not flooded._transport.is_reading()
            assert served.sockets.holders.account.buffered >= len(flood)
            await turns(1)
            assert served.recorder.received == texts[: turn * TURN_FRAMES]
        await turns(1)
        assert flooded._transport.is_reading()
        assert served.sockets.holders.account.buffered == 0


@on_every_loop
async def test_fragments_that_say_nothing_use_up_a_turn_as_well() -> None:
    async with serving() as served, await RawClient.open(served.port):
        [flooded] = await sockets_of(served.recorder, 1)
        begun = frame(TEXT, b"a", fin=False) + frame(CONTINUATION, fin=False) * FLOOD
        flooded.data_received(begun + frame(CONTINUATION, b"z"))
        await turns(2)
        assert served.recorder.received == []
        await served.recorder.until(lambda: served.recorder.received == ["az"])


@on_every_loop
async def test_frames_after_a_close_use_up_a_turn_as_well() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        [socket] = await sockets_of(served.recorder, 1)
        served.recorder.open.clear()
        socket.close(1008, "enough")
        socket.data_received(frame(TEXT) * FLOOD)
        assert not socket._transport.is_reading()
        await client.send(close_frame(1008))
        await served.sockets.wait_closed()
        assert served.recorder.received == []


@on_every_loop
async def test_who_is_read_much_of_at_once_is_not_read_again_in_the_same_turn() -> None:
    async with serving() as served, await RawClient.open(served.port):
        [socket] = await sockets_of(served.recorder, 1)
        message = frame(TEXT, b"*" * 600_000)
        socket.data_received(message[: READ_SIZE - 1])
        assert socket._transport.is_reading()
        socket.data_received(message[READ_SIZE - 1 : 2 * READ_SIZE])
        assert not socket._transport.is_reading()
        await turns(1)
        assert socket._transport.is_reading()
        socket.data_received(message[2 * READ_SIZE :])
        await turns(1)
        assert served.recorder.received == ["*" * 600_000]


@on_every_loop
async def test_of_many_that_flood_some_are_heard_in_a_turn_each_as_often_as_the_others() -> None:
    async with serving() as served:
        count = 2 * TURN_SOCKETS
        clients = [await RawClient.open(served.port) for _ in range(count)]
        flooded = await sockets_of(served.recorder, count)
        for number, socket in enumerate(flooded):
            socket.data_received(frame(TEXT, b"%d" % number) * (3 * TURN_FRAMES))
        for turn in (1, 2, 3, 4):
            await turns(1)
            assert len(served.recorder.received) == TURN_FRAMES * (
                count + (turn - 1) * TURN_SOCKETS
            )
        await served.recorder.until(lambda: len(served.recorder.received) == 3 * 64 * count)
        halfway = served.recorder.received[: 2 * TURN_FRAMES * count]
        assert [halfway.count(str(number)) for number in range(count)] == [128] * count
        for client in clients:
            client.abort()
        await served.until_empty()


@pytest.mark.parametrize("end", ["abort", "vanish", "close"])
@on_every_loop
async def test_who_ends_while_it_waits_for_its_turn_is_let_go(end: str) -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        [socket] = await sockets_of(served.recorder, 1)
        socket.data_received(frame(PING) * FLOOD)
        if end == "abort":
            served.recorder.open.clear()
            socket.abort()
        elif end == "vanish":
            client.abort()
        else:
            await client.send(close_frame(1000))
        await served.until_empty()
        assert served.recorder.closed == {"abort": [], "close": [(1000, "")]}.get(end, [(1006, "")])
        assert socket._unread is None


@on_every_loop
async def test_empty_messages_of_many_end_a_turn_too() -> None:
    async with serving() as served, await RawClient.open(served.port):
        [socket] = await sockets_of(served.recorder, 1)
        calls: list[int] = []
        served.recorder.sockets_received = lambda received: calls.append(  # type: ignore[method-assign]
            len(received)
        )
        for _ in range(TURN_SIZE // 8 + 1):
            served.sockets.receive(socket, "")
        assert calls == [TURN_SIZE // 8 + 1]
        await asyncio.sleep(0)
        assert len(calls) == 1


@on_every_loop
async def test_who_is_halted_is_not_read_and_goes_on_where_it_was() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        [socket] = await sockets_of(served.recorder, 1)
        texts = [str(number) for number in range(2 * TURN_FRAMES)]
        socket.data_received(b"".join(frame(TEXT, text.encode()) for text in texts))
        socket.halt()
        await client.send(frame(TEXT, b"late"))
        await turns(10)
        assert served.recorder.received == texts[:TURN_FRAMES]
        socket.go_on()
        await served.recorder.until(lambda: served.recorder.received == [*texts, "late"])
        socket.halt()
        socket.halt()
        await client.send(frame(TEXT, b"later"))
        await turns(10)
        assert served.recorder.received[-1] == "late"
        socket.go_on()
        socket.go_on()
        await served.recorder.until(lambda: served.recorder.received[-1] == "later")


@on_every_loop
async def test_who_is_halted_and_closed_is_read_for_its_answer() -> None:
    async with serving() as served, await RawClient.open(served.port) as client:
        [socket] = await sockets_of(served.recorder, 1)
        served.recorder.open.clear()
        socket.halt()
        socket.close(1008, "enough")
        await client.send(close_frame(1008))
        await served.sockets.wait_closed()
        assert served.recorder.received == []


@on_every_loop
async def test_who_is_halted_upon_what_it_says_is_not_read_in_the_next_turn() -> None:
    async with serving() as served, await RawClient.open(served.port):
        [socket] = await sockets_of(served.recorder, 1)
        served.recorder.on_text = lambda each, _: each.halt()
        socket.data_received(frame(TEXT) * FLOOD)
        await turns(10)
        assert len(served.recorder.received) == TURN_FRAMES
        assert not socket._transport.is_reading()
        served.recorder.on_text = lambda *_: None
        socket.go_on()
        await served.recorder.until(lambda: len(served.recorder.received) == FLOOD)
