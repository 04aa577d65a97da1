"""Several processes behind one port: ``peerpigeon hub --workers``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon.cli.supervisor import next_pause
from tests.cli.test_process import COMMAND
from tests.cli.workers import (
    ROOMS,
    START,
    any_alive,
    counts,
    id_of,
    is_linked,
    is_there,
    met,
    place_of,
    service,
    talk,
    until,
)
from tests.net.collector import collector
from tests.net.hubs import eventually
from tests.net.tls.authority import Authority
from tests.ports import reserved_port

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which processes there are"),
]


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


async def test_each_worker_sends_its_own_spans_of_a_signal_to_the_other() -> None:
    with collector() as taken:
        running = service(
            *("--trace-every", "1"),
            OTEL_EXPORTER_OTLP_ENDPOINT=taken.endpoint,
            OTEL_BSP_SCHEDULE_DELAY="50",
        )
        async with running as found, AsyncExitStack() as stack:
            first, _ = await met(stack, found, ROOMS[0])
            _, second = await met(stack, found, ROOMS[1])
            await first.announce(ROOMS[1])
            await second.until("peer-discovered")
            await first.signal(id_of(ROOMS[1], 1), namespace=ROOMS[1])
            await second.until("offer")
            await eventually(lambda: bool(taken.named("deliver offer")))
            await eventually(lambda: bool(taken.named("signal offer")))
    (root,), (delivered,) = taken.named("signal offer"), taken.named("deliver offer")
    assert (delivered.trace_id, delivered.parent_span_id) == (root.trace_id, root.span_id)
    assert len(taken.instances) == 2


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
            async with asyncio.timeout(START):
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
    async with asyncio.timeout(START):
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


# How clients come in


def tls(folder: Path) -> tuple[Authority, tuple[str, ...]]:
    """Return an authority, and the words by which a server has a certificate of it."""
    authority = Authority(folder)
    pair = authority.issue("127.0.0.1")
    return authority, ("--tls-cert", pair.certificate, "--tls-key", pair.key)


async def test_clients_of_a_room_are_at_one_worker_over_tls_too(tmp_path: Path) -> None:
    authority, words = tls(tmp_path)
    async with (
        service(*words, trust=authority.client_context) as found,
        AsyncExitStack() as stack,
    ):
        rooms = {room: await met(stack, found, room) for room in ROOMS}
        for room, clients in rooms.items():
            await talk(clients, room)
        assert sorted(await counts(found)) == [4, 4]
        room = ROOMS[0]
        first, second = rooms[room]
        large = "x" * 300_000
        for number in range(8):  # more than all that may wait on the way
            await first.signal(id_of(room, 1), data=f"{number}{large}", namespace=room)
        for number in range(8):
            assert (await second.until("offer"))["data"] == f"{number}{large}"
        await first.close()
        assert (await second.until("peer-disconnected"))["data"]["peerId"] == id_of(room, 0)
        health = json.loads(await found.get("/health"))
        assert health["connections"] == 7


async def test_over_tls_clients_are_let_go_in_good_order_too(tmp_path: Path) -> None:
    authority, words = tls(tmp_path)
    async with (
        service(*words, "--drain-time", "0.5", trust=authority.client_context) as found,
        AsyncExitStack() as stack,
    ):
        clients = [client for room in ROOMS for client in await met(stack, found, room)]
        found.process.send_signal(signal.SIGTERM)
        for client in clients:
            assert await client.closed() == (1012, "server is draining, connect again")
        async with asyncio.timeout(START):
            assert await found.process.wait() == 0


async def test_over_tls_who_loses_a_worker_can_come_again(tmp_path: Path) -> None:
    authority, words = tls(tmp_path)
    async with (
        service(*words, trust=authority.client_context) as found,
        AsyncExitStack() as stack,
    ):
        rooms = {room: await met(stack, found, room) for room in ROOMS}
        dead, _ = found.workers
        os.kill(dead, signal.SIGKILL)
        await until(lambda: is_linked(found, other_than=dead))
        for room, clients in rooms.items():
            for client in clients:
                await client.close()
            await talk(await met(stack, found, room), room)


# Limits


async def test_all_workers_together_have_as_many_clients_as_one_hub() -> None:
    async with service("--max-connections", "20") as found, AsyncExitStack() as stack:
        for number in range(19):
            client = await stack.enter_async_context(await found.connect(f"{number:040d}"))
            assert (await client.next())["type"] == "connected"
            await client.announce(ROOMS[number % len(ROOMS)])
        assert sum(await counts(found)) == 19
        for number in range(19, 25):  # some of them come to each worker, and have to wait
            await stack.enter_async_context(await found.connect(f"{number:040d}"))
        assert sum(await counts(found)) <= 20
