"""Floods: one socket or a few that want all of a hub's time."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from socket import IPPROTO_TCP, TCP_NODELAY
from urllib.parse import quote

from peerpigeon.core.clients.rates import DRAWS, FORBEARANCE
from tests.hostile.scene import BOTH, FORGED, HONEST, Scene, attack
from tests.hostile.sockets import CLOSE, PING, PONG, Socket, announce, frame, new_id, signal, text
from tests.hostile.waiting import comes_true

KIND = "flood"
CHUNK = 1 << 16
PAUSE = 0.1  # seconds
MEMBERS = 128
"""As many as are told of a client at once, at the most (`discovery_limit`)."""


async def flood(scene: Scene, said: bytes, begin: bytes = b"", port: int = 0) -> None:
    """Send the same again and again as fast as it is taken, until time is up.

    `begin` goes first. When the hub ends the connection, the flood goes on over another one.
    """
    chunk = said * (CHUNK // len(said) + 1)
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    closings: Counter[str] = Counter()
    sent = 0
    while loop.time() < end:
        try:
            socket = await Socket.open(port or scene.port)
        except (OSError, TimeoutError) as error:
            closings[repr(error)] += 1
            await asyncio.sleep(PAUSE)
            continue
        socket.discard()
        await socket.send(begin)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(end):
                while socket.is_open:
                    await socket.send(chunk)
                    await asyncio.sleep(0)  # `drain` does not wait while the system takes all
        sent += socket.sent
        if loop.time() < end:
            await comes_true(lambda: socket.closed is not None, PAUSE)  # noqa: B023 - waited for
            closings[str(socket.closed)] += 1
        socket.abort()
    scene.figures["sent MB"] = round(sent / 1e6, 1)
    scene.figures["closed"] = dict(closings)


@attack(KIND, loops=BOTH)
async def text_that_is_no_json(scene: Scene) -> None:
    """One client sends text that is no JSON, as fast as it can."""
    await flood(scene, frame(b"no JSON"))


@attack(KIND, loops=BOTH)
async def empty_pongs(scene: Scene) -> None:
    """One client sends pongs that nobody has asked for, as fast as it can."""
    await flood(scene, frame(b"", PONG))


@attack(KIND)
async def pings(scene: Scene) -> None:
    """One client sends pings that ask for answers, and reads them, as fast as it can."""
    await flood(scene, frame(b"x" * 100, PING))


@attack(KIND)
async def signals_to_nobody(scene: Scene) -> None:
    """One client signals to a peer that is not there, as fast as it can; each is an error."""
    await flood(scene, signal("f" * 40, "elsewhere"), announce("elsewhere"))


@attack(KIND)
async def signals_to_a_friend(scene: Scene) -> None:
    """Two clients of one owner: one signals to the other, who reads, as fast as it can."""
    await _flood_a_friend(scene, scene.port, scene.port)


@attack(KIND, hubs=2)
async def signals_to_the_next_hub(scene: Scene) -> None:
    """One client signals to a target at the next hub, beside honest pairs over both."""
    await _flood_a_friend(scene, *scene.ports)


async def _flood_a_friend(scene: Scene, port: int, other: int) -> None:
    peer = new_id()
    friend = await Socket.open(other, peer)
    await friend.send(announce("elsewhere"))
    await friend.until("connected")
    friend.discard()
    await flood(scene, signal(peer, "elsewhere"), announce("elsewhere"), port)
    scene.figures["friend closed"] = friend.closed


@attack(KIND)
async def storm_of_announces(scene: Scene) -> None:
    """One client comes into the honest clients' namespace and leaves it, as fast as it can."""
    await flood(scene, announce(HONEST) + announce("elsewhere"))


@attack(KIND)
async def announces_without_end(scene: Scene) -> None:
    """A client of a tracker announces itself with ten offers again and again, as fast as it can."""
    peer = await Socket.connect(scene.port)
    await peer.shake("/announce")
    await peer.send(_offers("peer", 0))
    author = await Socket.connect(scene.port)
    await author.shake("/announce")
    author.discard()
    heard = 0
    said = b"".join(_offers("author", 10) for _ in range(20))
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def speak() -> None:
        while author.is_open:
            await author.send(said)
            await asyncio.sleep(0)

    speaker = asyncio.create_task(speak())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(scene.seconds):
            async for message in peer.messages():
                heard += "offer" in message
    speaker.cancel()
    # Each announce has one for this peer, as there is no other, and costs eleven.
    most = (DRAWS.at_once + (loop.time() - began + FORBEARANCE) * DRAWS.per_second) / 11
    scene.claim("offers come no faster than they may", heard <= most, f"{heard} of {most:.0f}")
    scene.claim("who has none is not closed", peer.is_open, peer.closed)
    scene.figures["offers"] = heard
    scene.figures["author closed"] = author.closed


