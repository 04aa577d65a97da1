"""Plays one attack: hubs, honest clients in a calm time and under attack, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from peerpigeon.core.config.quantities import MIB
from tests.hostile.honest import PAIRS, Seen
from tests.hostile.scene import Scene
from tests.hostile.waiting import comes_true
from tests.hostile.watched import hub
from tests.mesh.processes import eventually
from tests.net.tls.authority import Authority
from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.hostile.scene import Attack
    from tests.hostile.watched import Watched

CALM: Final = 0.5
"""Seconds before the small attack; the long one takes times that much."""

SMALL: Final = 1.5
"""Seconds of the small attack."""

LONG_FACTOR: Final = 8

PATIENCE: Final = 120.0
"""Seconds in which an attack has to be over, whatever the hub does to it."""

SETTLED: Final = 30.0
"""Seconds in which descriptors have to be back: more than any time-out of these hubs, and than a
client is not read that has sent too much."""

AFTERWARDS: Final = "afterwards"
MENDING: Final = 6.0
"""Seconds after an attack in which harm that does not last has to be over."""

BOOTSTRAP_LOST: Final = "bootstrapDisconnected"

LINKED: Final = 15.0
"""Seconds in which a true hub has to link up while the attack goes on."""

MAX_MEMORY: Final = 64 * MIB
"""What these hubs may keep for others: little, so that few attackers come up against it."""

OPTIONS: Final = {
    "max_memory": MAX_MEMORY,
    "handshake_timeout": 3,
    "close_timeout": 1,
    "webrtc_engine": "none",
    "hub_mesh_min_peers": 1,
}
"""Of all hubs here: short, as descriptors are waited for."""


@dataclass(frozen=True)
class Outcome:
    """What was seen in a run."""

    honest: Seen
    judged: tuple[str, ...]
    """The times in which nothing may be lost."""
    judges_latency: bool
    claims: dict[str, str]
    """What the attacker found wrong; empty texts are what held."""
    figures: dict[str, Any]
    """What the attacker saw besides."""
    hubs: list[HubFigures]
    partings: list[str]
    """Of which honest hubs the honest hubs have taken leave."""
    complaints: list[str]
    """Lines in the logs of the hubs that no input may cause."""
    joined: str
    """Why a true hub did not link up, if one had to."""


@dataclass(frozen=True)
class HubFigures:
    """One hub's, in bytes and descriptors."""

    is_alive: bool
    calm_memory: int
    most_memory: int
    descriptors_before: int
    """Those without the honest clients'."""
    most_descriptors: int
    descriptors_after: int


