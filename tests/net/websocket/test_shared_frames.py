"""What many hear is one frame for all of them, and each takes it at its own pace."""

from __future__ import annotations

import pytest

from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.memory import Holders
from tests.net.raw import CLOSE, FIN, TEXT, RawClient, on_every_loop, serving, turns
from tests.net.websocket.test_connection import read_nothing

LIMIT = 1 << 16
"""Bytes that may wait for one listener."""

SIZE = 6_000
ROUNDS = 1_000
"""Publications, of a hundred times as much as may wait."""


@on_every_loop
async def test_what_several_hear_is_one_frame_for_all_and_keeps_its_place() -> None:
    async with (
        serving() as served,
        await RawClient.open(served.port) as one,
        await RawClient.open(served.port) as other,
    ):
        await served.recorder.until(lambda: len(served.recorder.open) == 2)
        first, second = served.recorder.open
        second.send(b"before")
        heard = b"*" * 700
        served.sockets.send_each([None, first, second, second], [heard, heard, heard, b"alone"])
        [frame_of_all] = first.protocol.outgoing
        assert frame_of_all is second.protocol.outgoing[2]
        await turns()
        expected = [b"before", heard, b"alone"]
        assert [(await other.frame())[1] for _ in expected] == expected
        first.close(1008, "go")
        served.sockets.send_each([first, second, second], [heard] * 3)
        assert [await one.frame() for _ in range(2)] == [
            (FIN | TEXT, heard),
            (FIN | CLOSE, b"\x03\xf0go"),
        ]
        assert [(await other.frame())[1] for _ in range(2)] == [heard] * 2


@on_every_loop
@pytest.mark.parametrize("at_once", [1, 3])
async def test_who_does_not_read_what_many_hear_is_ended_and_nobody_waits_for_it(
    at_once: int,
) -> None:
    account = MemoryAccount(1 << 30)
    async with (
        serving(max_outbox_size=LIMIT, close_timeout=0.1, holders=Holders(account)) as served,
        await RawClient.open(served.port) as one,
        await read_nothing(served) as _,
        await RawClient.open(served.port) as other,
    ):
        await served.recorder.until(lambda: len(served.recorder.open) == 3)
        listeners = list(served.recorder.open)
        slow = listeners[1]
        most = kept = rounds = 0
        while slow in served.recorder.open and rounds < ROUNDS:
            rounds += 1
            heard = [b"%06d" % (rounds * at_once + k) * (SIZE // 6) for k in range(at_once)]
            for message in heard:
                served.sockets.send_each(listeners, [message] * 3)
            for client in (one, other):
                assert [await client.frame() for _ in heard] == [(FIN | TEXT, m) for m in heard]
            most, kept = max(most, slow.buffered), max(kept, account.kept)
        assert served.recorder.closed == [(1013, "reading too slowly")]
        assert SIZE < kept <= LIMIT
        assert most <= LIMIT + 2 * at_once * SIZE
        served.sockets.send_each(listeners, [b"more"] * 3)
        for client in (one, other):
            assert await client.frame() == (FIN | TEXT, b"more")
        await served.sockets.wait_closed()
        assert slow.buffered == account.kept == 0
        assert served.sockets.sent == sum(socket.sent for socket in listeners)
        for client in (one, other):
            await client.echo()
