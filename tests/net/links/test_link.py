"""What is urgent overtakes what is large, over a real connection to a hub that reads slowly."""

from __future__ import annotations

import asyncio
import os
import socket
from functools import partial
from typing import Any

from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.interface.link_outbox import AHEAD, LinkOutbox
from peerpigeon.core.interface.link_pieces import MAX_MESSAGE, Joiner
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.core.wire.hub_codec import decode
from peerpigeon.core.wire.hub_frames import Frame, Heartbeat, Routed, Segment
from peerpigeon.core.wire.hub_news import Relay
from peerpigeon.net.links.link import Link
from peerpigeon.net.links.link_sockets import LinkSocket
from peerpigeon.net.memory import Holders
from peerpigeon.net.websocket.frames import BINARY, KEY_SIZE
from peerpigeon.net.websocket.group import SocketGroup
from peerpigeon.net.websocket.kernel_queue import leave_little_in_kernel
from peerpigeon.net.websocket.protocol import WebSocketProtocol
from tests.net.raw import DEADLINE, Recorder, on_every_loop

A, B = PeerId("a" * 40), PeerId("b" * 40)
LARGE = 900_000
COUNT = 5
RECEIVED_AHEAD = 64 * 1024
"""Bytes, about, that the receiver's system takes before anybody reads."""


def signal(number: int) -> Routed:
    relay = Relay("n", A, B, 0, "offer", b"1" * LARGE)
    return Routed(A, 1, B, 1, 5, Segment(1, number, 0, relay))


async def connected() -> tuple[Link, socket.socket]:
    """Return a link, and the other end of its connection, which nobody reads yet."""
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    leave_little_in_kernel(listener, AHEAD)
    far = socket.socket()
    far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_AHEAD)
    far.connect(listener.getsockname())
    near, _ = listener.accept()
    listener.close()
    for one in (near, far):
        one.setblocking(False)
    group: SocketGroup[Any] = SocketGroup(
        Recorder(),
        LinkSocket.accepted,
        max_message_size=MAX_MESSAGE,
        max_outbox_size=4 * AHEAD,
        close_timeout=1.0,
        holders=Holders(MemoryAccount(1 << 30)),
    )
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, near)
    wire = LinkSocket.accepted(group, transport)
    transport.set_protocol(wire)
    link = Link(LinkId(1), wire, LinkOutbox(16 << 20), lambda _: None)
    wire.drained = link.flush
    return link, far


@on_every_loop
async def test_a_heartbeat_overtakes_signals_that_a_slow_reader_has_not_taken() -> None:
    link, far = await connected()
    loop = asyncio.get_running_loop()
    for number in range(COUNT):
        assert link.outbox.add(signal(number), link.wire.buffered)
    link.flush()
    assert link.wire.buffered >= AHEAD, "the network takes no more"
    link.outbox.add(Heartbeat(7), link.wire.buffered)
    link.flush()
    protocol = WebSocketProtocol(BINARY, MAX_MESSAGE, partial(os.urandom, KEY_SIZE))
    inbox, size, frames, heard_after = Joiner(MAX_MESSAGE), 0, list[Frame](), 0
    async with asyncio.timeout(DEADLINE):
        while len(frames) <= COUNT:
            data = await loop.sock_recv(far, 1 << 16)
            for message in protocol.receive_data(data):
                assert isinstance(message, bytes)
                whole = inbox.take(message)
                frames += [] if whole is None else decode(whole)
            size += len(data)
            if Heartbeat(7) in frames and not heard_after:
                heard_after = size
    assert [frame for frame in frames if frame != Heartbeat(7)] == [signal(n) for n in range(COUNT)]
    assert heard_after < LARGE, f"it waited behind {heard_after} bytes"
    link.wire.close(1000, "")
    far.close()
