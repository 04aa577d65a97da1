"""What tests of ``peerpigeon hub --workers`` share: a supervisor, its workers and their clients."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.cli.test_process import COMMAND
from tests.net.client import DEADLINE, Client, Json
from tests.ports import reserved_port

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

ROOMS = ("room-2", "room-3", "room-4", "room-5")
"""Namespaces of both workers: their hashes are even and odd."""


@dataclass
class Service:
    """A supervisor with two workers, and how to reach them."""

    process: asyncio.subprocess.Process
    port: int
    trust: ssl.SSLContext | None = None
    """What certificate to expect, if they speak TLS."""
    path: str = ""
    """The Unix socket at which they listen, if they do."""

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def session(self) -> aiohttp.ClientSession:
        if self.path:
            return aiohttp.ClientSession(connector=aiohttp.UnixConnector(self.path))
        return aiohttp.ClientSession()

    @property
    def address(self) -> str:
        return f"http{'s' if self.trust else ''}://127.0.0.1:{self.port}"

    async def connect(self, peer_id: str, **options: Any) -> Client:
        session = self.session()
        try:
            socket = await session.ws_connect(
                f"{self.address}/?peerId={peer_id}", ssl=self.trust or True, **options
            )
        except BaseException:
            await session.close()
            raise
        return Client(session, socket)

    async def get(self, path: str) -> str:
        async with (
            self.session() as session,
            session.get(f"{self.address}{path}", ssl=self.trust or True) as response,
        ):
            return await response.text()


@asynccontextmanager
async def service(
    *words: str,
    trust: ssl.SSLContext | None = None,
    path: str = "",
    workers: int = 2,
    **environment: str,
) -> AsyncIterator[Service]:
    with reserved_port() as port:
        where = ("--uds", path) if path else ("--port", str(port))
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "hub", "--workers", str(workers), *where, "--no-auto-connect"),
            *words,
            env={**os.environ, **environment},
        )
        async with running(Service(process, port, trust, path)) as found:
            yield found


@asynccontextmanager
async def running(found: Service) -> AsyncIterator[Service]:
    """Wait until the workers are there, and end them at the end."""
    process = found.process
    try:
        await until(lambda: is_linked(found))
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


START = 3 * DEADLINE
"""Seconds for all processes of a machine to start, or to end: each takes half a second on an idle
core, and ten or more where twenty others want it too."""


async def until(holds: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(START):
        while not await holds():  # noqa: ASYNC110 - it is another process that changes it
            await asyncio.sleep(0.05)


async def is_linked(found: Service, *, other_than: int = 0) -> bool:
    """Tell whether both workers are there and linked."""
    pids = found.workers
    try:
        healths = [await health_of(pid) for pid in pids]
    except (aiohttp.ClientError, OSError):
        return False
    linked = [each["hubMesh"]["localConnections"] for each in healths]
    return other_than not in pids and linked == [1, 1]


async def counts(found: Service) -> list[int]:
    """Return how many clients each worker has."""
    return [(await health_of(pid))["connections"] for pid in found.workers]


def place_of(pid: int) -> Json:
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    places = [each for each in variables if each.startswith(b"_PEERPIGEON_WORKER=")]
    if not places:
        raise OSError("it has not been given its place yet")
    place: Json = json.loads(places[0].partition(b"=")[2])
    return place


def is_there(path: str) -> bool:
    return Path(path).exists()


def any_alive(pids: list[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


async def health_of(pid: int) -> Json:
    place = place_of(pid)
    connector = aiohttp.UnixConnector(f"{place['directory']}/{place['index']}.links")
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://localhost/health") as response,
    ):
        health: Json = await response.json()
        return health


def id_of(room: str, number: int) -> str:
    return f"{ROOMS.index(room):020d}{number:020d}"


async def met(stack: AsyncExitStack, found: Service, room: str) -> list[Client]:
    """Return two clients of a room that have been introduced to each other."""
    clients = []
    for number in (0, 1):
        client = await stack.enter_async_context(await found.connect(id_of(room, number)))
        assert (await client.next())["type"] == "connected"
        await client.announce(room)
        clients.append(client)
    for number, client in enumerate(clients):
        told = await client.until("peer-discovered")
        assert told["data"]["peerId"] == id_of(room, 1 - number)
    return clients


async def talk(clients: list[Client], room: str) -> None:
    for number, client in enumerate(clients):
        await client.signal(id_of(room, 1 - number), data={"of": number}, namespace=room)
    for number, client in enumerate(clients):
        assert (await client.until("offer"))["data"] == {"of": 1 - number}