def _offers(peer: str, offers: int) -> bytes:
    """Return an announce of a client of a tracker, as a frame."""
    offered = [{"offer": {"type": "offer", "sdp": "x"}, "offer_id": f"{n}"} for n in range(offers)]
    ids = {"info_hash": "swarm".ljust(20), "peer_id": peer.ljust(20)}
    return text({"action": "announce", **ids, "left": 1, "offers": offered})


@attack(KIND)
async def large_announces(scene: Scene) -> None:
    """One client says anew the most it may about itself, as fast as it can, to 128 of its own."""
    crowd = [await Socket.open(scene.port, address="127.0.0.3") for _ in range(MEMBERS)]
    for socket in crowd:
        socket.discard()
        await socket.send(announce("elsewhere"))
    await flood(scene, announce("elsewhere", about="x" * 16_000))


@attack(KIND)
async def new_namespaces(scene: Scene) -> None:
    """One client announces itself in ever new namespaces (rust-libp2p CVE-2026-95859)."""
    socket = await Socket.open(scene.port)
    socket.listen()
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    number = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(end):
            while socket.is_open:
                said = b"".join(announce(f"{number}-{n}-{'x' * 80}") for n in range(100))
                await socket.send(said)
                await asyncio.sleep(0)
                number += 1
    scene.figures["namespaces"] = 100 * number
    await scene.rest(end - scene.seconds)


@attack(KIND)
async def health_asked_flat_out(scene: Scene) -> None:
    """Asks for `/health` over ever new connections, 20 at a time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    answered = 0

    async def ask() -> None:
        nonlocal answered
        while loop.time() < end:
            try:
                socket = await Socket.connect(scene.port)
                await socket.send(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await asyncio.wait_for(socket.reader.read(1 << 16), 5)
                answered += 1
            except (OSError, TimeoutError):
                await asyncio.sleep(0.01)
            else:
                socket.abort()

    await asyncio.gather(*(ask() for _ in range(20)))
    scene.figures["answered"] = answered


@attack(KIND)
async def connections_flat_out(scene: Scene) -> None:
    """Connects and hangs up as fast as it can; an honest newcomer speaks 200 ms late."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    made = 0

    async def connect() -> None:
        nonlocal made
        while loop.time() < end:
            try:
                socket = await Socket.connect(scene.port)
            except (OSError, TimeoutError):
                await asyncio.sleep(0.01)
                continue
            made += 1
            asyncio.get_running_loop().call_later(0.5, socket.abort)

    await asyncio.gather(*(connect() for _ in range(50)))
    scene.figures["connections/s"] = round(made / scene.seconds)


@attack(KIND, options={"max_connections": 100})
async def sockets_from_one_address(scene: Scene) -> None:
    """A thousand clients from one address take all places there are; others have to get in."""
    sockets = [
        await Socket.open(scene.port, address="127.0.0.2") for _ in range(scene.count(200, 1000))
    ]
    begun = asyncio.get_running_loop().time()
    for socket in sockets:
        socket.listen()
    await scene.rest(begun)
    scene.figures["open"] = sum(socket.is_open for socket in sockets)


