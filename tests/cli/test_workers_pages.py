"""What people and programs are told of several workers: one server, and each of its hubs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack

import pytest

from tests.cli.test_process import COMMAND
from tests.cli.workers import (
    ROOMS,
    START,
    Service,
    health_of,
    id_of,
    met,
    running,
    service,
    talk,
    until,
)
from tests.ports import reserved_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which processes there are"),
]


async def told_by(*words: str) -> tuple[int, str]:
    """Return the exit status of a command, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *words, env=dict(os.environ), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(START):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_whichever_worker_answers_says_how_the_whole_is() -> None:
    async with service() as found, AsyncExitStack() as stack:
        for room in ROOMS[:3]:
            await talk(await met(stack, found, room), room)
        own = {
            health["hubMesh"]["hubPeerId"]: health
            for health in [await health_of(pid) for pid in found.workers]
        }
        health = json.loads(await found.get("/health"))
        assert health["connections"] == 6
        assert health["signals"]["relayed"] == 6
        assert {each["hubPeerId"]: each["connections"] for each in health["workers"]} == {
            hub: told["connections"] for hub, told in own.items()
        }
        assert sorted(told["connections"] for told in own.values()) == [2, 4]
        for path, name in (("/ready", "ready"), ("/live", "live")):
            assert json.loads(await found.get(path)) == {"status": name}
        assert json.loads(await found.get("/limits"))["features"]["hub"]
        mesh = json.loads(await found.get("/mesh"))
        assert {hub["peerId"] for hub in mesh["hubs"]} == set(own)
        status, said = await told_by("status", f"ws://127.0.0.1:{found.port}", "--json")
        assert status == 0
        for hub in json.loads(said)["hubs"]:
            assert hub["clients"] == own[hub["hub"]]["connections"]
            assert hub["links"] == {"local": 1}
        status, said = await told_by("doctor", f"ws://127.0.0.1:{found.port}", "--json")
        assert status == 0
        (udp,) = (
            told for line in said.splitlines() if (told := json.loads(line))["check"] == "udp"
        )
        assert (udp["verdict"], udp["text"]) == ("ok", "its 2 hubs are workers of one machine")


async def machine(stack: AsyncExitStack, *words: str) -> Service:
    port = stack.enter_context(reserved_port())
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, "hub", "--workers", "2", "--port", str(port), *words), env=dict(os.environ)
    )
    return await stack.enter_async_context(running(Service(process, port)))


async def test_two_machines_with_workers_are_one_mesh() -> None:
    async with AsyncExitStack() as stack:
        first = await machine(stack, "--no-auto-connect")
        second = await machine(stack, "--bootstrap-hubs", f"ws://127.0.0.1:{first.port}")
        machines = (first, second)

        async def are_one() -> bool:
            pids = [pid for found in machines for pid in found.workers]
            meshes = [(await health_of(pid))["hubMesh"] for pid in pids]
            return [(each["knownHubs"], each["ready"]) for each in meshes] == [(4, True)] * 4

        await until(are_one)
        for room in ROOMS:
            clients = []
            for number, found in enumerate(machines):
                client = await stack.enter_async_context(await found.connect(id_of(room, number)))
                assert (await client.next())["type"] == "connected"
                await client.announce(room)
                clients.append(client)
            for client in clients:
                await client.until("peer-discovered")
            await talk(clients, room)
        assert [json.loads(await found.get("/health"))["connections"] for found in machines] == [
            len(ROOMS)
        ] * 2
