"""``peerpigeon drain``: a server that is asked over its admin port lets clients go and stops."""

from __future__ import annotations

import asyncio
import sys

import pytest

from peerpigeon.cli.main import main
from tests.net.client import DEADLINE, A, join, running


async def drain(*arguments: str) -> tuple[int | None, str, str]:
    """Run the command to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "peerpigeon", "drain", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(3 * DEADLINE):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.slow
async def test_it_drains_a_server_and_waits_until_it_has_stopped() -> None:
    async with running(admin_port=0, drain_time=3600.0) as server, await join(server, A) as client:
        url = f"http://127.0.0.1:{server.admin_port}/"
        asked = asyncio.create_task(drain(url, "--drain-time", "100ms"))
        assert (await client.closed())[0] == 1012
        status, out, _ = await asked
        assert not server.is_running
        assert (status, out) == (0, f"{url} drains; clients: 1\n{url} has stopped\n")


@pytest.mark.slow
async def test_it_need_not_wait() -> None:
    async with (
        running(admin_port=0, drain_time=3600.0) as server,
        await join(server, "b" * 40),
        await join(server, A),
    ):
        status, out, _ = await drain(f"http://127.0.0.1:{server.admin_port}", "--no-wait")
        assert (status, out.endswith("drains; clients: 2\n")) == (0, True)
        assert server.is_running


@pytest.mark.slow
async def test_the_port_of_the_clients_drains_nothing_and_it_says_what_to_do() -> None:
    async with running() as server:
        status, _, err = await drain(f"http://127.0.0.1:{server.port}")
        assert status == 1
        assert "answered 404" in err
        assert "--admin-port?" in err
    status, _, err = await drain(f"http://127.0.0.1:{server.port}")
    assert (status, "was not reached" in err, err.count("\n")) == (1, True, 1)


@pytest.mark.parametrize(
    ("arguments", "about"),
    [
        (["localhost:3001"], "is no address of a server"),
        (["ws://localhost:3001"], "is no address of a server"),
        (["http://"], "is no address of a server"),
        (["http://localhost:1", "--drain-time", "soon"], "--drain-time is 'soon'"),
    ],
)
def test_what_is_no_address_or_no_time_is_refused(
    arguments: list[str], about: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drain", *arguments]) == 2
    assert about in capsys.readouterr().err
