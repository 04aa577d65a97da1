"""A server as a service of systemd: sockets that it is given, and what it tells of itself."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.cli.test_process import COMMAND, until_said
from tests.net.client import DEADLINE, A, B, Client
from tests.ports import reserved_port

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.slow

GIVEN = (sys.executable, "-m", "tests.cli.given_sockets")


@asynccontextmanager
async def started(*words: str, **environment: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *words, env={**_environment(), **environment}, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _environment() -> dict[str, str]:
    import os

    return {name: text for name, text in os.environ.items() if not name.startswith("LISTEN_")}


async def ends(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(DEADLINE):
        assert await process.wait() == 0


async def said_by(process: Process, text: str) -> str:
    assert process.stderr is not None
    return await until_said(process.stderr, text)


async def test_a_server_serves_the_sockets_that_it_was_started_with(tmp_path: Path) -> None:
    path = str(tmp_path / "hub.sock")
    async with started(
        *GIVEN, "127.0.0.1:0", path, "--", *COMMAND, "server", "--port", "1"
    ) as process:
        log = await said_by(process, "its state is at")
        place = re.search(r"clients connect to .*:([0-9]+)\n", log)
        assert place is not None
        session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path))
        socket_of_b = await session.ws_connect(f"http://hub.example/?peerId={B}")
        async with await Client.at(int(place[1]), A) as a, Client(session, socket_of_b) as b:
            for client in (a, b):
                assert (await client.next())["type"] == "connected"
                await client.announce()
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
        await ends(process)


async def test_a_socket_named_admin_is_for_the_operator(tmp_path: Path) -> None:
    path = str(tmp_path / "admin.sock")
    words = ("127.0.0.1:0", f"admin={path}", "admin=127.0.0.1:0", "127.0.0.1:0")
    async with started(*GIVEN, *words, "--", *COMMAND, "server") as process:
        log = await said_by(process, "its dashboard is at")
        at = re.findall(r"http://127\.0\.0\.1:([0-9]+)/dashboard", log)
        clients = re.search(r"clients connect to .*:([0-9]+)\n", log)
        assert clients is not None
        assert len(at) == 1
        assert at[0] != clients[1]
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
            await _is_for_the_operator(session, "hub.localhost")
        async with aiohttp.ClientSession() as session:
            await _is_for_the_operator(session, f"127.0.0.1:{at[0]}")
        async with await Client.at(int(clients[1]), A) as client:
            assert (await client.next())["type"] == "connected"
        await ends(process)


async def _is_for_the_operator(session: aiohttp.ClientSession, place: str) -> None:
    async with session.get(f"http://{place}/drain") as answer:
        assert answer.status == 405, "it is for POST"
    async with session.get(f"http://{place}/mesh") as answer:
        assert answer.status == 200
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await session.ws_connect(f"http://{place}/?peerId={B}")
    assert refusal.value.status == 403


async def test_sockets_that_are_for_another_process_are_not_taken() -> None:
    with reserved_port() as port:
        async with started(
            *(*GIVEN, "127.0.0.1:0", "--", *COMMAND, "server", "--port", str(port)),
            WRONG_PID="1",
        ) as process:
            assert f":{port}/health" in await said_by(process, "its state is at")


@pytest.mark.parametrize(
    ("place", "told"),
    [("udp 127.0.0.1:0", "does not listen for connections")],
)
async def test_what_is_no_listening_socket_is_refused(place: str, told: str) -> None:
    async with started(*GIVEN, place, "--", *COMMAND, "server") as process:
        await said_by(process, told)
        async with asyncio.timeout(DEADLINE):
            assert await process.wait() == 2


async def test_a_hub_that_is_given_a_socket_for_all_needs_a_secret() -> None:
    """By ``host`` it would be on the loopback."""
    words = (*GIVEN, "0.0.0.0:0", "--", *COMMAND, "hub", "--no-auto-connect")
    async with started(*words) as process:
        await said_by(process, "a hub at 0.0.0.0 can be reached from other machines")
    async with started(*words, HUB_SECRET="s" * 32) as process:
        await said_by(process, "its state is at")


@pytest.mark.parametrize("kind", ["file", "abstract"])
async def test_a_service_tells_when_it_is_ready_and_when_it_stops(
    tmp_path: Path, kind: str
) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path if kind == "file" else "\0" + path)
        manager.setblocking(False)
        loop = asyncio.get_running_loop()
        place = path if kind == "file" else "@" + path
        async with started(*COMMAND, "server", "--port", "0", NOTIFY_SOCKET=place) as process:
            async with asyncio.timeout(DEADLINE):
                assert await loop.sock_recv(manager, 100) == b"READY=1"
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE):
                assert await loop.sock_recv(manager, 100) == b"STOPPING=1"
                assert await process.wait() == 0


@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None,
    reason="systemd-socket-activate is not here; install Debian's package systemd",
)
async def test_systemd_starts_a_server_with_the_first_client() -> None:
    with reserved_port() as port:
        async with started(
            *("systemd-socket-activate", "-E", "PYTHONPATH", "-l", f"127.0.0.1:{port}"),
            *(*COMMAND, "server"),
        ) as process:
            await said_by(process, "Listening on")
            async with await Client.at(port, A) as client:
                assert (await client.next())["type"] == "connected"
            await ends(process)


@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None,
    reason="systemd-socket-activate is not here; install Debian's package systemd",
)
async def test_systemd_tells_the_operators_socket_from_that_of_clients() -> None:
    with reserved_port() as port, reserved_port() as admin_port:
        async with started(
            *("systemd-socket-activate", "-E", "PYTHONPATH", "--fdname=admin:clients"),
            *("-l", f"127.0.0.1:{admin_port}", "-l", f"127.0.0.1:{port}", *COMMAND, "server"),
        ) as process:
            await said_by(process, "Listening on")
            async with aiohttp.ClientSession() as session:
                await _is_for_the_operator(session, f"127.0.0.1:{admin_port}")
                async with session.get(f"http://127.0.0.1:{port}/drain") as answer:
                    assert answer.status == 404
            async with await Client.at(port, A) as client:
                assert (await client.next())["type"] == "connected"
            await ends(process)