async def play(
    attack: Attack, folder: Path, *, loop: str, is_long: bool, source: Path | None = None
) -> Outcome:
    """Play an attack against fresh hubs, made of another source than this one if it is given."""
    factor = LONG_FACTOR if is_long else 1
    async with AsyncExitStack() as stack:
        authority = Authority(folder) if attack.is_tls else None
        admin_port = stack.enter_context(reserved_port()) if attack.has_admin else 0
        options: dict[str, Any] = {**OPTIONS, "source": source, **attack.options}
        if authority:
            options |= authority.issue("127.0.0.1").options()
        if admin_port:
            options["admin_port"] = admin_port
        hubs = await _hubs(stack, attack, folder, loop, options)
        ports = [each.process.port for each in hubs]
        ca = authority.path if authority else ""
        kind = "visited" if attack.newcomers else "unvisited"
        honest = await stack.enter_async_context(
            _child("honest", kind, ca, *(str(port) for port in ports))
        )
        assert honest.stdout is not None
        ready = await _line(honest)
        assert ready == b"ready\n", ready
        await asyncio.sleep(CALM * factor)
        before = []
        for each in hubs:
            each.forget_most()
            before.append((each.memory, each.descriptors))
            watcher = asyncio.create_task(each.watch())
            stack.callback(watcher.cancel)
        _tell(honest, "attack")
        scene = Scene(
            ports=ports,
            seconds=SMALL * factor,
            is_long=is_long,
            ca=ca,
            admin_port=admin_port,
        )
        attacker = await stack.enter_async_context(_child("attacker", attack.name))
        _tell(attacker, msgspec.json.encode(scene).decode())
        joined = await _join(attack, folder, hubs, loop) if attack.joins else ""
        said = await _line(attacker)
        scene = msgspec.json.decode(said, type=Scene)
        if attack.hurts:
            await _afterwards(honest)
        _tell(honest, "end")
        seen = msgspec.json.decode(await _line(honest), type=Seen)
        await honest.wait()
        without_honest = 2 * PAIRS // len(hubs)
        await _until_back(
            hubs,
            [descriptors - without_honest for _, descriptors in before],
        )
        figures = [
            HubFigures(
                is_alive=each.process.is_alive,
                calm_memory=memory,
                most_memory=each.most_memory if each.process.is_alive else 0,
                descriptors_before=descriptors - without_honest,
                most_descriptors=each.most_descriptors,
                descriptors_after=each.descriptors if each.process.is_alive else 0,
            )
            for each, (memory, descriptors) in zip(hubs, before, strict=True)
        ]
        return Outcome(
            honest=seen,
            judged=("calm", AFTERWARDS) if attack.hurts else ("calm", "attack"),
            judges_latency=not attack.tells_much,
            claims=scene.claims,
            figures=scene.figures,
            hubs=figures,
            partings=_partings(hubs),
            complaints=[line for each in hubs for line in each.complaints()],
            joined=joined,
        )


def _partings(hubs: list[Watched]) -> list[str]:
    ids = {each.process.id for each in hubs}
    uris = {each.process.uri for each in hubs}
    return [
        json.dumps(event)
        for each in hubs
        for event in (*each.process.told("hubUnregistered"), *each.process.told(BOOTSTRAP_LOST))
        if event.get("peerId") in ids or event.get("uri") in uris
    ]


async def _hubs(
    stack: AsyncExitStack, attack: Attack, folder: Path, loop: str, options: dict[str, Any]
) -> list[Watched]:
    hubs: list[Watched] = []
    for number in range(attack.hubs):
        start = [each.process.uri for each in hubs]
        hubs.append(
            await stack.enter_async_context(
                hub(
                    folder,
                    number,
                    *start,
                    loop=loop,
                    descriptors=attack.descriptors,
                    **options,
                )
            )
        )
    return hubs


async def _join(attack: Attack, folder: Path, hubs: list[Watched], loop: str) -> str:
    """Start a true hub amid the attack, and say what kept it from linking up."""
    first = hubs[0].process
    options = {**OPTIONS, **attack.options}
    await asyncio.sleep(1.0)
    async with hub(folder, len(hubs), first.uri, loop=loop, **options) as newcomer:
        loop_time = asyncio.get_running_loop().time
        end = loop_time() + LINKED

        async def is_linked() -> bool:
            health = await newcomer.process.get("/health")
            links = health["hubMesh"]
            return bool(links["p2pConnections"] or links["websocketConnections"])

        def is_decided(linked: bool) -> bool:
            return linked or loop_time() > end

        linked = await eventually("a true hub links up", is_linked, is_decided)
    return "" if linked else f"a true hub did not link up within {LINKED:.0f} s"


async def _afterwards(honest: asyncio.subprocess.Process) -> None:
    """Let what was harmed mend, and have a time after it that counts."""
    _tell(honest, "mending")
    await asyncio.sleep(MENDING)
    _tell(honest, AFTERWARDS)
    await asyncio.sleep(SMALL)


async def _until_back(hubs: list[Watched], before: list[int]) -> None:
    def are_back() -> bool:
        return not any(
            each.process.is_alive and each.descriptors > descriptors
            for each, descriptors in zip(hubs, before, strict=True)
        )

    await comes_true(are_back, SETTLED)


@contextlib.asynccontextmanager
async def _child(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.hostile.{module}", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _tell(process: asyncio.subprocess.Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return await process.stdout.readline()
