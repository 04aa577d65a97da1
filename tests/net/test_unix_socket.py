"""A server at a Unix socket, and one that is given its sockets."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.interface.notices import Started
from peerpigeon.net.unix_socket import MODE, UnixSocket
from tests.net.client import A, B, Client, Json
from tests.net.raw import on_every_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SECRET = "s" * 32


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "hub.sock")


@asynccontextmanager
async def serving(path: str, **options: Any) -> AsyncIterator[PeerPigeonServer]:
    async with PeerPigeonServer(uds=path, **options) as server:
        yield server


async def connected(path: str, peer_id: str, headers: Mapping[str, str] | None = None) -> Client:
    session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path))
    url = f"http://hub.example/?peerId={peer_id}"
    client = Client(session, await session.ws_connect(url, headers=headers))
    assert (await client.next())["type"] == "connected"
    return client


async def health(path: str, headers: Mapping[str, str] | None = None) -> Json:
    connector = aiohttp.UnixConnector(path)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://localhost/health", headers=headers) as answer,
    ):
        assert answer.status == 200
        told: Json = await answer.json()
        return told


@on_every_loop
async def test_clients_meet_at_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "hub.sock")
    server = PeerPigeonServer(uds=path)
    started: list[Started] = []
    server.on(Started, started.append)
    async with server:
        assert started == [Started(f"unix:{path}", 0)]
        assert server.port == 0
        async with await connected(path, A) as a, await connected(path, B) as b:
            for client in (a, b):
                await client.announce()
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
            await b.signal(A)
            assert (await a.until("offer"))["fromPeerId"] == B
    assert not await asyncio.to_thread(os.path.exists, path)


async def test_only_the_user_and_the_group_may_connect(path: str) -> None:
    async with serving(path):
        assert stat.S_IMODE(os.stat(path).st_mode) == MODE == 0o660


async def test_what_connects_to_a_unix_socket_is_no_insider(path: str) -> None:
    """Behind a proxy every stranger would be one."""
    async with serving(path):
        assert "connections" not in await health(path)
        assert "connections" not in await health(path, {"X-Forwarded-For": "127.0.0.1"})
    async with serving(path, trusted_proxies=("unix:",)):
        assert "connections" not in await health(path, {"X-Forwarded-For": "127.0.0.1"})
    async with serving(path, show_details=True):
        assert "connections" in await health(path)


async def test_a_server_at_a_unix_socket_is_not_for_its_machine_alone(path: str) -> None:
    with pytest.raises(ConfigError, match=r"a hub at unix:.*hub\.sock can be reached from other"):
        PeerPigeonServer(uds=path, is_hub=True)
    config = PeerPigeonServer(uds=path, is_hub=True, hub_secret=SECRET).config
    assert not config.is_for_this_machine
    assert not config.serves_demo
    assert not config.welcomes_reference_hubs
    assert config.answers_to is None


async def test_no_limit_of_one_address_holds_for_a_proxy_that_names_nobody(path: str) -> None:
    async with serving(path, max_connections_per_address=1):
        async with await connected(path, A), await connected(path, B):
            pass


async def test_a_proxy_that_is_trusted_tells_where_clients_are(path: str) -> None:
    options: dict[str, Any] = {"max_connections_per_address": 1, "trusted_proxies": ("unix:",)}
    here, there = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    async with serving(path, **options):
        async with await connected(path, A, here), await connected(path, B, there):
            session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path))
            url = f"http://hub.example/?peerId={'c' * 40}"
            async with Client(session, await session.ws_connect(url, headers=here)) as third:
                assert (await third.closed())[0] == 1013


async def test_what_a_client_writes_counts_for_nothing_unless_its_proxy_is_trusted(
    path: str,
) -> None:
    async with serving(path) as server:
        async with await connected(path, A, {"X-Forwarded-For": "192.0.2.1"}):
            (record,) = server.get_peers()
            assert record.address == "unix:"


# The file


def test_a_file_at_which_nobody_listens_is_replaced(path: str) -> None:
    left_over = UnixSocket(path)
    left_over.listener.close()
    again = UnixSocket(path)
    left_over.remove()  # it is another's now
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    again.listener.close()
    again.remove()
    assert not os.path.exists(path)
    again.remove()


def test_who_listens_already_is_left_alone(path: str) -> None:
    first = UnixSocket(path)
    with pytest.raises(OSError, match=r"hub\.sock \(uds\) cannot be served: another program"):
        UnixSocket(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    first.listener.close()
    first.remove()


def test_who_listens_and_has_no_time_is_left_alone(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(path)
        busy.listen(0)
        waiting.connect(path)
        with pytest.raises(OSError, match="another program listens there"):
            UnixSocket(path)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letter"
    file.write_text("dear hub")
    with pytest.raises(OSError, match=r"letter \(uds\) cannot be served: what is there is no sock"):
        UnixSocket(str(file))
    assert file.read_text() == "dear hub"


def test_a_path_that_cannot_be_is_told_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot be served: No such file") as caught:
        UnixSocket(str(tmp_path / "none" / "hub.sock"))
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(OSError, match="cannot be served: AF_UNIX path too long"):
        UnixSocket(str(tmp_path / ("a" * 200)))


def test_where_there_are_no_unix_sockets_that_is_said(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "AF_UNIX")
    with pytest.raises(OSError, match="this system has no Unix sockets"):
        UnixSocket(path)


# Sockets that are given


@on_every_loop
async def test_a_server_takes_sockets_that_listen_already(tmp_path: Path) -> None:
    path = str(tmp_path / "hub.sock")
    with socket.socket() as internet, socket.socket(socket.AF_UNIX) as unix:
        internet.bind(("127.0.0.1", 0))
        unix.bind(path)
        for each in (internet, unix):
            each.listen()
        port = internet.getsockname()[1]
        server = PeerPigeonServer(uds=path)
        server.listen_at([internet, unix])
        for _ in range(2):  # they stay open for who comes next
            async with server:
                assert server.port == port
                async with await Client.at(port, A) as a, await connected(path, B) as b:
                    assert (await a.next())["type"] == "connected"
                    for client in (a, b):
                        await client.announce()
                    assert (await a.until("peer-discovered"))["data"]["peerId"] == B
                with pytest.raises(RuntimeError, match="the server listens already"):
                    server.listen_at([])
        assert await asyncio.to_thread(os.path.exists, path)  # it is whoever's who has made it


async def test_a_hub_at_a_unix_socket_says_that_nobody_can_dial_it(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    options: dict[str, Any] = {"is_hub": True, "auto_connect": False, "webrtc_engine": "none"}
    async with serving(path, hub_secret=SECRET, **options):
        assert f"other hubs could dial unix:{path}; name one with advertise" in caplog.text
    caplog.clear()
    async with serving(
        path, hub_secret=SECRET, advertise=("wss://hub.example",), **options
    ) as server:
        assert "advertise" not in caplog.text
        (own,) = server.get_topology().hubs
        assert own.addresses == ("wss://hub.example",)
