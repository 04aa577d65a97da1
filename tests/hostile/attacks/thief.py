"""Thieves of ids: ids are public, and whoever knows one may connect with it."""

from __future__ import annotations

import asyncio

from tests.hostile.scene import Scene, attack
from tests.hostile.sockets import Socket, announce, new_id, signal
from tests.hostile.waiting import comes_true
from tests.hostile.witness import SOON, Witness

KIND = "thief"
LARGE = "x" * 60_000
NAMESPACE = "owned"
HAS_IT = "has it"
DECIDED = 6.0
"""Seconds in which it is known who has an id: more than `takeover_timeout`."""

PACE = 400e3
"""Bytes a second that an owner reads."""


class Owner:
    """A client that reads at the pace of a poor line, and answers pings when it comes to them."""

    def __init__(self, socket: Socket, peer: str, key: str) -> None:
        self.socket = socket
        self.peer = peer
        self.key = key
        """What it shows when it comes again."""
        self._task = asyncio.get_running_loop().create_task(self._live())

    @classmethod
    async def join(cls, port: int) -> Owner:
        """Connect, and announce."""
        peer = new_id()
        socket = await Socket.open(port, peer, address="127.0.0.3")
        greeting = await socket.until("connected")
        await socket.send(announce(NAMESPACE))
        return cls(socket, peer, greeting["data"].get("resumeKey", ""))

    async def _live(self) -> None:
        async for said in self.socket.messages():
            await asyncio.sleep(len(str(said)) / PACE)


async def claim(port: int, peer: str, key: str = "") -> str:
    """Connect with an id, and return what came of it: whether others of the namespace are met."""
    query = f"&resumeKey={key}" if key else ""
    socket = await Socket.open(port, peer, query=query, address="127.0.0.4" if key else "127.0.0.2")
    try:
        await socket.send(announce(NAMESPACE))
        async with asyncio.timeout(DECIDED):
            await socket.until("peer-discovered")
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        return f"refused, {socket.closed}"
    else:
        return HAS_IT
    finally:
        socket.abort()


@attack(KIND)
async def flood_then_connect(scene: Scene) -> None:
    """Floods a live client, so that its pong is late, and then connects with its id."""
    came: list[str] = []
    friend = await Witness.join(scene.port, NAMESPACE)
    for _ in range(scene.count(2, 8)):
        owner = await Owner.join(scene.port)
        await comes_true(lambda: owner.peer in friend.known, SOON)  # noqa: B023 - waited for here
        flooder = await Socket.open(scene.port)
        await flooder.send(announce(NAMESPACE))
        flooder.listen()
        for _ in range(50):
            if not await flooder.send(signal(owner.peer, NAMESPACE, LARGE)):
                break
        await asyncio.sleep(1.0)
        came.append(await claim(scene.port, owner.peer))
        flooder.abort()
        owner.socket.abort()
    stolen = came.count(HAS_IT)
    scene.figures["stolen"] = f"{stolen} of {len(came)}"
    scene.claim("no live client loses its id", not stolen, f"{stolen} of {len(came)} were stolen")


@attack(KIND)
async def squat_in_the_waiting_place(scene: Scene) -> None:
    """Claims the id of a live client from four sockets without end; then its network breaks.

    The owner comes back with the key that it was given.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await Witness.join(scene.port, NAMESPACE)
    owner = await Owner.join(scene.port)
    is_over = False

    async def squat() -> None:
        while not is_over:
            await claim(scene.port, owner.peer)
            await asyncio.sleep(0.01)

    squatters = [asyncio.create_task(squat()) for _ in range(4)]
    await asyncio.sleep(0.3)
    owner.socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(0.3)
    came = await claim(scene.port, owner.peer, owner.key)
    scene.claim("the owner gets its id back", came == HAS_IT, came)
    is_over = True
    await asyncio.wait(squatters)
    await scene.rest(begun)
