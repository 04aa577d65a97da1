"""Where workers listen: at a Unix socket, and at sockets that their supervisor is given."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.cli.test_process import COMMAND
from tests.cli.test_systemd import GIVEN
from tests.cli.workers import (
    ROOMS,
    START,
    Service,
    counts,
    is_linked,
    met,
    running,
    service,
    talk,
    until,
)
from tests.net.client import DEADLINE
from tests.ports import reserved_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which processes there are"),
]


SECRET = "one that is long enough"
"""Whoever comes by a Unix socket may be anybody."""


def is_socket(path: str) -> bool:
    return Path(path).is_socket()


async def all_talk(found: Service, rooms: tuple[str, ...] = ROOMS) -> None:
    async with AsyncExitStack() as stack:
        for room in rooms:
            await talk(await met(stack, found, room), room)
        assert sorted(await counts(found)) == [len(rooms), len(rooms)]


async def ends(found: Service) -> None:
    found.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(START):
        assert await found.process.wait() == 0


async def test_workers_share_a_unix_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "hub.sock")
    async with service(path=path, HUB_SECRET=SECRET) as found:
        assert is_socket(path)
        await all_talk(found)
        dead, _ = found.workers
        os.kill(dead, signal.SIGKILL)
        await until(lambda: is_linked(found, other_than=dead))
        await all_talk(found)
        assert is_socket(path)
        await ends(found)
    assert not is_socket(path)


async def test_workers_serve_the_sockets_that_their_supervisor_was_started_with(
    tmp_path: Path,
) -> None:
    path, told = str(tmp_path / "hub.sock"), str(tmp_path / "notify.sock")
    with reserved_port() as port, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(told)
        notified.settimeout(DEADLINE)
        process = await asyncio.create_subprocess_exec(
            *(*GIVEN, f"127.0.0.1:{port}", path, "--"),
            *(*COMMAND, "hub", "--workers", "2", "--no-auto-connect", "--port", "1"),
            env={**os.environ, "NOTIFY_SOCKET": told, "HUB_SECRET": SECRET},
        )
        async with running(Service(process, port)) as found:
            assert await asyncio.to_thread(notified.recv, 100) == b"READY=1"
            await all_talk(found)
            await all_talk(Service(process, port, path=path))
            await ends(found)
            assert await asyncio.to_thread(notified.recv, 100) == b"STOPPING=1"
    assert is_socket(path), "it is whoever's who has opened it"
