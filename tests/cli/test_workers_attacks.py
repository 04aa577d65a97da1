"""What strangers try on several workers of one command, and what becomes of those that die.

That each can fail is shown in ``test_workers_mutants``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.mesh.authentication import Authenticator
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import VERSION, Hello, Proof
from tests.cli.workers import (
    ROOMS,
    any_alive,
    counts,
    id_of,
    is_linked,
    met,
    place_of,
    service,
    talk,
    until,
)
from tests.net.client import DEADLINE
from tests.net.raw import TEXT, frame, upgrade

if TYPE_CHECKING:
    from tests.cli.workers import Service

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which processes there are"),
]

NOBODY = 65534

STRANGER = PeerId("f" * 40)

REACH = """
import os, socket, sys
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
directory = sys.argv[1]
for name, kind in (("0.links", socket.SOCK_STREAM), ("1.clients", socket.SOCK_DGRAM)):
    with socket.socket(socket.AF_UNIX, kind) as stranger:
        try:
            stranger.connect(directory + "/" + name)
            print("reached", name)
        except PermissionError:
            print("kept out of", name)
"""


def mode_of(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


async def test_no_other_user_reaches_what_is_between_workers() -> None:
    async with service() as found:
        directory = place_of(found.workers[0])["directory"]
        assert mode_of(directory) == 0o700
        if os.getuid() != 0:
            return  # nobody but root can become somebody else
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", REACH.format(nobody=NOBODY), directory),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert said.decode().splitlines() == ["kept out of 0.links", "kept out of 1.clients"]
        # Whoever may look there is let in, so that this can fail.
        reader, writer = await asyncio.open_unix_connection(f"{directory}/0.links")
        writer.write(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def is_let_in(directory: str, secret: str) -> bool:
    """Speak to a worker as a hub, with a secret; tell whether it goes on as to another hub."""
    authenticator = Authenticator(STRANGER, (secret,), Random(1))
    nonce = authenticator.nonce()
    connector = aiohttp.UnixConnector(f"{directory}/0.links")
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.ws_connect("http://localhost/?hub=1&protocol=2") as worker,
        asyncio.timeout(DEADLINE),
    ):
        hello = Hello(STRANGER, 1, "pigeonhub-mesh", VERSION, 0, nonce)
        await worker.send_bytes(batch([encode(hello)]))
        async for message in worker:
            for said in decode(message.data):
                if isinstance(said, Hello):
                    proof = authenticator.prove(said.hub, nonce, said.nonce)
                    await worker.send_bytes(batch([encode(proof)]))
                elif not isinstance(said, Proof):
                    return True
    return False


async def test_a_hub_that_gets_to_a_workers_socket_has_to_prove_itself() -> None:
    async with service(HUB_SECRET="a secret of this mesh") as found:
        directory = place_of(found.workers[0])["directory"]
        assert not await is_let_in(directory, "a secret of another one")
        assert await is_linked(found)
        assert await is_let_in(directory, "a secret of this mesh")


def stranger(number: int) -> str:
    """Return an id that is nobody's in ``ROOMS``."""
    return f"a{number:039x}"


async def kill(pids: list[int]) -> None:
    """Kill workers; none of them is there to take a connection any more."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)

    async def are_gone() -> bool:
        return not any_alive(pids)

    await until(are_gone)


async def served(found: Service, number: int, room: str) -> None:
    """Connect and announce, and leave again; fails if there is nobody who serves it."""
    async with asyncio.timeout(DEADLINE), await found.connect(stranger(number)) as client:
        assert (await client.next())["type"] == "connected"
        await client.announce(room)
        await client.before_pong()  # by whoever has it then


async def test_a_worker_that_is_killed_again_and_again_takes_nothing_from_the_other() -> None:
    async with service() as found, AsyncExitStack() as stack:
        pids = {place_of(pid)["index"]: pid for pid in found.workers}
        rooms = {room: await met(stack, found, room) for room in ROOMS[:2]}
        victim = pids[0]
        alive, dead = rooms  # by the hashes of their names they are at 1 and at 0
        for kills in range(4):
            await kill([victim])
            for number in range(10):
                await served(found, 1000 * kills + number, ROOMS[2 + number % 2])
                await talk(rooms[alive], alive)
            await until(lambda: is_linked(found, other_than=victim))  # noqa: B023 - it is waited for here
            assert pids[1] in found.workers
            (victim,) = set(found.workers) - {pids[1]}
        await talk(await met(stack, found, dead), dead)


async def test_a_supervisor_whose_workers_all_die_serves_who_waits_at_its_port() -> None:
    async with service() as found, AsyncExitStack() as stack:
        for kills in range(2):
            dead = found.workers
            await kill(dead)
            await served(found, kills, ROOMS[0])  # it waits in the queue of the port
            await until(lambda: is_linked(found, other_than=dead[0]))  # noqa: B023 - it is waited for here
        await talk(await met(stack, found, ROOMS[0]), ROOMS[0])


async def test_a_crowd_in_one_namespace_leaves_the_clients_of_the_other_worker_alone() -> None:
    async with service() as found, AsyncExitStack() as stack:
        pair = await met(stack, found, ROOMS[0])

        async def come(number: int) -> None:
            client = await stack.enter_async_context(await found.connect(stranger(number)))
            assert (await client.next())["type"] == "connected"
            await client.announce(ROOMS[1])

        crowd = asyncio.gather(*(come(number) for number in range(1, 301)))
        while not crowd.done():
            await talk(pair, ROOMS[0])
        await crowd

        async def are_home() -> bool:
            return sorted(await counts(found)) == [2, 300]

        await until(are_home)
        await talk(pair, ROOMS[0])


def text(message: dict[str, object]) -> bytes:
    """Return a message as a client sends it."""
    return frame(TEXT, json.dumps(message).encode())


async def test_who_has_said_half_of_something_when_it_is_to_be_handed_over_loses_nothing() -> None:
    """Heads that come by the byte, and half a signal behind the announce, in both namespaces."""
    async with service() as found, AsyncExitStack() as stack:
        rooms = ROOMS[:2]
        targets = {room: (await met(stack, found, room))[0] for room in rooms}

        async def come(number: int, room: str) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
            stack.callback(writer.close)
            head = upgrade(target=f"/?peerId={number + 1000:040x}")
            announce = text({"type": "announce", "networkName": room, "data": {}})
            offer = {"type": "offer", "data": number, "targetPeerId": id_of(room, 0)}
            last, half = text({**offer, "networkName": room}), number  # of 130 bytes or so
            for part in (head[:-7], head[-7:] + announce + last[:half], last[half:]):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.05)  # so that it is read by itself
            assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")

        await asyncio.gather(*(come(number, rooms[number % 2]) for number in range(60)))
        for index, room in enumerate(rooms):
            offers = [(await targets[room].until("offer"))["data"] for _ in range(30)]
            assert sorted(offers) == list(range(index, 60, 2))
