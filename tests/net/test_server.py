"""``PeerPigeonServer`` as a Python program uses it (S4, S11, S27, S28, S30)."""

import asyncio
import contextlib
import errno
import json
import socket
from typing import Any

import aiohttp
import pytest

from peerpigeon import (
    ConfigError,
    HubRegistered,
    Notice,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
    PeerPigeonServer,
    ServerConfig,
    Started,
    Stopped,
)
from peerpigeon.core.interface.notices import NOTICES, name_of
from peerpigeon.net.listen import PortsTakenError, listen
from peerpigeon.net.websocket.peer_socket import PeerSocket
from tests.net.client import DEADLINE, A, B, Client, get, join, running
from tests.net.raw import TEXT, frame, on_every_loop

HOST = "127.0.0.1"


async def test_events_come_in_order_by_class_and_by_documented_name() -> None:
    """S27."""
    server = PeerPigeonServer(host="127.0.0.1", port=0, is_hub=True, auto_connect=False)
    by_class: list[Notice] = []
    by_name: list[str] = []
    gone = asyncio.Event()
    for name, kind in NOTICES.items():
        server.on(kind, by_class.append)
        server.on(name, lambda notice: by_name.append(name_of(notice)))
    server.on("peerDisconnected", lambda _: gone.set())
    async with server:
        client = await join(server, A)
        await client.say({"type": "goodbye"})
        await client.close()
        async with asyncio.timeout(DEADLINE):
            await gone.wait()
    assert [type(notice) for notice in by_class] == [
        Started,
        HubRegistered,
        PeerConnected,
        PeerAnnounced,
        PeerGoodbye,
        PeerDisconnected,
        Stopped,
    ]
    assert by_name == [name_of(notice) for notice in by_class]
    assert by_name[0] == "started"


@pytest.mark.parametrize("turns", range(8))
@on_every_loop
async def test_a_server_may_be_stopped_while_it_starts(turns: int) -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    server = PeerPigeonServer(host=HOST, port=port, max_port_retries=0)
    told: list[Notice] = []
    server.on(Started, told.append)
    server.on(Stopped, told.append)
    starting = asyncio.create_task(server.start())
    for _ in range(turns):
        await asyncio.sleep(0)
    await server.stop()
    [failure] = await asyncio.gather(starting, return_exceptions=True)
    await server.stop()
    if failure is None:
        assert [type(notice) for notice in told] == [Started, Stopped]
    else:
        assert str(failure) == "the server was stopped before it had started"
        assert Started not in map(type, told)
    assert not server.is_running
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) == errno.ECONNREFUSED
    async with server:
        assert server.port == port


async def test_what_was_read_before_stopping_is_passed_on() -> None:
    options = {"close_timeout": 0.1}
    async with running(**options) as server, await join(server, A), await join(server, B) as b:
        assert (await b.next())["type"] == "peer-discovered"
        socket = next(iter(server._running().driver.clients._by_session.values()))
        assert isinstance(socket, PeerSocket)
        offer = {"type": "offer", "data": "x", "targetPeerId": B, "networkName": "net1"}
        socket.data_received(frame(TEXT, json.dumps(offer).encode()))
        await server.stop()
        assert (await b.next())["type"] == "offer"
        assert await b.closed() == (1001, "server is stopping")


async def test_stopping_closes_clients_with_1001_and_frees_the_port() -> None:
    server = PeerPigeonServer(host="127.0.0.1", port=0)
    await server.start()
    port = server.port
    client = await join(server, A)
    stopping = asyncio.create_task(server.stop())
    assert await client.closed() == (1001, "server is stopping")
    await client.close()
    await stopping
    assert not server.is_running
    await server.stop()
    again = PeerPigeonServer(host="127.0.0.1", port=port, max_port_retries=0)
    async with again:
        assert again.port == port


