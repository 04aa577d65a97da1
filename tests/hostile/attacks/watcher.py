"""Who watches a hub, and does not read; who asks for its figures without end; endless requests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections import Counter

from peerpigeon.net.http.visits import STREAMS
from tests.hostile.attacks.hoard import hold
from tests.hostile.scene import Scene, attack
from tests.hostile.sockets import Socket, announce

KIND = "watcher"
EVENTS = b"GET /dashboard/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
METRICS = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ENDLESS = 1 << 40
AT_ONCE = 20
A_SECOND = 1.0
PLACES = 80
"""More than there are for those who watch."""


async def happenings(scene: Scene) -> None:
    """See to it that there is something to tell: clients that come, announce and leave."""
    while True:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            client = await Socket.open(scene.port, address="127.0.0.3")
            await client.send(announce("n" * 200))
            await client.until("connected")
            client.abort()
        await asyncio.sleep(0.01)


async def _watch(scene: Scene, number: int) -> Socket:
    """Open the stream of events, at the port of clients and at the operator's in turn."""
    watcher = await Socket.connect(
        (scene.port, scene.admin_port)[number % 2], f"127.0.0.{number % 100 + 2}"
    )
    watcher.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await watcher.send(EVENTS)
    return watcher


@attack(KIND, has_admin=True)
async def dashboards_unread(scene: Scene) -> None:
    """Opens the dashboard's stream again and again while clients come and go, and does not read."""
    busy = asyncio.create_task(happenings(scene))
    watchers = await hold(scene, scene.count(300, 2000), lambda number: _watch(scene, number))
    busy.cancel()
    statuses = Counter(await asyncio.gather(*map(_status, watchers)))
    scene.figures["statuses"] = dict(statuses)
    scene.claim("no more watch at a port than may", statuses["200"] <= 2 * STREAMS, dict(statuses))


async def _status(watcher: Socket) -> str:
    """Return what a watcher was answered with, which it reads at last."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, RuntimeError):
        watcher.writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(A_SECOND):
            return (await watcher.reader.readexactly(12))[9:].decode("latin-1")
    return "none"


@attack(KIND, has_admin=True)
async def dashboards_by_the_byte(scene: Scene) -> None:
    """Has the dashboard's stream open in all places there are, and reads a byte a second."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    busy = asyncio.create_task(happenings(scene))
    read = 0

    async def sip(number: int) -> None:
        nonlocal read
        with socket.socket() as own, contextlib.suppress(OSError, TimeoutError):
            own.setblocking(False)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            own.bind((f"127.0.0.{number % 100 + 2}", 0))
            async with asyncio.timeout_at(end):
                port = (scene.port, scene.admin_port)[number % 2]
                await loop.sock_connect(own, ("127.0.0.1", port))
                await loop.sock_sendall(own, EVENTS)
                while await loop.sock_recv(own, 1):
                    read += 1
                    await asyncio.sleep(A_SECOND)

    await asyncio.gather(*(sip(number) for number in range(PLACES)))
    busy.cancel()
    scene.figures["bytes read"] = read


@attack(KIND, has_admin=True)
async def metrics_without_end(scene: Scene) -> None:
    """Asks for `/metrics` over ever new connections, 20 at a time, at both ports."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    statuses: Counter[str] = Counter()

    async def ask(number: int) -> None:
        while loop.time() < end:
            try:
                asker = await Socket.connect((scene.port, scene.admin_port)[number % 2])
                await asker.send(METRICS)
                said = await asyncio.wait_for(asker.reader.read(-1), 5)
                statuses[said[9:12].decode("latin-1")] += 1
            except (OSError, TimeoutError) as error:
                statuses[type(error).__name__] += 1
                await asyncio.sleep(0.01)
            else:
                asker.abort()

    await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))
    scene.figures["statuses"] = dict(statuses)


@attack(KIND, has_admin=True)
async def bodies_without_end(scene: Scene) -> None:
    """Posts bodies that never end to the operator's port: by the byte, in chunks, and flat out."""
    kinds = (
        (b"Content-Length: 60000", b"x"),
        (b"Content-Length: %d" % ENDLESS, b"x" * 60_000),
        (b"Transfer-Encoding: chunked", b"1\r\nx\r\n" * 10_000),
        (b"Transfer-Encoding: chunked", b"1;%b\r\nx\r\n" % (b"y" * 50)),
    )
    tasks: list[asyncio.Task[None]] = []
    sent = itertools.count()

    async def endless(number: int) -> Socket:
        line, part = kinds[number % len(kinds)]
        poster = await Socket.connect(scene.admin_port, f"127.0.0.{number % 100 + 2}")
        await poster.send(b"POST /drain HTTP/1.1\r\nHost: 127.0.0.1\r\n%b\r\n\r\n" % line)
        tasks.append(asyncio.create_task(go_on(poster, part)))
        return poster

    async def go_on(poster: Socket, part: bytes) -> None:
        while await poster.send(part):
            next(sent)
            await asyncio.sleep(0.01)

    await hold(scene, scene.count(200, 1000), endless)
    for task in tasks:
        task.cancel()
    scene.figures["parts"] = next(sent)
