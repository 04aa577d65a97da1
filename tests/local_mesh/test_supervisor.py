"""``peerpigeon network`` with real processes: one line for each change, and a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
import termios
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon.cli.main import main
from tests.cli.test_unread_output import full_pipe, until_healthy
from tests.e2e.waiting import eventually
from tests.ports import reserved_port
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("clients")]

DEADLINE = 30.0
END_DEADLINE = 20.0


class Lines:
    """The lines of a running ``peerpigeon network --plain``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.seen: list[str] = []

    async def until(self, pattern: str) -> re.Match[str]:
        """Read on to a line that matches, also among those read before."""
        for line in self.seen:
            if match := re.search(pattern, line):
                return match
        assert self.process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            async for raw in self.process.stdout:
                self.seen.append(raw.decode().rstrip())
                if match := re.search(pattern, self.seen[-1]):
                    return match
        raise AssertionError(f"it ended without {pattern!r}: {self.seen}")

    async def ports(self, count: int) -> list[int]:
        """Return the ports of all hubs, once they listen."""
        return [
            int((await self.until(rf"hub {number} listens on port (\d+)"))[1])
            for number in range(1, count + 1)
        ]

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(END_DEADLINE):
            return await self.process.wait()


@asynccontextmanager
async def network(*options: str, stdout: int = asyncio.subprocess.PIPE) -> AsyncIterator[Lines]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "peerpigeon", "network", "--host", "127.0.0.1", *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        start_new_session=True,
    )
    try:
        yield Lines(process)
    finally:
        # Its hubs are in its group, whatever has become of it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def children_of(parent: int) -> dict[bool, int]:
    """Return the last child that was given a hub to start from, and the last that was not."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return {
        "BOOTSTRAP_HUBS=ws" in Path(f"/proc/{child}/environ").read_text(): int(child)
        for child in children
    }


@pytest.mark.parametrize("number", [signal.SIGINT, thorough(signal.SIGTERM)])
async def test_hubs_start_serve_and_end_together(number: signal.Signals) -> None:
    """S31."""
    async with network("--hubs", "3", "--port", "0", "--discovery-limit", "5") as lines:
        ports = await lines.ports(3)
        assert lines.seen[0].endswith("  3 hubs starting")
        await lines.until("all ends on")
        assert any(f"http://127.0.0.1:{ports[1]}/demo" in line for line in lines.seen)
        ids = set()
        async with aiohttp.ClientSession() as session:
            for port in ports:
                async with session.get(f"http://127.0.0.1:{port}/mesh") as response:
                    ids.add((await response.json())["hubPeerId"])
        assert len(ids) == 3
        assert await lines.end(number) == 0
        await lines.until("^ending the hubs$")
        await lines.until("^all 3 hubs have ended$")
        assert all(map(is_free, ports))


async def test_taken_ports_are_passed_over() -> None:
    """S11."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        base = taken.getsockname()[1]
        async with network("--hubs", "2", "--port", str(base)) as lines:
            first, second = await lines.ports(2)
            assert base < first <= base + 10
            assert first < second <= first + 11


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no list of children")
async def test_a_hub_that_is_killed_shows_as_dead_and_the_others_go_on() -> None:
    async with network("--hubs", "2", "--port", "0") as lines:
        first, second = await lines.ports(2)
        victims = children_of(lines.process.pid)
        os.kill(victims[True], signal.SIGKILL)
        await lines.until("hub 2 is dead: killed by SIGKILL")
        assert is_free(second)
        assert not is_free(first)
        os.kill(victims[False], signal.SIGKILL)
        await lines.until("hub 1 is dead: killed by SIGKILL")
        async with asyncio.timeout(END_DEADLINE):
            assert await lines.process.wait() == 1


async def test_a_network_of_which_nobody_reads_ends_when_it_is_asked_to() -> None:
    with full_pipe() as (_, writer), reserved_port() as port:
        async with network("--hubs", "1", "--port", str(port), stdout=writer) as lines:
            await until_healthy(port)
            assert await lines.end(signal.SIGTERM) == 0


async def test_a_network_ends_when_its_reader_has_gone() -> None:
    reader, writer = os.pipe()
    async with network("--hubs", "1", "--port", "0", stdout=writer) as lines:
        os.close(writer)
        os.close(reader)
        async with asyncio.timeout(END_DEADLINE):
            assert await lines.process.wait() == 1


async def test_hubs_do_not_outlive_a_network_that_was_killed() -> None:
    async with network("--hubs", "2", "--port", "0") as lines:
        ports = await lines.ports(2)
        lines.process.kill()
        await asyncio.to_thread(
            eventually, "free ports", lambda: all(map(is_free, ports)), lambda free: free
        )


async def test_when_the_first_hub_cannot_start_it_says_why() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with network("--port", str(port), "--max-port-retries", "0") as lines:
            await lines.until(f"hub 1 is dead: .*{port}")
            async with asyncio.timeout(END_DEADLINE):
                assert await lines.process.wait() == 1


async def test_hubs_have_ids_of_their_own_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_ID", "a" * 40)
    monkeypatch.setenv("EVENTS", "false")
    async with network("--hubs", "2", "--port", "0") as lines:
        ids = {(await lines.until(rf"hub {each} .* id is (\w+)"))[1] for each in (1, 2)}
        assert len(ids) == 2
        assert "aaaaaaaa" not in ids


async def test_clients_are_counted() -> None:
    async with network("--hubs", "1", "--port", "0") as lines:
        (port,) = await lines.ports(1)
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(f"http://127.0.0.1:{port}/?peerId={'b' * 40}"):
                await lines.until("hub 1 has 1 client$")
        await lines.until("hub 1 has 0 clients")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal of 70 columns: our end, and that of the command."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(ours, (16, 70))
    yield ours, theirs
    for end in (ours, theirs):
        with contextlib.suppress(OSError):
            os.close(end)


async def test_a_terminal_gets_a_picture_and_is_left_as_it_was(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    async with network("--hubs", "2", "--port", "0", stdout=theirs) as lines:
        text = ""

        async def until(pattern: str) -> None:
            nonlocal text
            async with asyncio.timeout(DEADLINE):
                while not re.search(pattern, text.rpartition("\x1b[H")[2], re.DOTALL):
                    text += (await asyncio.to_thread(os.read, ours, 65536)).decode()

        await until(r" 1  \d+  .* 2  \d+  .*Ctrl-C")
        assert text.startswith("\x1b[?1049h\x1b[?25l")
        frame = text.rpartition("\x1b[H")[2].replace("\x1b[K", "")
        shown = re.sub(r"\x1b\[\d*[mJ]", "", frame).splitlines()
        assert max(map(len, shown)) == 70
        assert len(shown) <= 16
        lines.process.send_signal(signal.SIGINT)
        await until(r"\x1b\[\?25h\x1b\[\?1049l.*2 hubs.*all 2 hubs have ended")
        async with asyncio.timeout(END_DEADLINE):
            assert await lines.process.wait() == 0


def test_what_no_hub_would_take_is_refused_before_any_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["network", "--min-peers", "9"]) == 2
    assert "hub_mesh_min_peers (9) is above hub_mesh_max_peers" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["network", "--hubs", "0"])
    assert "'0' is no number from 1 to 200" in capsys.readouterr().err