@pytest.mark.parametrize("turns", range(4))
async def test_a_connection_that_was_taken_as_the_server_stopped_is_not_left(turns: int) -> None:
    async with running(handshake_timeout=10 * DEADLINE) as server:
        with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as client:
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.stop()
            await asyncio.sleep(0.0)  # aborted transports close in the next turn
            with contextlib.suppress(ConnectionResetError):
                assert await asyncio.to_thread(client.recv, 1) == b""


async def test_stopping_does_not_wait_for_clients_that_do_not_answer() -> None:
    async with running(close_timeout=0.1) as server:
        client = await Client.connect(server, A)
        async with asyncio.timeout(ServerConfig().close_timeout):
            await server.stop()
        await client.close()


async def test_a_server_can_be_started_again() -> None:
    server = PeerPigeonServer(host="127.0.0.1", port=0)
    for _ in range(2):
        async with server, await join(server, A):
            with pytest.raises(RuntimeError, match="running already"):
                await server.start()


async def test_a_taken_port_makes_it_try_the_next_ones() -> None:
    """S11."""
    async with running() as first:
        async with running(port=first.port) as second:
            assert first.port < second.port <= first.port + 10
            assert second.get_peers() == []


@pytest.mark.parametrize(
    "options",
    [{"host": "0.0.0.0"}, {"host": "127.0.0.1", "advertise": ("wss://hub.example",)}],
    ids=["reached itself", "behind a proxy"],
)
async def test_a_taken_port_that_others_count_on_is_refused(options: dict[str, Any]) -> None:
    """S11. A proxy would go on asking the old one."""
    async with running() as first:
        second = PeerPigeonServer(port=first.port, **options)
        with pytest.raises(PortsTakenError, match=rf"port {first.port} at .* is taken"):
            await second.start()
        async with PeerPigeonServer(port=first.port, max_port_retries=10, **options) as third:
            assert first.port < third.port <= first.port + 10


async def test_when_all_ports_are_taken_it_says_so() -> None:
    async with running() as first:
        second = PeerPigeonServer(host="127.0.0.1", port=first.port, max_port_retries=0)
        with pytest.raises(PortsTakenError, match=f"{first.port}"):
            await second.start()
        assert not second.is_running


async def test_a_server_that_found_no_port_can_be_started_when_there_is_one() -> None:
    async with running() as first:
        port = first.port
        server = PeerPigeonServer(host=HOST, port=port, max_port_retries=0)
        with pytest.raises(PortsTakenError):
            await server.start()
    async with server, await join(server, A):
        assert server.port == port


async def test_a_server_that_cannot_serve_all_its_addresses_serves_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = PeerPigeonServer(host=HOST, port=0, is_hub=True, auto_connect=False)
    told: list[Notice] = []
    for kind in NOTICES.values():
        server.on(kind, told.append)
    with socket.socket() as taken, socket.socket() as late, monkeypatch.context() as broken:
        # Both may bind, and only the first may listen.
        for one in (taken, late):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((HOST, taken.getsockname()[1]))
        taken.listen()
        served = listen(HOST, 0, retries=0)
        port = served[0].getsockname()[1]
        broken.setattr("peerpigeon.net.listening.listen", lambda *_: [*served, late])
        with pytest.raises(OSError, match=r".") as failure:
            await server.start()
        assert failure.value.errno == errno.EADDRINUSE
    assert not server.is_running
    assert told == []
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) == errno.ECONNREFUSED
    async with server, await join(server, A):
        assert server.get_stats().connections == 1
    assert [type(notice) for notice in told][:2] == [Started, HubRegistered]
    assert told[-1] == Stopped()


async def test_whoever_waits_for_the_end_of_a_server_learns_that_it_did_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = PeerPigeonServer(host=HOST, port=0)
    loop = asyncio.get_running_loop()
    is_asked, may_answer = asyncio.Event(), asyncio.Event()

    async def refuse(*_: object, **__: object) -> None:
        is_asked.set()
        await may_answer.wait()
        raise OSError(errno.ENOBUFS, "no room")

    monkeypatch.setattr(loop, "create_server", refuse)
    starting = loop.create_task(server.start())
    async with asyncio.timeout(DEADLINE):
        await is_asked.wait()
        waiting = loop.create_task(server.wait_stopped())
        loop.call_soon(may_answer.set)  # when that waits
        await waiting
    with pytest.raises(OSError, match="no room"):
        await starting


