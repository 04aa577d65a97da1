"""A log that nobody reads: the pipe is full, and the server serves and ends all the same."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_main import health
from tests.e2e.waiting import eventually
from tests.net.client import DEADLINE, A, Client
from tests.ports import reserved_port

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="no pipe of a known size"),
]

PIPE_SIZE = 4096


@contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    """A pipe that takes no more: the end to read from, and the other."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    os.write(writer, b"." * PIPE_SIZE)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        with contextlib.suppress(OSError):
            os.close(writer)


async def until_healthy(port: int) -> None:
    """Wait until a server answers."""

    def is_healthy() -> bool:
        try:
            return bool(health(port)["status"] == "healthy")
        except OSError:
            return False

    await asyncio.to_thread(eventually, "an answer", is_healthy, bool)


@asynccontextmanager
async def serving(writer: int, port: int, *arguments: str) -> AsyncIterator[Process]:
    """A server whose log goes to ``writer``, once it answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "peerpigeon", "server", "--host", "127.0.0.1"),
        *("--port", str(port), "--max-port-retries", "0", "--verbose-logging", *arguments),
        stderr=writer,
    )
    try:
        await until_healthy(port)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("style", ["human", "json"])
async def test_a_log_that_nobody_reads_holds_up_neither_clients_nor_the_end(style: str) -> None:
    with full_pipe() as (_, writer), reserved_port() as port:
        async with serving(writer, port, "--log-format", style) as server:
            async with await Client.at(port, A) as client:
                assert (await client.next())["type"] == "connected"
            server.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE):
                assert await server.wait() == 0


async def test_what_was_not_read_in_time_is_there_when_it_is() -> None:
    with full_pipe() as (reader, writer), reserved_port() as port:
        async with serving(writer, port) as server:
            os.close(writer)
            assert os.read(reader, PIPE_SIZE) == b"." * PIPE_SIZE
            server.send_signal(signal.SIGTERM)
            with os.fdopen(os.dup(reader)) as log:
                text = await asyncio.to_thread(log.read)
            assert "started" in text.splitlines()[0]
            assert "stopped" in text.splitlines()[-1]
            assert "all ends on" in text or "it ends on" in text
