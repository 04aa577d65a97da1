"""Several processes behind one port: ``peerpigeon hub --workers``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from peerpigeon.cli.supervisor import next_pause
from tests.cli.test_process import COMMAND
from tests.net.client import DEADLINE, Client, Json
from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which processes there are"),
]

ROOMS = ("room-2", "room-3", "room-4", "room-5")
"""Namespaces of both workers: their hashes are even and odd."""


class Service:
    """A supervisor with two workers."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    async def get(self, path: str) -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as response,
        ):
            return await response.text()


@asynccontextmanager
async def service(*words: str, **environment: str) -> AsyncIterator[Service]:
    with reserved_port() as port:
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "hub", "--workers", "2", "--port", str(port), "--no-auto-connect"),
            *words,
            env={**os.environ, **environment},
        )
        found = Service(process, port)
        try:
            await until(lambda: is_linked(found))
            yield found
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(DEADLINE):
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
        client = await stack.enter_async_context(await Client.at(found.port, id_of(room, number)))
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


async def test_clients_of_a_room_are_at_one_worker_wherever_they_connect() -> None:
    async with service() as found, AsyncExitStack() as stack:
        for room in ROOMS:
            await talk(await met(stack, found, room), room)
        assert sorted(await counts(found)) == [4, 4]
        health = json.loads(await found.get("/health"))
        assert health["connections"] == 8
        assert [each["connections"] for each in health["workers"]] == [4, 4]
        assert health["hubMesh"]["localConnections"] == 1
        metrics = await found.get("/metrics")
        for index in (0, 1):
            assert f'peerpigeon_clients{{worker="{index}"}} 4.0' in metrics
        assert metrics.count("# TYPE peerpigeon_clients gauge") == 1


async def test_a_client_that_changes_its_room_is_served_across_workers() -> None:
    async with service() as found, AsyncExitStack() as stack:
        first, _ = await met(stack, found, ROOMS[0])
        _, second = await met(stack, found, ROOMS[1])
        assert sorted(await counts(found)) == [2, 2]
        await first.announce(ROOMS[1])
        assert (await second.until("peer-discovered"))["data"]["peerId"] == id_of(ROOMS[0], 0)
        await first.signal(id_of(ROOMS[1], 1), namespace=ROOMS[1])
        assert (await second.until("offer"))["fromPeerId"] == id_of(ROOMS[0], 0)


async def test_a_worker_that_dies_is_started_again_and_only_its_clients_notice() -> None:
    async with service() as found, AsyncExitStack() as stack:
        rooms = {room: await met(stack, found, room) for room in ROOMS[:2]}
        before = found.workers
        homes = {place_of(pid)["index"]: pid for pid in before}
        dead, alive = (ROOMS[0], ROOMS[1]) if before[0] == homes[1] else (ROOMS[1], ROOMS[0])
        os.kill(before[0], signal.SIGKILL)
        assert (await rooms[dead][0].closed())[0] == 1006
        await talk(rooms[alive], alive)
        await until(lambda: is_linked(found, other_than=before[0]))
        assert before[1] in found.workers
        assert len(found.workers) == 2
        await talk(await met(stack, found, dead), dead)
        await talk(rooms[alive], alive)


@pytest.mark.parametrize("by", ["signal", "page"])
async def test_all_workers_are_drained_together(by: str) -> None:
    with reserved_port() as admin_port:
        words = ("--drain-time", "0.2", "--admin-port", str(admin_port))
        async with service(*words) as found, AsyncExitStack() as stack:
            clients = [client for room in ROOMS for client in await met(stack, found, room)]
            workers = found.workers
            if by == "signal":
                found.process.send_signal(signal.SIGTERM)
            else:
                async with (
                    aiohttp.ClientSession() as session,
                    session.post(f"http://127.0.0.1:{admin_port}/drain") as response,
                ):
                    assert response.status == 202
            for client in clients:
                code, reason = await client.closed()
                assert (code, reason) == (1012, "server is draining, connect again")
            async with asyncio.timeout(DEADLINE):
                assert await found.process.wait() == 0
            assert not any_alive(workers)


async def test_workers_end_when_their_supervisor_is_killed() -> None:
    async with service() as found:
        workers = found.workers
        directory = place_of(workers[0])["directory"]
        found.process.kill()

        async def are_gone() -> bool:
            return not any_alive(workers)

        await until(are_gone)
        assert not is_there(directory)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("hub", "--workers", "0"), "write a number from 1 to 64, or auto"),
        (("hub", "--workers", "65"), "write a number from 1 to 64, or auto"),
        (("hub", "--workers", "2", "--rebalance"), "rebalance cannot be had with several workers"),
        (("hub", "--workers", "2", "--hub-peer-id", "a" * 40), "with an id of its own"),
        (("server", "--workers", "2"), "use `peerpigeon hub`"),
    ],
)
async def test_what_cannot_be_had_with_workers_is_refused(
    words: tuple[str, ...], told: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *words, "--port", "0", stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(DEADLINE):
        _, errors = await process.communicate()
    assert process.returncode == 2
    assert told in errors.decode()


def test_a_worker_that_dies_again_and_again_is_started_the_more_seldom() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(next_pause(pauses[-1], lived=1.0))
    assert pauses[1:] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert next_pause(5.0, lived=9.9) == 5.0
    assert next_pause(5.0, lived=10.0) == 0.1
