"""Programs without proof at a hub's port for hubs: what they can make it keep, read and do."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.interface.link_pieces import STRANGER_MESSAGES
from peerpigeon.core.mesh.limits import MeshLimits
from peerpigeon.core.wire.hub_codec import batch, encode
from peerpigeon.core.wire.hub_frames import Heartbeat
from peerpigeon.net.links.carriers import Carriers
from tests.net.hubs import eventually, hub, uri
from tests.net.raw import BINARY, CLOSE, FIN, RawClient, frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "what the hubs of a mesh share"
TARGET = "/?peerId=" + "e" * 40 + "&hub=1"


def header_of(size: int) -> bytes:
    """Return the beginning of a frame with so many bytes, of which none follow."""
    return bytes((0x80 | BINARY, 0x80 | 127)) + size.to_bytes(8, "big") + bytes(4)


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[RawClient]:
    """Open a WebSocket as hubs do, and read what the hub says first."""
    async with await RawClient.open(port, target=TARGET) as stranger:
        assert (await stranger.frame())[0] == FIN | BINARY
        yield stranger


async def closed(stranger: RawClient) -> tuple[int, str]:
    """Return how the hub closes, which says nothing more before."""
    first, payload = await stranger.frame()
    assert first == FIN | CLOSE
    return int.from_bytes(payload[:2], "big"), payload[2:].decode()


async def test_a_large_message_is_refused_before_it_comes() -> None:
    async with hub(hub_secret=SECRET) as (server, _), calling(server.port) as stranger:
        await stranger.send(header_of(1 << 16))
        assert await closed(stranger) == (1009, "message too big")


@pytest.mark.parametrize(
    "message", [b"\xc1\x01" + bytes(100), b"\xdd\x00\x00\x05\x00" + b"\x92\x02\x05" * 0x500]
)
async def test_no_pieces_are_kept_and_no_crowd_of_frames_is_read(message: bytes) -> None:
    async with hub(hub_secret=SECRET) as (server, _), calling(server.port) as stranger:
        await stranger.send(frame(BINARY, message))
        assert (await closed(stranger))[0] == 1007


async def test_a_stranger_has_a_few_messages_whatever_is_in_them() -> None:
    async with hub(hub_secret=SECRET) as (server, _), calling(server.port) as stranger:
        await stranger.send(frame(BINARY, batch([])) * (STRANGER_MESSAGES + 1))
        assert (await closed(stranger))[0] == 1007


async def test_nothing_is_read_behind_what_ends_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[object] = []
    original = Carriers.__init__

    def listening(
        self: Carriers, own: object, feed: object, *args: object, **options: object
    ) -> None:
        def note(event: object) -> None:
            events.append(event)
            feed(event)  # type: ignore[operator]

        original(self, own, note, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Carriers, "__init__", listening)
    async with hub(hub_secret=SECRET) as (server, _), calling(server.port) as stranger:
        flood = batch([encode(Heartbeat(1))] * 400)
        await stranger.send(frame(BINARY, flood) * 100)
        assert await closed(stranger) == (1008, "a link begins with one hello")
        kinds = [type(event).__name__ for event in events]
        assert kinds == ["LinkOpened", "LinkReceived"]


async def test_hubs_of_the_mesh_link_up_however_many_strangers_say_nothing() -> None:
    async with AsyncExitStack() as stack:
        server, _ = await stack.enter_async_context(hub(hub_secret=SECRET))
        for _ in range(300):
            await stack.enter_async_context(await RawClient.open(server.port, target=TARGET))
        assert len(server._running().driver.carriers._links) == MeshLimits().strangers
        other, _ = await stack.enter_async_context(hub(uri(server), hub_secret=SECRET))
        await eventually(lambda: server.is_peer_hub(other.hub_peer_id))
