"""The command as a process among others: as the first of a container, and with what it inherits."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession

from tests.cli.test_unread_output import until_healthy
from tests.e2e.waiting import eventually
from tests.net.client import DEADLINE, A, Client
from tests.net.tls.authority import Authority
from tests.ports import reserved_port

if TYPE_CHECKING:
    from asyncio.subprocess import Process

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-m", "peerpigeon")
AS_PROCESS_1 = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")


async def process_1(unshare: Process) -> int:
    """Return the number that the first process of a new namespace has here."""
    children = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children")
    return int(await asyncio.to_thread(eventually, "a process", children.read_text, bool))


@pytest.mark.namespace
async def test_a_signal_to_process_1_counts_while_the_server_is_being_loaded(
    tmp_path: Path,
) -> None:
    """For process 1 the system ignores SIGTERM as long as there is no handler."""
    # In the place of a library one that is never done, so that the signal comes in between.
    is_loading = tmp_path / "loading"
    (tmp_path / "msgspec.py").write_text(
        f"import pathlib, time\npathlib.Path({str(is_loading)!r}).touch()\ntime.sleep(3600)\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    unshare = await asyncio.create_subprocess_exec(
        *AS_PROCESS_1, *COMMAND, "hub", env=os.environ | {"PYTHONPATH": path}
    )
    try:
        await asyncio.to_thread(eventually, "loading", is_loading.exists, bool)
        os.kill(await process_1(unshare), signal.SIGTERM)
        async with asyncio.timeout(DEADLINE):
            assert await unshare.wait() == 143
    finally:
        if unshare.returncode is None:
            unshare.kill()
        await unshare.wait()


@pytest.mark.namespace
async def test_a_server_that_is_process_1_ends_in_good_order() -> None:
    with reserved_port() as port:
        unshare = await asyncio.create_subprocess_exec(
            *(*AS_PROCESS_1, *COMMAND, "server", "--host", "127.0.0.1", "--port", str(port)),
            stderr=asyncio.subprocess.PIPE,
        )
        await until_healthy(port)
        os.kill(await process_1(unshare), signal.SIGTERM)
        async with asyncio.timeout(DEADLINE):
            _, log = await unshare.communicate()
        assert unshare.returncode == 0
        assert b"stopped" in log


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "<&- 2>&-"])
async def test_a_server_whose_standard_streams_are_closed_serves_and_ends(closed: str) -> None:
    with reserved_port() as port:
        server = await asyncio.create_subprocess_exec(
            *("sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND),
            *("hub", "--host", "127.0.0.1", "--port", str(port), "--no-auto-connect", "--events"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await until_healthy(port)
            server.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE):
                assert await server.wait() == 0
        finally:
            if server.returncode is None:
                server.kill()
            await server.wait()


@pytest.mark.parametrize(
    ("limit", "words", "told"),
    [
        (
            "ulimit -n 200",
            "",
            "only 200 descriptors .* max_connections 1000: beyond about 72 .* 1128 ",
        ),
        ("ulimit -n 200", "--max-connections 72", None),
        ("ulimit -Sn 200", "", None),  # what the hard limit allows is taken
    ],
)
async def test_descriptors_that_are_too_few_for_all_clients_are_told_of_at_the_start(
    limit: str, words: str, told: str | None
) -> None:
    server = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'{limit}; exec "$@" {words}', "sh", *COMMAND, "server"),
        *("--host", "127.0.0.1", "--port", "0", "--log-format", "json"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert server.stderr is not None
        async with asyncio.timeout(DEADLINE):
            lines = [(await server.stderr.readline()).decode()]
            while "started" not in lines[-1]:
                lines.append((await server.stderr.readline()).decode())
    finally:
        server.kill()
        await server.communicate()
    if told is None:
        assert len(lines) == 1
    else:
        assert re.search(told, lines[0])


async def test_a_hangup_has_files_read_again_and_disconnects_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("127.0.0.1")
    server = await asyncio.create_subprocess_exec(
        *(*COMMAND, "server", "--host", "127.0.0.1", "--port", "0"),
        *("--tls-cert", pair.certificate, "--tls-key", pair.key),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert server.stderr is not None
        log = await until_said(server.stderr, "its state is at")
        place = re.search(r"clients connect to  wss://(127\.0\.0\.1:[0-9]+)\n", log)
        assert place is not None
        assert f"https://{place[1]}/health" in log
        async with ClientSession() as session:
            address = f"https://{place[1]}/?peerId={A}"
            socket = await session.ws_connect(address, ssl=authority.client_context)
            client = Client(session, socket)
            await client.next()
            authority.issue("127.0.0.1", "new.example")
            server.send_signal(signal.SIGHUP)
            await until_said(server.stderr, "certificate for new.example")
            await client.before_pong()
            server.send_signal(signal.SIGTERM)
            assert (await client.closed())[0] == 1012
        async with asyncio.timeout(DEADLINE):
            assert await server.wait() == 0
    finally:
        if server.returncode is None:
            server.kill()
        await server.communicate()


async def test_a_hangup_ends_a_server_that_has_nothing_to_read_again() -> None:
    server = await asyncio.create_subprocess_exec(
        # Whoever runs the tests under nohup has it ignored.
        *("env", "--default-signal=HUP", *COMMAND, "server", "--host", "127.0.0.1", "--port", "0"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert server.stderr is not None
    await until_said(server.stderr, "its state is at")
    server.send_signal(signal.SIGHUP)
    async with asyncio.timeout(DEADLINE):
        await server.communicate()
    assert server.returncode == -signal.SIGHUP


async def until_said(stream: asyncio.StreamReader, text: str) -> str:
    """Return what a server writes up to the line with a text."""
    said = ""
    async with asyncio.timeout(DEADLINE):
        while text not in said:
            line = (await stream.readline()).decode()
            assert line, said
            said += line
    return said


@pytest.mark.parametrize("buffered", ["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "words", [["--help"], ["hub", "--help"], ["simulate", "--hubs", "3"], ["play", "FILE"]]
)
def test_a_reader_that_has_gone_ends_a_command_quietly(
    words: list[str], buffered: str, tmp_path: Path
) -> None:
    scenario = tmp_path / "FILE"
    scenario.write_text("3 hubs, at most 2 links each\n")
    reader, writer = os.pipe()
    os.close(reader)
    words = [str(scenario) if word == "FILE" else word for word in words]
    done = subprocess.run(
        [*COMMAND, *words],
        env=os.environ | {"PYTHONUNBUFFERED": "1" if buffered == "unbuffered" else ""},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        timeout=DEADLINE,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_command_that_is_interrupted_ends_without_a_traceback(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario"
    os.mkfifo(scenario)
    # A shell starts what runs in the background with SIGINT ignored, and children inherit that.
    inherited = signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen([*COMMAND, "play", scenario], stderr=subprocess.PIPE) as process:
        signal.signal(signal.SIGINT, inherited)
        try:
            with scenario.open("w"):  # which is when the command has it open too
                process.send_signal(signal.SIGINT)
            # If the signal came just before the command began to read, the end wakes it up.
            _, told = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert (process.returncode, told) == (130, b"")
