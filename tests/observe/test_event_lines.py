"""Events as JSON lines: those of a real process, and to a reader that does not read."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import NOTICES, HubP2PConnected
from peerpigeon.observe.background_writer import BACKLOG_LIMIT
from peerpigeon.observe.event_lines import _Pipe, event_lines, line
from tests.cli.test_main import command
from tests.net.client import DEADLINE, A, B, join, running

if TYPE_CHECKING:
    from asyncio.subprocess import Process


FULL = Path("/dev/full")


async def read_event(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE):
        event: dict[str, Any] = json.loads(await process.stdout.readline())
    return event


def test_a_line_says_first_what_and_then_where() -> None:
    moment = datetime(2026, 11, 28, 1, 2, 3, 250_000, UTC)
    text = line(PeerId(A), HubP2PConnected(PeerId(B)), moment)
    assert text == (
        f'{{"event": "hubP2PConnected", "hub": "{A}", "time": "2026-11-28T01:02:03.250Z",'
        f' "hubPeerId": "{B}"}}\n'
    )


@pytest.mark.parametrize("kind", NOTICES.values(), ids=NOTICES)
def test_no_field_of_an_event_is_hidden_by_these(kind: type) -> None:
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert not names & {"event", "hub", "time"}


@pytest.mark.slow
async def test_a_hub_tells_its_life_from_start_to_stop() -> None:
    # A dial to the default port would add an event, if it failed before the end.
    quiet = ("hub", "--events", "--no-auto-connect")
    async with command(*quiet, HOST="127.0.0.1", PORT="0", HUB_ID=A) as hub:
        started = await read_event(hub.process)
        assert list(started) == ["event", "hub", "time", "host", "port"]
        assert (started["event"], started["hub"]) == ("started", A)
        assert (await read_event(hub.process))["event"] == "hubRegistered"
        assert await hub.end(signal.SIGTERM) == 0
        assert (await read_event(hub.process))["event"] == "draining"
        stopped = await read_event(hub.process)
        assert (stopped["event"], stopped["hub"]) == ("stopped", A)
        assert started["time"] <= stopped["time"]


@pytest.mark.slow
@pytest.mark.parametrize("wanted", ["true", "no"])
async def test_the_environment_asks_for_events_too(wanted: str) -> None:
    async with command("server", HOST="127.0.0.1", PORT="0", EVENTS=wanted) as server:
        while "Ctrl-C" not in await server.line():
            pass
        assert await server.end(signal.SIGTERM) == 0
        assert server.process.stdout is not None
        text = (await server.process.stdout.read()).decode()
        names = [json.loads(each)["event"] for each in text.splitlines()]
        assert names == (["started", "draining", "stopped"] if wanted == "true" else [])


@pytest.mark.slow
async def test_a_hub_whose_reader_has_gone_ends_without_a_traceback() -> None:
    """Also when nothing happens that it could write."""
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "peerpigeon", "hub", "--host", "127.0.0.1", "--port", "0"),
        # A dial to the default port would add an event, if it failed before the end.
        *("--events", "--log-format", "json", "--no-auto-connect"),
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writer)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(DEADLINE):
            told = await process.stderr.readline() + await process.stderr.readline()
            os.close(reader)
            told += await process.stderr.read()
            assert await process.wait() == 1
        names = [json.loads(each)["event"] for each in told.decode().splitlines()]
        assert names == ["started", "hubRegistered", "stopped"]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


AT_ONCE = 100
"""Announces of one client that are answered without delay: fewer than its rate lets through."""


@pytest.mark.slow
async def test_a_reader_that_does_not_read_stops_nobody_and_learns_what_it_missed() -> None:
    reader, writer = os.pipe()
    name = "n" * 4000
    lines: list[dict[str, Any]] = []

    def read_all() -> None:
        with os.fdopen(reader, "rb") as source:
            for text in source:
                lines.append(json.loads(text))  # noqa: PERF401 - the test looks on

    with os.fdopen(writer, "w") as stream:
        async with running(max_namespace_length=4096) as server:
            async with (
                event_lines(server, stream, lambda: pytest.fail("nobody hung up")),
                AsyncExitStack() as clients,
            ):
                for number in range(BACKLOG_LIMIT // len(name) + 100):
                    if number % AT_ONCE == 0:
                        peer = PeerId(f"{number + 1:040x}")
                        client = await clients.enter_async_context(await join(server, peer, name))
                    await client.announce(f"{name}{number}")
                    await client.before_pong()  # the server answers
                reading = asyncio.create_task(asyncio.to_thread(read_all))
                client = await clients.enter_async_context(await join(server, A))
                async with asyncio.timeout(DEADLINE):
                    while not any(each["event"] == "error" for each in lines):
                        await client.announce("again")
                        await client.announce("elsewhere")
                        await client.before_pong()
        stream.close()
        async with asyncio.timeout(DEADLINE):
            await reading
    (error,) = [each for each in lines if each["event"] == "error"]
    assert "events were not written" in error["message"]
    told = [each["networkName"] for each in lines if each["event"] == "peerAnnounced"]
    assert told[:3] == [name, f"{name}0", f"{name}1"]
    assert len(told) > BACKLOG_LIMIT // 5000


async def test_a_file_gets_every_line(tmp_path: Path) -> None:
    path = tmp_path / "events"
    with path.open("w") as stream:
        async with running() as server:
            async with event_lines(server, stream, lambda: pytest.fail("files do not hang up")):
                async with await join(server, A) as client:
                    await client.before_pong()
                    async with asyncio.timeout(DEADLINE):
                        while path.read_text().count("\n") < 2:  # noqa: ASYNC110
                            await asyncio.sleep(0)  # a thread writes
    names = [json.loads(each)["event"] for each in path.read_text().splitlines()]
    assert names[:2] == ["peerConnected", "peerAnnounced"]


async def test_a_terminal_that_was_stopped_stops_nobody() -> None:
    ours, theirs = os.openpty()
    name = "n" * 4000
    with os.fdopen(theirs, "w") as stream:
        async with running(max_namespace_length=4096) as server:
            async with event_lines(server, stream, lambda: pytest.fail("nobody hung up")):
                async with await join(server, A, name) as client:
                    for number in range(100):  # a terminal holds some kilobytes
                        await client.announce(f"{name}{number}")
                        await client.before_pong()
                reading = asyncio.create_task(asyncio.to_thread(read_terminal, ours))
        stream.close()
        told = (await reading).count("peerAnnounced")
    os.close(ours)
    assert told == 101


def read_terminal(descriptor: int) -> str:
    text = b""
    while True:
        try:
            text += os.read(descriptor, 65536)
        except OSError:  # nobody has its other end any more
            return text.decode()


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
async def test_a_full_disk_is_told_of_once() -> None:
    told: list[str] = []
    with FULL.open("w") as stream:  # noqa: ASYNC230 - it is a device
        async with running() as server:
            async with event_lines(server, stream, lambda: told.append("closed")):
                async with await join(server, A) as client:
                    await client.before_pong()
    assert told == ["closed"]


async def test_lines_of_one_turn_share_writes_that_do_not_mix_with_those_of_others() -> None:
    writes: list[bytes] = []

    class Pipe(asyncio.WriteTransport):
        def write(self, data: bytes | bytearray | memoryview) -> None:
            writes.append(bytes(data))

        def is_closing(self) -> bool:
            return False

        def get_write_buffer_size(self) -> int:
            return 7

    pipe = _Pipe(lambda: None)
    pipe.transport = Pipe()
    lines = [f"{number:0999}\n" for number in range(9)]
    for each in lines:
        pipe.write(each)
    assert pipe.waiting == 7 + 1000
    await asyncio.sleep(0)
    assert writes == [b"".join(map(str.encode, lines[at : at + 4])) for at in (0, 4, 8)]
    assert pipe.waiting == 7
    pipe.write("x" * 5000 + "\n")
    await asyncio.sleep(0)
    assert writes[3:] == [b"x" * 5000 + b"\n"]
