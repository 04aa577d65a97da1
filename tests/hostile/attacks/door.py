"""Strangers at the door: who say that they are hubs, or come from pages that are not ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import Counter
from pathlib import Path

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_codec import batch, encode
from peerpigeon.core.wire.hub_frames import VERSION, Heartbeat, Hello
from tests.hostile.attacks.hoard import hold, put
from tests.hostile.scene import HONEST, SECRET, Scene, attack
from tests.hostile.sockets import BINARY, Socket, announce, frame, new_id, text
from tests.hostile.waiting import comes_true
from tests.hostile.witness import SOON, Witness
from tests.net.http.token_making import made

KIND = "door"
MESH = {"hub_secret": SECRET}
MIB = 1 << 20

KEYS = str(Path(__file__).parent.parent / "token_keys.json")
"""A public key whose other half nobody has."""


def hello(hub: str) -> bytes:
    """Return what a hub of ours says first."""
    nonce = secrets.token_bytes(16)
    return encode(Hello(PeerId(hub), 1, "pigeonhub-mesh", VERSION, 0, nonce))


@attack(KIND, options=MESH, joins=True)
async def unproved_hubs_with_large_frames(scene: Scene) -> None:
    """Hubs that have not proved themselves, each with a frame of 16 MiB that lacks one byte."""
    begun = frame(bytes(16 * MIB - 1), BINARY, size=16 * MIB)

    async def stranger(_: int) -> Socket:
        socket = await Socket.open(scene.port, query="&hub=1")
        await put(socket, begun)
        return socket

    await hold(scene, scene.count(20, 120), stranger)


@attack(KIND, options=MESH, joins=True)
async def unproved_hub_with_heartbeats(scene: Scene) -> None:
    """A hub that has not proved itself says 16 MB of heartbeats in one message, again and again."""
    begun = asyncio.get_running_loop().time()
    beat = encode(Heartbeat(1))
    count = 16 * MIB // len(beat) - 100
    whole = b"\xdd" + count.to_bytes(4, "big") + beat * count  # more than may be in a message
    most = batch([beat] * 65_535)
    said = 0
    while asyncio.get_running_loop().time() < begun + scene.seconds:
        peer = new_id()
        try:
            socket = await Socket.open(scene.port, peer, query="&hub=1")
        except OSError:
            await asyncio.sleep(0.05)
            continue
        await put(socket, frame(batch([hello(peer)]), BINARY))
        for message in (most, whole):
            await put(socket, frame(message, BINARY))
        said += 1
        socket.abort()
    scene.figures["messages"] = said


@attack(KIND, options=MESH, joins=True)
async def silent_hubs(scene: Scene) -> None:
    """Hubs that say nothing take all places there are for hubs; a true one has to link up."""

    async def silent(_: int) -> Socket:
        return await Socket.open(scene.port, query="&hub=1")

    await hold(scene, scene.count(400, 5000), silent)


@attack(KIND, options={"reference_hubs": "yes"})
async def clients_of_an_npm_hub(scene: Scene) -> None:
    """A hub of the npm package tells of 900 clients with 1 MB each."""
    begun = asyncio.get_running_loop().time()
    hub = new_id()
    socket = await Socket.open(scene.port, hub)
    socket.listen()
    await socket.send(announce("pigeonhub-mesh", isHub=True, peerId=hub))
    for _ in range(scene.count(250, 900)):
        data = {"peerId": new_id(), "isHub": False, "x": "x" * (MIB - 500)}
        said = {
            "type": "peer-discovered",
            "data": data,
            "networkName": "elsewhere",
            "fromPeerId": "system",
            "timestamp": 1,
        }
        if not await socket.send(text(said)):
            break
    await scene.rest(begun)
    scene.figures["sent MB"] = round(socket.sent / 1e6)
    scene.figures["closed"] = socket.closed


@attack(KIND)
async def page_as_a_hub(scene: Scene) -> None:
    """A web page of any origin says to a loopback's hub that it is a hub of the npm package."""
    begun = asyncio.get_running_loop().time()
    hub = new_id()
    socket = await Socket.open(scene.port, hub, "Origin: https://evil.example")
    told: list[str] = []

    async def listen() -> None:
        while said := await socket.message():
            if said["type"] == "peer-discovered":
                told.append(json.dumps(said)[:80])

    if socket.status == 101:
        watcher = await Witness.join(scene.port, HONEST)
        await comes_true(lambda: len(watcher.known) >= 20, SOON)
        await socket.send(announce("pigeonhub-mesh", isHub=True, peerId=hub))
        for target in watcher.known:
            said = {
                "type": "ice-candidate",
                "data": "forged",
                "fromPeerId": new_id(),
                "targetPeerId": target,
                "networkName": HONEST,
            }
            await socket.send(text(said))
        with contextlib.suppress(TimeoutError, OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(scene.seconds):
                await listen()
    scene.claim("a page is told nothing that is for hubs", not told, told)
    await scene.rest(begun)


@attack(KIND)
async def other_hosts(scene: Scene) -> None:
    """A page whose name leads to the loopback (DNS rebinding; MCP Python SDK PYSEC-2026-3483)."""
    begun = asyncio.get_running_loop().time()
    for host in ("evil.example", f"evil.example:{scene.port}", "127.0.0.1.evil.example"):
        socket = await Socket.connect(scene.port)
        await socket.shake(f"/?peerId={new_id()}", "Origin: http://evil.example", host=host)
        refused = socket.status not in (0, 101)
        scene.claim(f"Host: {host} is refused", refused, socket.status)
        socket.abort()
        socket = await Socket.connect(scene.port)
        await socket.send(b"GET /health HTTP/1.1\r\nHost: %s\r\n\r\n" % host.encode())
        answer = await socket.reader.read(1 << 16)
        scene.claim(f"/health under {host} is refused", b" 200 " not in answer[:20], answer[:60])
        socket.abort()
    await scene.rest(begun)


@attack(KIND, options={"token_keys": KEYS, "namespace_access": "*=open"})
async def forged_tokens(scene: Scene) -> None:
    """Handshakes flat out, 20 at a time, with tokens that are signed by nobody."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    statuses: Counter[int] = Counter()
    claims = {"exp": 2**40, "ns": ["*"]}

    async def ask() -> None:
        while loop.time() < end:
            token = made({"alg": "EdDSA", "kid": "hostile"}, claims, secrets.token_bytes(64))
            try:
                socket = await Socket.open(scene.port, query=f"&token={token}")
            except (OSError, TimeoutError):
                await asyncio.sleep(0.01)
                continue
            statuses[socket.status] += 1
            socket.abort()

    await asyncio.gather(*(ask() for _ in range(20)))
    scene.claim("no forged token is taken", not statuses[101], dict(statuses))
    scene.figures["refused"] = statuses[401]