@attack(KIND)
async def much_to_a_slow_victim(scene: Scene) -> None:
    """Sends 60 MB to one victim that reads slowly; the victim and its other senders live on."""
    peer = new_id()
    victim = await Socket.open(scene.port, peer)
    other = await Socket.open(scene.port, address="127.0.0.3")
    flooder = await Socket.open(scene.port)
    for socket in (victim, other, flooder):
        await socket.send(announce("elsewhere"))
    while (await other.until("peer-discovered"))["data"]["peerId"] != peer:
        pass  # what came before that would be for nobody
    other.listen()
    loop = asyncio.get_running_loop()
    end = loop.time() + 3 * scene.seconds
    heard: list[int] = []
    sent = 0

    async def read() -> None:
        while True:
            said = await victim.message()
            if isinstance(said.get("data"), int):
                heard.append(said["data"])
            await asyncio.sleep(len(str(said)) / 20e6)

    async def speak() -> None:
        nonlocal sent
        while loop.time() < end - scene.seconds:
            await other.send(signal(peer, "elsewhere", sent))
            sent += 1
            await asyncio.sleep(0.05)

    reader = asyncio.create_task(read())
    speaker = asyncio.create_task(speak())
    flooder.listen()
    said = signal(peer, "elsewhere", "x" * 30_000)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2 * scene.seconds):
            while flooder.sent < 60e6 and await flooder.send(said):
                pass
    await speaker
    await comes_true(lambda: len(heard) == sent or reader.done(), end - loop.time())
    scene.claim("the victim is not closed", not reader.done() and victim.is_open, victim.closed)
    scene.claim("its other sender is not closed", other.is_open, other.closed)
    missing = sorted(set(range(sent)) - set(heard))
    scene.claim("what others say to it comes", heard == list(range(sent)), f"without {missing}")
    scene.figures["sent MB"] = round(flooder.sent / 1e6, 1)
    scene.figures["flooder closed"] = flooder.closed
    reader.cancel()


@attack(KIND)
async def strange_messages(scene: Scene) -> None:
    """JSON of every wrong kind, as it has ended other servers (socket.io CVE-2024-38355)."""
    strange: tuple[object, ...]
    strange = (None, 1, [], "x", {}, {"type": None}, {"type": 1}, {"type": "announce", "data": []})
    await flood(scene, b"".join(map(text, strange)))


@attack(KIND)
async def tiny_reads(scene: Scene) -> None:
    """Sends frames of 1 MiB byte by byte, as fast as it can (aiohttp PYSEC-2026-4389)."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    socket = await Socket.open(scene.port)
    plain = socket.writer.get_extra_info("socket")
    plain.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    await socket.send(frame(b"", size=1 << 20))
    sent = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(end):
            while socket.is_open:
                sent += await socket.send(b"x")
                if sent % 100 == 0:
                    await asyncio.sleep(0)
    scene.figures["bytes"] = sent
    scene.figures["closed"] = socket.closed


@attack(KIND, options={"verbose_logging": True})
async def forged_log_lines(scene: Scene) -> None:
    """Puts line ends and escapes into all that may be logged (uvicorn PYSEC-2020-150)."""
    begun = asyncio.get_running_loop().time()
    forged = f"\r\n{FORGED}\n\x1b[2J\x85{FORGED}\u2028{FORGED}"
    quoted = quote(forged)
    for line in ("Origin: ", "User-Agent: ", "X-Forwarded-For: ", "Host: "):
        socket = await Socket.open(scene.port, f"{new_id()}", f"{line}a\n{FORGED}")
        socket.abort()
    for peer in (quoted, "a" * 40 + quoted):
        (await Socket.open(scene.port, peer)).abort()
    (await Socket.open(scene.port, query=f"&hub=1&x={quoted}")).abort()
    socket = await Socket.open(scene.port)
    await socket.send(announce(forged, name=forged, isHub=False))
    await socket.send(signal("f" * 40, forged, forged, kind=forged))
    for said in ({"type": forged}, {"type": "goodbye", "data": {"reason": forged}}):
        await socket.send(text(said))
    await socket.send(frame(b"\x03\xe8" + forged.encode()[:100], CLOSE))
    await scene.rest(begun)


@attack(KIND, hubs=2)
async def signals_to_ever_new_ids(scene: Scene) -> None:
    """One client of a mesh signals to ever new ids that nobody has: all have to be searched."""
    said = b"".join(signal(new_id(), "elsewhere") for _ in range(2000))
    await flood(scene, said, announce("elsewhere"))


@attack(KIND, hubs=2)
async def storm_of_clients(scene: Scene) -> None:
    """Clients come into the honest clients' namespace and vanish, as fast as they can."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    come = 0

    async def churn() -> None:
        nonlocal come
        while loop.time() < end:
            try:
                socket = await Socket.open(scene.port)
                await socket.send(announce(HONEST))
                await socket.until("peer-discovered")
                come += 1
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                await asyncio.sleep(PAUSE)
            else:
                socket.abort()

    await asyncio.gather(*(churn() for _ in range(20)))
    scene.figures["come"] = come
