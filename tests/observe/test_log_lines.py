"""Log lines: for a person, for a program, and never forged by a stranger."""

from __future__ import annotations

import io
import json
import logging
import re
from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import HubDiscovered
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
    configure_logging(style, "debug" if verbose else "info", stream)
    async with running() as server:
        log_events(server)
        async with await join(server, A) as client:
            for _ in range(10):
                await client.before_pong()
    return stream.getvalue().splitlines()


async def test_it_is_quiet_about_clients(lines: io.StringIO) -> None:
    (line,) = await one_client(lines, "human", verbose=False)
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info    [0-9a-f]{8}:[1-9]\d* stopped", line
    )


async def test_verbose_tells_of_clients_and_never_of_messages(lines: io.StringIO) -> None:
    told = await one_client(lines, "human", verbose=True)
    assert [line.split()[4] for line in told] == [
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
    assert len(announced.pop("hub")) == len(A)
    assert announced.pop("port") > 0
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
    configure_logging(style, "debug", lines)
    async with running() as server:
        log_events(server)
        async with await join(server, A, forged) as client:
            await client.before_pong()
    text = lines.getvalue()
    assert "evil" in text
    assert not any(line.startswith("12:00:00") for line in text.splitlines())
    assert "\x1b" not in text


def test_addresses_are_told_as_people_write_them(lines: io.StringIO) -> None:
    configure_logging("human", "info", lines)
    found = HubDiscovered(PeerId(A), PeerId(A), ("ws://192.0.2.1:3000", "wss://hub.example"))
    logging.getLogger("peerpigeon").info("hubDiscovered", extra={"notice": found})
    assert lines.getvalue().endswith(" data=ws://192.0.2.1:3000,wss://hub.example\n")


def test_a_fault_is_told_with_its_traceback(lines: io.StringIO) -> None:
    configure_logging("json", "info", lines)
    try:
        raise ZeroDivisionError("ours")
    except ZeroDivisionError:
        logging.getLogger("peerpigeon.net").exception("it broke")
    line = json.loads(lines.getvalue())
    assert (line["event"], line["message"]) == ("log", "it broke")
    assert "ZeroDivisionError: ours" in line["traceback"]
