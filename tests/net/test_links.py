"""Links between hubs over real WebSockets: what crosses them, and what is turned away."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.link_pieces import MORE
from peerpigeon.core.interface.notices import (
    BootstrapConnected,
    BootstrapDisconnected,
    HubRegistered,
    HubUnregistered,
)
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import VERSION, Heartbeat, Hello
from tests.net.client import DEADLINE, A, B, C, join, running
from tests.net.hubs import eventually, hub, network, uri

E = PeerId("e" * 40)


async def test_clients_at_different_hubs_meet_and_signal() -> None:
    """S5, S22, S26."""
    async with network(3) as (first, second, third):
        async with await join(second, A) as a, await join(third, B) as b, await join(first, C) as c:
            for client, others in ((a, {B, C}), (b, {A, C}), (c, {A, B})):
                met = {(await client.until("peer-discovered"))["data"]["peerId"] for _ in others}
                assert met == others
            for number in range(30):
                await a.signal(B, "ice-candidate", number)
            got = [(await b.until("ice-candidate"))["data"] for _ in range(30)]
            assert got == list(range(30))


async def test_a_client_that_leaves_another_hub_is_told_of_once() -> None:
    async with network(2) as (first, second):
        async with await join(first, A) as a:
            async with await join(second, B):
                await a.until("peer-discovered")
            assert (await a.until("peer-disconnected"))["data"]["peerId"] == B
            assert await a.before_pong() == []


async def test_a_large_signal_crosses_whole() -> None:
    async with network(2) as (first, second):
        async with await join(first, A) as a, await join(second, B) as b:
            await a.until("peer-discovered")
            text = "x" * 900_000
            await a.signal(B, "offer", text)
            assert (await b.until("offer"))["data"] == text


async def test_a_hub_dials_until_there_is_one() -> None:
    """S9: a refused first dial is no reason for ``start`` to fail."""
    async with running() as taken:
        free = taken.port
    async with hub(f"ws://127.0.0.1:{free}") as (late, told):
        refused = await told.until(BootstrapDisconnected)
        assert refused.code == 1006
        assert refused.reason
        async with hub(port=free) as (first, _):
            await told.until(BootstrapConnected)
            await eventually(lambda: late.is_peer_hub(first.hub_peer_id))


async def test_a_hub_that_stops_is_missed_at_once_and_found_again() -> None:
    async with hub() as (first, told):
        port = first.port
        async with hub(uri(first)) as (second, _):
            await told.until(HubRegistered, lambda notice: notice.peer_id == second.hub_peer_id)
        await told.until(HubUnregistered, lambda notice: notice.peer_id == second.hub_peer_id)
    async with hub(f"ws://127.0.0.1:{port}") as (third, _):
        async with hub(port=port) as (fourth, _):
            await eventually(lambda: third.is_peer_hub(fourth.hub_peer_id))


async def test_a_hub_is_told_to_connect_to_another() -> None:
    """S30."""
    async with hub() as (first, _), hub() as (second, _):
        second.connect_to_hub(uri(first))
        await eventually(lambda: first.is_peer_hub(second.hub_peer_id))
        with pytest.raises(ConfigError, match="ws://host:port"):
            second.connect_to_hub("http://127.0.0.1")


async def test_a_hub_leaves_its_bootstrap_hubs_when_it_is_told_to() -> None:
    """S30."""
    async with hub() as (first, _), hub(uri(first)) as (second, told):
        await eventually(lambda: first.is_peer_hub(second.hub_peer_id))
        second.disconnect_from_bootstrap_hubs()
        assert (await told.until(BootstrapDisconnected)).code == 1000
        # It comes back as to any hub that it knows, which is what keeps a mesh in one piece.
        await eventually(lambda: first.get_stats().mesh.websocket_links == 1)
        assert len(told.of(BootstrapConnected)) == 1


async def test_only_a_running_hub_can_be_told_to_connect() -> None:
    stopped = PeerPigeonServer(is_hub=True)
    with pytest.raises(RuntimeError, match="not running"):
        stopped.connect_to_hub("ws://127.0.0.1:1")
    async with running() as server:
        with pytest.raises(RuntimeError, match="no hub"):
            server.connect_to_hub("ws://127.0.0.1:1")


async def test_a_hub_that_dials_itself_gets_nowhere() -> None:
    """S7: whatever name its own address goes by."""
    async with hub(host="localhost") as (server, _):
        server.connect_to_hub(f"ws://127.0.0.1:{server.port}")
        await eventually(lambda: not server._running().driver.carriers.openings)
        await eventually(lambda: not server._running().driver.carriers._links)
        assert server.get_connected_hubs() == []
        assert server.get_stats().mesh.websocket_links == 0


async def test_hubs_of_different_namespaces_do_not_join() -> None:
    """S4."""
    async with hub(hub_mesh_namespace="one") as (first, _):
        async with hub(uri(first), hub_mesh_namespace="two") as (second, told):
            ended = await told.until(BootstrapDisconnected)
            assert "namespace" in ended.reason
            assert first.get_connected_hubs() == second.get_connected_hubs() == []


async def test_hubs_join_by_a_secret_they_share_and_no_other() -> None:
    async with hub(hub_secret="one secret of the mesh") as (first, _):
        async with hub(uri(first), hub_secret="one secret of the mesh") as (second, _):
            await eventually(lambda: first.is_peer_hub(second.hub_peer_id))
            async with hub(uri(first), hub_secret="not what they share") as (_, told):
                ended = await told.until(BootstrapDisconnected)
                assert "hub_secret" in ended.reason
                assert len(first.get_connected_hubs()) == 1


async def test_what_is_no_hub_is_named_when_it_is_dialled() -> None:
    async with running() as server, hub(uri(server)) as (_, told):
        assert "403" in (await told.until(BootstrapDisconnected)).reason


# What a stranger may do


class Stranger:
    """Somebody who opens a hub's socket by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def say(self, message: bytes) -> None:
        await self._socket.send_bytes(message)

    async def closed(self) -> tuple[int | None, str]:
        async with asyncio.timeout(DEADLINE):
            while True:
                frame = await self._socket.receive()
                if frame.type is aiohttp.WSMsgType.CLOSE:
                    return frame.data, frame.extra or ""


