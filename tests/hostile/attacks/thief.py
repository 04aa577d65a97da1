"""Thieves of ids: ids are public, and whoever knows one may connect with it."""

from __future__ import annotations

import asyncio
import contextlib

from tests.hostile.scene import Scene, attack
from tests.hostile.sockets import Socket, announce, new_id, signal

KIND = "thief"
LARGE = "x" * 60_000
PACE = 400e3
"""Bytes a second that an owner reads."""


class Owner:
    """A client that reads at the pace of a poor line, and answers pings when it comes to them."""

    def __init__(self, socket: Socket, peer: str) -> None:
        self.socket = socket
        self.peer = peer
        self._task = asyncio.get_running_loop().create_task(self._live())

    @classmethod
    async def join(cls, port: int) -> Owner:
        """Connect, and announce."""
        peer = new_id()
        socket = await Socket.open(port, peer, address="127.0.0.3")
        await socket.until("connected")
        await socket.send(announce("owned"))
        return cls(socket, peer)

    @property
    def is_there(self) -> bool:
        """Whether its socket is open still."""
        return not self._task.done() and self.socket.is_open

    async def _live(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async for said in self.socket.messages():
                await asyncio.sleep(len(str(said)) / PACE)


async def steal(port: int, peer: str) -> str:
    """Connect with somebody's id; return what came of it."""
    thief = await Socket.open(port, peer)
    try:
        await thief.until("connected")
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        return f"refused, {thief.closed}"
    return "connected"


@attack(KIND)
async def flood_then_connect(scene: Scene) -> None:
    """Floods a live client, so that its pong is late, and then connects with its id."""
    came: list[str] = []
    tries = scene.count(2, 8)
    for _ in range(tries):
        owner = await Owner.join(scene.port)
        flooder = await Socket.open(scene.port)
        await flooder.send(announce("owned"))
        flooder.listen()
        for _ in range(50):
            if not await flooder.send(signal(owner.peer, "owned", LARGE)):
                break
        await asyncio.sleep(1.0)
        came.append(await steal(scene.port, owner.peer))
        scene.figures["owner closed"] = owner.socket.closed
        flooder.abort()
        owner.socket.abort()
    stolen = came.count("connected")
    scene.figures["came"] = came[0]
    scene.claim("no live client loses its id", not stolen, f"{stolen} of {tries} ids were stolen")


@attack(KIND)
async def squat_in_the_waiting_place(scene: Scene) -> None:
    """Connects again and again with the id of a live client, which then loses its network.

    The owner comes back with the key that it was given, if it was given one.
    """
    peer = new_id()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    first = await Socket.open(scene.port, peer, address="127.0.0.3")
    greeting = await first.until("connected")
    await first.send(announce("owned"))
    is_over = False

    async def squat() -> None:
        while not is_over:
            came = await steal(scene.port, peer)
            scene.figures[came] = scene.figures.get(came, 0) + 1
            await asyncio.sleep(0.01)

    squatters = [asyncio.create_task(squat()) for _ in range(4)]
    await asyncio.sleep(0.3)
    first.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(0.3)
    key = greeting["data"].get("resumeKey", "")
    query = f"&resumeKey={key}" if key else ""
    again = await Socket.open(scene.port, peer, query=query, address="127.0.0.3")
    try:
        await again.until("connected")
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        scene.claim("the owner gets its id back", holds=False, but=again.closed)
    is_over = True
    await asyncio.wait(squatters)
    await scene.rest(begun)
