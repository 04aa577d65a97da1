"""A hub that has proved itself and says more than others do waits for its turns, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from peerpigeon.core.interface.link_pieces import MORE
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.links.link_sockets import (
    BYTES_AS_ONE,
    FRAMES_AS_ONE,
    LinkSocket,
    LinkSockets,
    weight,
)
from peerpigeon.net.memory import Holders
from peerpigeon.net.websocket.turns import TURN_FRAMES
from tests.net.raw import BINARY, frame, turns

if TYPE_CHECKING:
    import asyncio


class Wire:
    """A transport that notes whether it is read."""

    def __init__(self) -> None:
        self.is_read = True

    def get_extra_info(self, _: str) -> None:
        return None

    def set_write_buffer_limits(self, *, high: int) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True


class Heard:
    """A listener that counts the messages it is told of."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def sockets_received(self, received: list[tuple[LinkSocket, bytes]]) -> None:
        self.messages += [message for _, message in received]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


async def test_a_message_counts_by_the_frames_that_it_carries() -> None:
    wire, heard = Wire(), Heard()
    group = LinkSockets(
        heard,
        LinkSocket.accepted,
        max_message_size=1 << 16,
        max_outbox_size=1 << 20,
        close_timeout=1.0,
        holders=Holders(MemoryAccount(1 << 30)),
    )
    socket = LinkSocket.accepted(group, cast("asyncio.Transport", wire))
    socket.accept(1 << 16)
    carried = 10 * FRAMES_AS_ONE
    message = msgspec.msgpack.encode([0] * carried)
    in_a_turn = -(-TURN_FRAMES // 11)
    socket.data_received(frame(BINARY, message) * (3 * in_a_turn))
    assert not wire.is_read
    for turn in (1, 2, 3):
        await turns(1)
        assert len(heard.messages) == turn * in_a_turn
    await turns(1)
    assert wire.is_read


@pytest.mark.parametrize(
    ("message", "counts"),
    [
        (b"", 1),
        (msgspec.msgpack.encode([0]), 1),
        (msgspec.msgpack.encode([0] * 10 * FRAMES_AS_ONE), 11),
        (msgspec.msgpack.encode([bytes(3 * BYTES_AS_ONE)]), 4),
        (MORE + bytes(3 * BYTES_AS_ONE), 1),
    ],
    ids=["nothing", "one frame", "many frames", "much in a frame", "a piece"],
)
def test_a_message_weighs_as_much_as_it_has_to_be_looked_at(message: bytes, counts: int) -> None:
    assert weight(message) == counts
