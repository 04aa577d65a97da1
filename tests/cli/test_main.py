"""The command line as a user runs it: a real process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.request
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from peerpigeon.cli.main import main
from peerpigeon.core.config import OPTIONS
from peerpigeon.version import __version__
from tests.net.client import DEADLINE, Client, Json, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

A = "a" * 40
B = "b" * 40


class Command:
    """A running ``peerpigeon`` command."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stderr is not None
        async with asyncio.timeout(DEADLINE):
            line = (await self.process.stderr.readline()).decode()
        assert line, "the command has ended"
        return line

    async def json(self) -> Json:
        line: Json = json.loads(await self.line())
        return line

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(DEADLINE):
            return await self.process.wait()


@asynccontextmanager
async def command(*arguments: str, **environment: str) -> AsyncIterator[Command]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "peerpigeon",
        *arguments,
        env=os.environ | environment,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Command(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def health(port: int) -> Json:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=DEADLINE) as answer:
        body: Json = json.load(answer)
        return body


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_runs_until_it_is_asked_to_end(number: signal.Signals) -> None:
    arguments = ("--host", "127.0.0.1", "--log-format", "json")
    async with command("server", *arguments, PORT="0") as server:
        started = await server.json()
        assert started["event"] == "started"
        assert (await asyncio.to_thread(health, started["port"]))["isHub"] is False
        assert await server.end(number) == 0
        if number is signal.SIGTERM:
            assert (await server.json())["event"] == "draining"
        assert (await server.json())["event"] == "stopped"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ([signal.SIGTERM], 1012),
        ([signal.SIGINT], 1001),
        ([signal.SIGTERM, signal.SIGTERM], 1001),
        ([signal.SIGTERM, signal.SIGINT], 1001),
    ],
)
async def test_sigterm_drains_and_a_second_signal_or_ctrl_c_ends_at_once(
    signals: list[signal.Signals], code: int
) -> None:
    """The first client is let go at once, and the second in the middle of the time."""
    options = {"PORT": "0", "HOST": "127.0.0.1", "LOG_FORMAT": "json", "DRAIN_TIME": "3600"}
    if len(signals) == 1:
        options["DRAIN_TIME"] = "0.2"
    async with command("server", **options) as server:
        port = (await server.json())["port"]
        async with await Client.at(port, A) as first, await Client.at(port, B) as second:
            server.process.send_signal(signals[0])
            await first.closed()
            if len(signals) == 2:
                server.process.send_signal(signals[1])
            assert (await second.closed())[0] == code
            async with asyncio.timeout(DEADLINE):
                assert await server.process.wait() == 0


@pytest.mark.slow
async def test_a_hub_says_who_it_is_and_takes_its_options_from_the_environment() -> None:
    """S10 and S31."""
    options = {"PORT": "0", "HOST": "127.0.0.1", "HUB_ID": A, "LOG_FORMAT": "json"}
    async with command("hub", **options) as hub:
        port = (await hub.json())["port"]
        registered = await hub.json()
        assert (registered["event"], registered["peerId"]) == ("hubRegistered", A)
        assert (await asyncio.to_thread(health, port))["isHub"] is True


@pytest.mark.slow
async def test_a_taken_port_is_passed_over_and_the_log_says_which_one_serves() -> None:
    """S11."""
    async with running() as first:
        options = {"PORT": str(first.port), "HOST": "127.0.0.1", "LOG_FORMAT": "json"}
        async with command("server", **options) as second:
            warning = await second.json()
            port = (await second.json())["port"]
            assert first.port < port <= first.port + 10
            assert warning["level"] == "warning"
            assert warning["message"].startswith(f"port {first.port} is taken")
            assert warning["message"].endswith(f", so port {port} serves instead")


@pytest.mark.slow
async def test_a_person_is_told_where_to_connect() -> None:
    async with command("hub", "--port", "0", "--host", "127.0.0.1", "--hub-peer-id", A) as hub:
        text = await hub.line()
        while "Ctrl-C" not in text:
            text += await hub.line()
        assert "ws://127.0.0.1:" in text
        assert "/health" in text


def test_an_option_that_cannot_be_used_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["server", "--port", "http"]) == 2
    assert "port is 'http'" in capsys.readouterr().err


def test_a_log_format_that_there_is_not_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    assert main(["server", "--port", "0"]) == 2
    assert "LOG_FORMAT: log_format is 'xml'; write human or json" in capsys.readouterr().err


@pytest.mark.slow
async def test_when_no_port_is_free_the_command_fails_and_says_so() -> None:
    async with running() as first:
        taken = ("--host", "127.0.0.1", "--port", str(first.port), "--max-port-retries", "0")
        async with command("server", *taken) as second:
            assert f"{first.port}" in await second.line()
            async with asyncio.timeout(DEADLINE):
                assert await second.process.wait() == 1


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == __version__


def test_help_names_the_environment_variable_of_every_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["hub", "--help"])
    text = capsys.readouterr().out
    for option, name in [(each.name, each.variable) for each in OPTIONS.values()]:
        assert f"[{name}" in text or option == "is_hub"
    assert "[LOG_FORMAT" in text
    assert "[EVENTS" in text
