"""Whoever connects to a hub that speaks TLS, beside honest clients that do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tempfile
from collections import Counter
from pathlib import Path

from tests.hostile.attacks.hoard import hold
from tests.hostile.scene import BOTH, Scene, attack
from tests.hostile.sockets import PONG, Socket, frame, head, new_id, trusting
from tests.net.tls.keys import Writer, telling_context

KIND = "tls"
AT_ONCE = 20
DRIP = 0.05  # seconds between two bytes
CHUNK = 1000
"""Records that are said at once."""

RECORD_KINDS = (20, 21, 22, 23, 24, 99)


def addresses(number: int) -> str:
    """Return one of 200 addresses of the loopback: of one the hub takes fewer handshakes."""
    return f"127.3.0.{number % 200 + 1}"


class Side:
    """A client's side of TLS, whose bytes go where and when the attacker wants."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")

    def go_on(self, heard: bytes = b"") -> bytes:
        """Return what is to be said next; empty if more has to be heard."""
        self._incoming.write(heard)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self._outgoing.read()


def hello(ca: str) -> bytes:
    """Return a ``ClientHello`` as a client says it; it may be said again by whoever has it."""
    return Side(trusting(ca)).go_on()


@attack(KIND, is_tls=True, loops=BOTH)
async def half_handshakes(scene: Scene) -> None:
    """Begins handshakes of TLS and stops, at the first byte, in the midst or for the last word."""
    whole = hello(scene.ca)
    parts = (b"", whole[:1], whole[:-1], whole)

    async def half(number: int) -> Socket:
        socket = await Socket.connect(scene.port, addresses(number))
        await socket.send(parts[number % len(parts)])
        return socket

    await hold(scene, scene.count(1000, 6000), half)


@attack(KIND, is_tls=True)
async def trickled_hellos(scene: Scene) -> None:
    """Says its `ClientHello` byte by byte over many connections, each byte as late as it may be."""
    whole = hello(scene.ca)
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    said = 0

    async def trickle(number: int) -> None:
        nonlocal said
        while loop.time() < end:
            try:
                socket = await Socket.connect(scene.port, addresses(number))
                for at in range(len(whole)):
                    if loop.time() > end or not await socket.send(whole[at : at + 1]):
                        break
                    said += 1
                    await asyncio.sleep(DRIP)
            except (OSError, TimeoutError):
                await asyncio.sleep(DRIP)
            else:
                socket.abort()

    await asyncio.gather(*(trickle(number) for number in range(1000)))
    scene.figures["bytes"] = said


@attack(KIND, is_tls=True)
async def hellos_flat_out(scene: Scene) -> None:
    """Says one `ClientHello` over ever new connections, of which each has the hub sign."""
    whole = hello(scene.ca)
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    answered = 0

    async def say(number: int) -> None:
        nonlocal answered
        while loop.time() < end:
            try:
                socket = await Socket.connect(scene.port, addresses(number))
                await socket.send(whole)
                answered += bool(await asyncio.wait_for(socket.reader.read(1 << 16), 5))
            except (OSError, TimeoutError):
                await asyncio.sleep(0.01)
            else:
                socket.abort()
            number += AT_ONCE

    await asyncio.gather(*(say(number) for number in range(AT_ONCE)))
    scene.figures["signed"] = answered


@attack(KIND, is_tls=True, loops=BOTH)
async def new_keys_without_end(scene: Scene) -> None:
    """A client says flat out that new keys follow, which a hub has to reckon; it reads nothing."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    begun = said = 0
    with tempfile.TemporaryDirectory() as folder:
        while loop.time() < end:
            begun += 1
            log = Path(folder) / str(begun)
            with contextlib.suppress(OSError, TimeoutError):
                socket, writer = await _client(scene, log, addresses(begun))
                await socket.send(writer.record(head(f"/?peerId={new_id()}")))
                is_taken = True
                while is_taken and loop.time() < end:
                    keys = b"".join(
                        writer.key_update(wants_answer=bool(begun % 2)) for _ in range(CHUNK)
                    )
                    is_taken = await socket.send(keys + writer.record(frame(b"", PONG)))
                    said += CHUNK
                    await asyncio.sleep(0)
                socket.abort()
    scene.claim("who says nothing but that is dropped", begun > 1)
    scene.figures["connections"] = begun
    scene.figures["keys"] = said


async def _client(scene: Scene, log: Path, address: str) -> tuple[Socket, Writer]:
    """Return a connection whose handshake is done, and what makes its records by hand."""
    side = Side(telling_context(scene.ca, log))
    socket = await Socket.connect(scene.port, address)
    await socket.send(side.go_on())
    last = b""
    async with asyncio.timeout(5.0):
        while not last:
            heard = await socket.reader.read(1 << 16)
            if not heard:
                raise ConnectionResetError
            last = side.go_on(heard)
    await socket.send(last)
    socket.writer.transport.pause_reading()  # type: ignore[attr-defined]
    return socket, Writer(side.tls, log)


@attack(KIND, is_tls=True)
async def records_that_are_none(scene: Scene) -> None:
    """Says records of all kinds and sizes amid handshakes and clients, and asks to begin anew."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    whole = hello(scene.ca)
    sizes = (0, 1, 17, 0x4000, 0x4101, 0xFFFF)
    ends: Counter[str] = Counter()

    async def say(number: int) -> None:
        while loop.time() < end:
            number += AT_ONCE
            kind, size = RECORD_KINDS[number % 6], sizes[number // 6 % 6]
            foul = bytes([kind, 3, 3, size >> 8, size & 255]) + os.urandom(min(size, 0x4200))
            is_amid = number % 3 == 0
            try:
                tls = await Socket.connect(
                    scene.port, addresses(number), ca="" if is_amid else scene.ca
                )
                plain = tls.writer.get_extra_info("socket")
                if is_amid:
                    await tls.send(whole[: number % len(whole)] + foul)
                else:
                    await tls.shake(f"/?peerId={new_id()}")
                    os.write(plain.fileno(), whole if number % 2 else foul)  # past the TLS
                async with asyncio.timeout(0.2):
                    await tls.reader.read(1 << 16)
            except TimeoutError:
                ends["waited for more"] += 1
            except OSError as error:
                ends[type(error).__name__] += 1
                await asyncio.sleep(0.005)
            else:
                ends["answered"] += 1
                tls.abort()

    await asyncio.gather(*(say(number) for number in range(AT_ONCE)))
    scene.figures["ends"] = dict(ends)
