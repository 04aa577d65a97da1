"""Log lines: for a person, for a program, and never forged by a stranger."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest

from peerpigeon.observe.log_lines import LogFormat, configure_logging, log_events
from tests.net.client import A, join, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    yield io.StringIO()
    logger = logging.getLogger("peerpigeon")
    logger.handlers, logger.propagate = [], True
    logger.setLevel(logging.NOTSET)


async def one_client(stream: io.StringIO, style: LogFormat, *, verbose: bool) -> list[str]:
    configure_logging(style, verbose=verbose, stream=stream)
    async with running() as server:
        log_events(server)
        async with await join(server, A) as client:
            for _ in range(10):
                await client.before_pong()
    return stream.getvalue().splitlines()


async def test_it_is_quiet_about_clients(lines: io.StringIO) -> None:
    (line,) = await one_client(lines, "human", verbose=False)
    assert line.endswith("info  stopped")


async def test_verbose_tells_of_clients_and_never_of_messages(lines: io.StringIO) -> None:
    told = await one_client(lines, "human", verbose=True)
    assert [line.split()[2] for line in told] == [
        "peerConnected",
        "peerAnnounced",
        "peerDisconnected",
        "stopped",
    ]
    assert f"peerId={A}" in told[0]


async def test_json_lines_have_the_documented_names(lines: io.StringIO) -> None:
    told = [json.loads(line) for line in await one_client(lines, "json", verbose=True)]
    announced = told[1]
    assert announced.pop("time").endswith("Z")
    assert announced == {
        "level": "debug",
        "event": "peerAnnounced",
        "peerId": A,
        "networkName": "net1",
        "isHub": False,
    }


@pytest.mark.parametrize("style", ["human", "json"])
async def test_a_stranger_cannot_forge_a_line(lines: io.StringIO, style: LogFormat) -> None:
    """uvicorn PYSEC-2020-150."""
    forged = "net1\n12:00:00 info  started  host=evil\r\x1b[2J\u2028"
    configure_logging(style, verbose=True, stream=lines)
    async with running() as server:
        log_events(server)
        async with await join(server, A, forged) as client:
            await client.before_pong()
    text = lines.getvalue()
    assert "evil" in text
    assert not any(line.startswith("12:00:00") for line in text.splitlines())
    assert "\x1b" not in text


def test_a_fault_is_told_with_its_traceback(lines: io.StringIO) -> None:
    configure_logging("json", verbose=False, stream=lines)
    try:
        raise ZeroDivisionError("ours")
    except ZeroDivisionError:
        logging.getLogger("peerpigeon.net").exception("it broke")
    line = json.loads(lines.getvalue())
    assert (line["event"], line["message"]) == ("log", "it broke")
    assert "ZeroDivisionError: ours" in line["traceback"]
