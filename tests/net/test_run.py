"""``run``: a server as all that a program does."""

from __future__ import annotations

import asyncio
import re
import signal
import sys

import pytest

from tests.cli.test_process import until_said
from tests.net.client import DEADLINE, A, Client

pytestmark = pytest.mark.slow

PROGRAM = """
import logging, sys
import peerpigeon

def tell(server):
    server.on(peerpigeon.Started, lambda event: print("at", event.port, file=sys.stderr))

peerpigeon.run(port=0, host="127.0.0.1", drain_time=0.1, setup=tell)
print("over", logging.getLogger().handlers, file=sys.stderr)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 1012), (signal.SIGINT, 1001)])
async def test_a_signal_ends_it_in_good_order(number: signal.Signals, code: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said = await until_said(process.stderr, "at ")
    port = re.search(r"at ([0-9]+)", said)
    assert port is not None
    async with await Client.at(int(port[1]), A) as client:
        await client.next()
        process.send_signal(number)
        assert (await client.closed())[0] == code
    async with asyncio.timeout(DEADLINE):
        _, rest = await process.communicate()
    assert (process.returncode, rest.decode().splitlines()[-1]) == (0, "over []")