async def test_localhost_serves_all_its_addresses_on_one_port() -> None:
    addresses = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)
    async with running(host="localhost") as server:
        served = 0
        for family, kind, _, _, address in set(addresses):
            with socket.socket(family, kind) as own, socket.socket(family, kind) as probe:
                try:
                    own.bind((address[0], 0))
                except OSError:
                    continue  # an address that this machine names and does not have
                probe.connect((address[0], server.port))
                served += 1
        assert served >= 1


async def test_a_host_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(OSError, match=r"."):
        await PeerPigeonServer(host="192.0.2.1", port=0).start()


async def test_questions_are_answered() -> None:
    """S30."""
    async with running(is_hub=True) as server, await join(server, A) as client:
        await client.before_pong()
        assert server.get_stats().connections == 1
        assert [peer.peer_id for peer in server.get_peers()] == [A]
        assert server.get_connected_hubs() == []
        assert not server.is_peer_hub(server.get_peers()[0].peer_id)
        assert not server.is_peer_hub(server.generate_peer_id())
        assert server.is_peer_hub(server.hub_peer_id)
    assert server.get_peers() == []
    with pytest.raises(RuntimeError, match="not running"):
        server.get_stats()


async def test_the_mesh_namespace_changes_only_while_the_server_is_stopped() -> None:
    """S4."""
    server = PeerPigeonServer(host="127.0.0.1", port=0)
    server.hub_mesh_namespace = "other"
    with pytest.raises(ConfigError):
        server.hub_mesh_namespace = "  "
    async with server:
        assert server.hub_mesh_namespace == "other"
        with pytest.raises(RuntimeError, match="stop it"):
            server.hub_mesh_namespace = "third"
    assert server.config.hub_mesh_namespace == "other"


def test_options_come_as_a_config_or_as_keywords() -> None:
    assert PeerPigeonServer(port=7).config == PeerPigeonServer(ServerConfig(port=7)).config
    with pytest.raises(TypeError, match="not both"):
        PeerPigeonServer(ServerConfig(), port=7)
    with pytest.raises(ConfigError):
        PeerPigeonServer(port=70_000)


async def test_a_page_from_another_origin_cannot_use_a_restricted_server() -> None:
    """Cross-site WebSocket hijack: python-engineio PYSEC-2019-170, MCP SDK PYSEC-2026-3483."""
    async with running(cors_origin="https://a.example") as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await Client.connect(server, A, origin="https://evil.example")
        assert refusal.value.status == 403
        async with await Client.connect(server, A, origin="https://a.example") as page:
            assert (await page.next())["type"] == "connected"
        async with await Client.connect(server, B) as program:
            assert (await program.next())["type"] == "connected"


async def test_the_page_of_a_restricted_server_can_use_it() -> None:
    async with running(cors_origin="https://a.example") as server:
        own = f"http://127.0.0.1:{server.port}"
        async with await Client.connect(server, A, origin=own) as page:
            assert (await page.next())["type"] == "connected"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await Client.connect(server, B, origin=f"http://localhost:{server.port}")


async def test_a_fault_of_ours_costs_one_connection_and_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        await b.next()

        def fail(*_: object) -> None:
            raise ZeroDivisionError("our fault")

        with monkeypatch.context() as broken:
            broken.setattr("peerpigeon.core.wire.client_messages.encode_pong", fail)
            await a.say({"type": "ping"})
            assert await a.closed() == (1011, "internal error")
        assert "our fault" in caplog.text
        assert (await get(server, "/health")).status == 200
        assert [m["type"] for m in await b.before_pong()] == ["peer-disconnected"]
