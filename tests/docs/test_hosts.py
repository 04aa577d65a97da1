"""Three hosts are set up by the lines that the pages have for it, with their addresses."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.docs.commands import TAG, blocks, commands
from tests.mesh.hosts import hosts, outcome
from tests.mesh.processes import STOP_TIMEOUT, eventually
from tests.net.client import A, B, Client
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.mesh.hosts import Host

SECRET_LINE = "openssl rand -hex 32"
STATUS_LINE = "peerpigeon status ws://localhost:3000"
DOCTOR_LINE = "peerpigeon doctor ws://FIRST:3000"
PORT = 3000


def lines_of(page: str) -> tuple[str, str, str]:
    """Return the line that tells the secret, that of the first host, and that of each other."""
    [lines] = [
        lines for tag, lines in blocks(page) if tag == TAG and lines[0].startswith("export HUB_SEC")
    ]
    export, *hubs = lines
    return export, hubs[0], hubs[-1]


@asynccontextmanager
async def typed(place: Host, *lines: str) -> AsyncIterator[None]:
    """Have a shell on a host run these lines, the last of which goes on until it is ended."""
    folder = str(Path(sys.executable).parent)
    script = "\n".join([*lines[:-1], f"exec {lines[-1]}"])
    process = await asyncio.create_subprocess_exec(
        *(*place.command, "sh", "-c", script),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL if "QUIET" in os.environ else None,
        # The test asks from another host.
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "SHOW_DETAILS": "yes"},
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_TIMEOUT):
            assert await process.wait() == 0


async def health(session: aiohttp.ClientSession, place: Host) -> dict[str, Any]:
    try:
        async with session.get(f"http://{place.address}:{PORT}/health") as answer:
            body: dict[str, Any] = (await answer.json())["hubMesh"]
            return body
    except aiohttp.ClientError:
        return {}


@pytest.mark.slow
@pytest.mark.hosts
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize("page", ["README.md", thorough("docs/guides/several-machines.md")])
async def test_the_lines_for_several_machines_make_one_mesh_and_a_signal_passes(page: str) -> None:
    export, first, other = lines_of(page)
    status, secret = await outcome(*SECRET_LINE.split())
    assert status == 0
    assert SECRET_LINE in commands()
    async with AsyncExitStack() as stack:
        places = await stack.enter_async_context(hosts(3))
        for number, place in enumerate(places):
            filled = [
                line.replace("SECRET=SECRET", f"SECRET={secret.strip()}")
                .replace("FIRST", places[0].address)
                .replace("OWN", place.address)
                for line in (export, other if number else first)
            ]
            await stack.enter_async_context(typed(place, *filled))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def look() -> list[dict[str, Any]]:
            return list(await asyncio.gather(*(health(session, place) for place in places)))

        await eventually(
            "all three are linked to each other over WebRTC",
            look,
            lambda seen: all(
                (each.get("knownHubs"), each.get("p2pConnections")) == (3, 2) for each in seen
            ),
        )
        async with (
            await Client.at(PORT, A, places[1].address) as one,
            await Client.at(PORT, B, places[2].address) as two,
        ):
            for client in (one, two):
                await client.announce()
            await two.until("peer-discovered")
            await one.signal(B, "offer", "from host to host")
            assert (await two.until("offer"))["data"] == "from host to host"
        if page == "README.md":
            await looked_at_by_its_lines(places)


async def looked_at_by_its_lines(places: list[Host]) -> None:
    """Have the lines that ask how the mesh is say that it is well, on the last host."""
    folder = Path(sys.executable).parent
    for line in (STATUS_LINE, DOCTOR_LINE):
        assert line in commands()
        words = line.replace("FIRST", places[0].address).split()
        code, said = await outcome(*places[-1].command, str(folder / words[0]), *words[1:])
        assert code == 0, said
        if line == STATUS_LINE:
            assert (said.count(" ready "), said.count("2 p2p")) == (3, 3)
