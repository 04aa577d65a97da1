"""Hubs that know the secret, and have another one draw from swarms without end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING

from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.hub_codec import BATCH_LIMIT
from peerpigeon.core.wire.hub_news import Draw
from tests.hostile.attacks.liar import KIND, MESH, linked
from tests.hostile.scene import attack
from tests.hostile.sockets import Socket, new_id, text
from tests.hostile.waiting import comes_true
from tests.hostile.witness import SOON

if TYPE_CHECKING:
    from tests.hostile.lying_hub import LyingHub
    from tests.hostile.scene import Scene

MEMBERS = 64
"""For whom one socket of a tracker's client speaks."""

AT_ONCE = 20
"""Draws in one message."""


async def swarm_of(scene: Scene, liar: LyingHub) -> tuple[str, Socket]:
    """Have members at the last hub, in a swarm of which the liar's neighbour is the lead."""
    hubs = Placement({liar.own, *map(PeerId, liar.adverts)})
    hashes = (f"{number:020}" for number in itertools.count())
    info_hash = next(each for each in hashes if hubs.primary(_swarm(each)) == liar.hub)
    crowd = await Socket.connect(scene.ports[-1])
    await crowd.shake("/announce")
    for number in range(MEMBERS):
        ids = {"info_hash": info_hash, "peer_id": f"{number:020}"}
        await crowd.send(text({"action": "announce", **ids, "left": 1}))
    for _ in range(MEMBERS):
        await crowd.frame()
    crowd.listen()
    return _swarm(info_hash), crowd


def _swarm(info_hash: str) -> str:
    return namespace_of(Kind.SWARM, info_hash.encode().hex())


async def draw(scene: Scene, *payloads: bytes, acknowledges: bool = True) -> None:
    """Have messages dealt as fast as can be."""
    liar = await linked(scene, scene.port)
    namespace, crowd = await swarm_of(scene, liar)
    liar.acknowledges = acknowledges
    end = asyncio.get_running_loop().time() + scene.seconds
    drawn = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(end):
            while liar.is_in:
                said = (
                    Draw(namespace, PeerId(new_id()), drawn + number, payloads)
                    for number in range(AT_ONCE)
                )
                await liar.say(*map(liar.routed, said))
                drawn += AT_ONCE
                await asyncio.sleep(0)
    scene.figures["draws"] = drawn
    scene.figures["offers that came"] = crowd.heard
    scene.figures["liar closed"] = liar.socket.closed
    await scene.rest(end - scene.seconds)


@attack(KIND, hubs=2, options=MESH)
async def draws_without_end(scene: Scene) -> None:
    """Has a hundred offers at a time dealt to a swarm of others, as fast as it can."""
    await draw(scene, *((b'"x"',) * 100))


@attack(KIND, hubs=2, options=MESH)
async def counts_without_end(scene: Scene) -> None:
    """Asks how many are in a swarm of others, as fast as it can."""
    await draw(scene)


@attack(KIND, hubs=2, options=MESH)
async def counts_not_acknowledged(scene: Scene) -> None:
    """Asks so, and acknowledges no answer, so that the hub keeps them all."""
    await draw(scene, acknowledges=False)


@attack(KIND, hubs=2, options=MESH)
async def draws_in_one_message(scene: Scene) -> None:
    """Has a thousand draws taken at once, as they come in one message in pieces."""
    begun = asyncio.get_running_loop().time()
    liar = await linked(scene, scene.port)
    namespace, crowd = await swarm_of(scene, liar)
    offers = (b'"x"',) * 100
    said = (Draw(namespace, PeerId(new_id()), number, offers) for number in range(BATCH_LIMIT))
    await liar.say(*map(liar.routed, said))
    put_out = await comes_true(lambda: not liar.is_in, SOON)
    scene.claim("who says several frames in pieces is put out", put_out)
    await scene.rest(begun)
    scene.figures["offers that came"] = crowd.heard
