"""Hoards: many sockets or large pieces that want all of a hub's memory or descriptors."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tests.hostile.scene import BOTH, HONEST, Scene, attack
from tests.hostile.sockets import (
    CONTINUATION,
    PING,
    TEXT,
    Socket,
    announce,
    frame,
    new_id,
    signal,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KIND = "hoard"
MIB = 1 << 20
AT_ONCE = 50
MOMENT = 0.3  # seconds


async def crowd(count: int, one: Callable[[int], Awaitable[Socket]]) -> list[Socket]:
    """Open many, some at a time; those that fail are left out."""
    gate = asyncio.Semaphore(AT_ONCE)
    sockets: list[Socket] = []

    async def limited(number: int) -> None:
        async with gate:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                sockets.append(await one(number))

    await asyncio.gather(*(limited(number) for number in range(count)))
    return sockets


async def hold(scene: Scene, count: int, one: Callable[[int], Awaitable[Socket]]) -> list[Socket]:
    """Open many, and hold them until time is up, at least for half of it."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    sockets = await crowd(count, one)
    scene.figures["sockets"] = len(sockets)
    scene.figures["open after s"] = round(loop.time() - begun, 1)
    await asyncio.sleep(scene.seconds / 2)
    await scene.rest(begun)
    return sockets


async def put(socket: Socket, data: bytes) -> None:
    """Send as far as the hub takes it within a moment."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(MOMENT):
            await socket.send(data)


@attack(KIND, options={"max_connections": 30}, newcomers=False)
async def unfinished_frames_of_the_refused(scene: Scene) -> None:
    """Sockets that a full hub has refused, each with a frame of 1 MiB that lacks one byte."""
    begun = frame(bytes(MIB - 1), TEXT, size=MIB)

    async def refused(_: int) -> Socket:
        socket = await Socket.open(scene.port)
        await put(socket, begun)
        return socket

    await hold(scene, scene.count(250, 1500), refused)


@attack(KIND)
async def unfinished_messages(scene: Scene) -> None:
    """Clients with a message of almost 1 MiB in fragments, of which the last never comes."""
    half = bytes(MIB // 2)
    begun = frame(half, TEXT, fin=False) + frame(half[:-2], CONTINUATION, size=MIB // 2 - 1)

    async def client(_: int) -> Socket:
        socket = await Socket.open(scene.port)
        await put(socket, begun)
        return socket

    await hold(scene, scene.count(250, 900), client)


@attack(KIND)
async def small_fragments(scene: Scene) -> None:
    """Clients with a message of many small fragments (undici CVE-2026-9675)."""
    begun = frame(b"x", TEXT, fin=False) + frame(b"x", CONTINUATION, fin=False) * 100_000

    async def client(_: int) -> Socket:
        socket = await Socket.open(scene.port)
        await put(socket, begun)
        return socket

    await hold(scene, scene.count(40, 300), client)


@attack(KIND)
async def who_do_not_read(scene: Scene) -> None:
    """Clients that do not read, and one that signals to all of them."""
    peers = [new_id() for _ in range(scene.count(100, 900))]

    async def deaf(number: int) -> Socket:
        socket = await Socket.open(scene.port, peers[number])
        socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await socket.send(announce(f"deaf-{number % 8}"))
        return socket

    async def flood() -> None:
        for _ in range(12):
            for number in range(8):
                sender = await Socket.open(scene.port, address="127.0.0.3")
                await sender.send(announce(f"deaf-{number}"))
                sender.listen()
                for peer in peers[number::8]:
                    if not await sender.send(signal(peer, f"deaf-{number}", "x" * 400_000)):
                        break

    sockets = await crowd(len(peers), deaf)
    begun = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(scene.seconds):
            await flood()
    except (TimeoutError, OSError):
        pass
    scene.figures["sockets"] = len(sockets)
    await scene.rest(begun)


@attack(KIND)
async def bad_ids_close_unanswered(scene: Scene) -> None:
    """Handshakes with an id that is none; the close that comes is not answered."""

    async def nobody(_: int) -> Socket:
        return await Socket.open(scene.port, "no id")

    await hold(scene, scene.count(1500, 15_000), nobody)


@attack(KIND)
async def unfinished_heads(scene: Scene) -> None:
    """Requests of 16 KiB that do not end, and of which some drip (slowloris)."""
    begun = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 16_000

    async def slow(_: int) -> Socket:
        socket = await Socket.connect(scene.port)
        await socket.send(begun)
        return socket

    await hold(scene, scene.count(1000, 5000), slow)


@attack(KIND)
async def answers_unread(scene: Scene) -> None:
    """Asks for the largest page, and does not read it."""

    async def deaf(_: int) -> Socket:
        socket = await Socket.connect(scene.port)
        socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await socket.send(b"GET /demo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return socket

    await hold(scene, scene.count(300, 2000), deaf)


@attack(KIND)
async def half_closed(scene: Scene) -> None:
    """Clients that say that they will send no more, and stay."""

    async def half(_: int) -> Socket:
        socket = await Socket.open(scene.port)
        socket.writer.write_eof()
        return socket

    await hold(scene, scene.count(300, 900), half)


@attack(KIND)
async def pings_unread(scene: Scene) -> None:
    """Clients that ping without end, and do not read the answers."""
    ping = frame(b"x" * 125, PING) * 500

    async def deaf(_: int) -> Socket:
        socket = await Socket.open(scene.port)
        socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(20):
            await put(socket, ping)
        return socket

    await hold(scene, scene.count(30, 200), deaf)


@attack(KIND, descriptors=150, newcomers=False, loops=BOTH)
async def more_than_the_system_allows(scene: Scene) -> None:
    """Connects more often than the hub may have descriptors, and says nothing."""

    async def silent(_: int) -> Socket:
        return await Socket.connect(scene.port)

    await hold(scene, scene.count(400, 1000), silent)


@attack(KIND, tells_much=True)
async def large_introductions(scene: Scene) -> None:
    """Clients announce the most they may about themselves, where the honest clients are."""
    await _introduce(scene, HONEST)


@attack(KIND)
async def large_introductions_elsewhere(scene: Scene) -> None:
    """Clients announce the most they may about themselves, to each other in their own namespace."""
    await _introduce(scene, "elsewhere")


async def _introduce(scene: Scene, namespace: str) -> None:
    about = "x" * 16_000

    async def talkative(_: int) -> Socket:
        socket = await Socket.open(scene.port)
        socket.discard()
        await socket.send(announce(namespace, about=about))
        return socket

    await hold(scene, scene.count(100, 600), talkative)