HELLO = Hello(E, 1, "pigeonhub-mesh", VERSION, 0)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"", 1007),
        (b"\xc1\x02abc", 1007),
        (encode(HELLO), 1007),
        (batch([encode(Heartbeat(1))]), 1008),
        (batch([encode(HELLO), encode(HELLO)]), 1008),
        (batch([encode(Hello(PeerId("no id"), 1, "pigeonhub-mesh", VERSION, 0))]), 1007),
        (batch([encode(Hello(E, 1, "pigeonhub-mesh", VERSION + 1, 0))]), 1008),
        (batch([encode(HELLO)]) + b"\x00", 1007),
    ],
)
async def test_a_stranger_who_talks_nonsense_is_closed_and_nobody_else_notices(
    message: bytes, code: int
) -> None:
    async with network(2) as (first, second), aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{first.port}/?peerId={E}&hub=1"
        async with session.ws_connect(address) as socket:
            stranger = Stranger(socket)
            await stranger.say(message)
            assert (await stranger.closed())[0] == code
        async with await join(first, A) as a, await join(second, B) as b:
            await a.until("peer-discovered")
            await a.signal(B)
            await b.until("offer")


async def test_a_hub_speaks_first_and_binary() -> None:
    async with hub() as (server, _), aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.port}/?peerId={E}&hub=1"
        async with session.ws_connect(address) as socket, asyncio.timeout(DEADLINE):
            (hello,) = decode(await socket.receive_bytes())
            assert isinstance(hello, Hello)
            assert hello.hub == server.hub_peer_id
            await socket.send_str("{}")
            message = await socket.receive()
            while message.type is aiohttp.WSMsgType.BINARY:
                message = await socket.receive()
            assert (message.data, message.extra) == (1003, "binary messages only")


async def test_a_page_and_a_plain_server_are_no_way_in() -> None:
    async with hub() as (server, _), running() as plain, aiohttp.ClientSession() as session:
        for target, origin in ((server, "http://page.example"), (plain, None)):
            address = f"http://127.0.0.1:{target.port}/?peerId={E}&hub=1"
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await session.ws_connect(address, origin=origin)
            assert refusal.value.status == 403


async def beat(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Do nothing but show life, as a hub does that is let in."""
    while True:
        await socket.send_bytes(batch([encode(Heartbeat(0))]))
        await asyncio.sleep(0.3)


async def test_hubs_that_begin_large_messages_give_way_the_one_with_most_first() -> None:
    begun = (1 << 20, 3 << 19, 5 << 18)
    async with (
        hub(max_memory=6 << 20, max_outbox_size=2 << 20) as (server, _),
        aiohttp.ClientSession() as session,
        asyncio.TaskGroup() as tasks,
    ):
        account = server._running().driver.holders.account
        sockets = []
        for number, size in enumerate(begun, 1):
            own = PeerId(f"{number:040x}")
            address = f"http://127.0.0.1:{server.port}/?peerId={own}&hub=1"
            socket = await session.ws_connect(address)
            await socket.send_bytes(batch([encode(Hello(own, 1, "pigeonhub-mesh", VERSION, 0))]))
            beating = tasks.create_task(beat(socket))
            sockets.append((socket, beating))
            await eventually(lambda number=number: len(links(server)) == number)  # type: ignore[misc]
            for _ in range(size // (16 << 10)):
                await socket.send_bytes(MORE + b"x" * (16 << 10))
        assert account.most_buffered == 3 << 20
        ended = Stranger(sockets[1][0])
        assert await ended.closed() == (1013, "out of memory")
        await eventually(lambda: len(links(server)) == 2)
        await eventually(lambda: account.buffered < (5 << 19))
        for socket, beating in sockets:
            beating.cancel()
            await socket.close()
        await eventually(lambda: account.buffered == 0)


async def test_a_hub_that_is_let_in_sends_what_is_large_in_pieces() -> None:
    async with hub() as (server, _), aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.port}/?peerId={E}&hub=1"
        async with session.ws_connect(address) as socket:
            await socket.send_bytes(batch([encode(HELLO)]))
            await eventually(lambda: bool(links(server)))
            await socket.send_bytes(b"x" * (64 << 10) + b"y")
            assert await Stranger(socket).closed() == (1009, "message too big")


def links(server: PeerPigeonServer) -> list[object]:
    """Return the links of a hub with others that it has let in."""
    return [link for link in server._running().driver.carriers._links.values() if link._is_trusted]


async def test_a_page_is_no_hub_of_the_npm_package_either() -> None:
    announce = {"type": "announce", "networkName": "pigeonhub-mesh", "data": {"isHub": True}}
    async with hub() as (server, _), aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{server.port}/?peerId={E}"
        for origin, answer in (("http://page.example", "error"), (None, "peer-discovered")):
            async with (
                session.ws_connect(address, origin=origin) as socket,
                asyncio.timeout(DEADLINE),
            ):
                await socket.send_json(announce)
                assert (await socket.receive_json())["type"] == "connected"
                assert (await socket.receive_json())["type"] == answer
