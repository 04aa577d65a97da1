"""Three hubs for an hour while clients and links come and go: does what they hold stay the same?

python -m benchmarks.soak                  # an hour
python -m benchmarks.soak --minutes 10

Clients come, announce themselves, signal whom they know, and go, every third without a goodbye.
Every now and then a fourth hub, in this process, comes and is linked to all three, and goes; and
one of the three is stopped for as long as it takes for its links to be given up (SIGSTOP). Resident
memory and descriptors of each are looked at every few seconds and written to ``--out``. Fails if
they have grown from the second quarter of the time to the last. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from tests.mesh.processes import HubProcess
from tests.net.client import Client
from tests.net.hubs import hub as hub_here

from benchmarks.flatness import Sample, judge

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

HUBS = 3
MEMBERS = 6
"""Clients of a namespace."""

STAY = (5.0, 40.0)
"""Seconds for which a client stays, at least and at most."""

PERIOD = 2.0
"""Seconds between two signals of a client."""

OPENING = 3.0
"""Seconds for a socket to open; a hub that is stopped takes it and says nothing."""

NAP = 5.0
"""Seconds for which a hub is stopped: neighbours take it for dead after 3.5."""

FOURTH = "4" * 40
"""The id under which the fourth hub comes each time: an id that has left is remembered for an hour,
so that with others nothing could be flat before that."""

LINKED = 0.2
"""Seconds between two looks whether the fourth hub is linked."""

PROMPT: dict[str, Any] = {"mesh_migration_delay": 0.5, "reconnect_interval": 0.5}


@dataclass
class Soak:
    """One run."""

    minutes: float
    clients: int
    fourth_every: float
    naps_every: float
    sample_every: float
    out: Path
    hubs: list[HubProcess] = field(default_factory=list)
    samples: list[list[Sample]] = field(default_factory=lambda: [[] for _ in range(HUBS)])
    done: Counter[str] = field(default_factory=Counter)
    """What has come to pass, and how often."""
    _chance: random.Random = field(default_factory=random.Random)
    _is_awake: asyncio.Event = field(default_factory=asyncio.Event)
    _began: float = field(default_factory=time.monotonic)

    async def play(self) -> None:
        """Start the hubs, and let all come and go until the time is over."""
        async with AsyncExitStack() as stack:
            for _ in range(HUBS):
                start = [each.uri for each in self.hubs[:1]]
                hub = await HubProcess.start(*start, **PROMPT)
                stack.push_async_callback(hub.stop)
                self.hubs.append(hub)
            self._is_awake.set()
            self._began = time.monotonic()
            lives: list[Coroutine[None, None, None]] = [
                *(self._clients(number) for number in range(self.clients)),
                self._naps(),
                self._fourth(),
                self._look(),
            ]
            try:
                async with asyncio.timeout(60 * self.minutes), asyncio.TaskGroup() as group:
                    for life in lives:
                        group.create_task(life)
            except TimeoutError:
                pass
            finally:
                for hub in self.hubs:
                    os.kill(hub.pid, signal.SIGCONT)

    # Who comes and goes

    async def _clients(self, number: int) -> None:
        """Have one client after the other, each at some hub."""
        await asyncio.sleep(self._chance.uniform(0.0, STAY[0]))
        while True:
            with suppress(TimeoutError, aiohttp.ClientError, OSError, AssertionError):
                await self._client(f"room {number // MEMBERS}")
            await asyncio.sleep(self._chance.uniform(0.1, 1.0))

    async def _client(self, namespace: str) -> None:
        hub, own = self._chance.choice(self.hubs), f"{self._chance.getrandbits(160):040x}"
        async with asyncio.timeout(OPENING):
            client = await Client.at(hub.port, own, timeout=aiohttp.ClientWSTimeout(ws_close=1.0))
        self.done["clients"] += 1
        known: dict[str, None] = {}
        reader = asyncio.create_task(self._read(client, known))
        try:
            await client.announce(namespace)
            until = time.monotonic() + self._chance.uniform(*STAY)
            while time.monotonic() < until and not reader.done():
                await asyncio.sleep(PERIOD)
                if known:
                    await client.signal(
                        self._chance.choice([*known]), "offer", "v" * 1000, namespace
                    )
                    self.done["signals"] += 1
        finally:
            reader.cancel()
            await (client.vanish() if self._chance.random() < 1 / 3 else client.close())

    async def _read(self, client: Client, known: dict[str, None]) -> None:
        while (frame := await client.receive()).type is aiohttp.WSMsgType.TEXT:
            message = json.loads(frame.data)
            if message["type"] == "peer-discovered":
                known[message["data"]["peerId"]] = None
            elif message["type"] == "peer-disconnected":
                known.pop(message["data"]["peerId"], None)
            elif message["type"] == "offer":
                self.done["arrived"] += 1

    async def _fourth(self) -> None:
        """Have the fourth hub come, be linked to all, and go."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 1.5) * self.fourth_every)
            await self._is_awake.wait()
            options = {"webrtc_engine": "auto", "hub_peer_id": FOURTH, **PROMPT}
            async with hub_here(self.hubs[0].uri, **options) as (server, _):
                for _ in range(round(2 * NAP / LINKED)):
                    await asyncio.sleep(LINKED)
                    if server.get_stats().mesh.p2p_links == HUBS:
                        self.done["links of the fourth"] += HUBS
                        break

    async def _naps(self) -> None:
        """Stop one hub after the other, until its links are given up."""
        number = 0
        while True:
            await asyncio.sleep(self.naps_every)
            hub = self.hubs[number % HUBS]
            self._is_awake.clear()
            os.kill(hub.pid, signal.SIGSTOP)
            await asyncio.sleep(NAP)
            os.kill(hub.pid, signal.SIGCONT)
            self._is_awake.set()
            self.done["naps"] += 1
            number += 1

    # What is looked at

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.sample_every)
            at = time.monotonic() - self._began
            for hub, samples in zip(self.hubs, self.samples, strict=True):
                samples.append(sample(hub.pid, at))
            newest = [asdict(samples[-1]) for samples in self.samples]
            with self.out.open("a") as out:
                out.write(f"{json.dumps(newest)}\n")

    def opened(self) -> list[int]:
        """Return how many links by data channels each hub has opened, as it tells itself."""
        return [len(hub.told("hubP2PConnected")) for hub in self.hubs]


def sample(pid: int, at: float) -> Sample:
    """Look at a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return Sample(round(at, 1), pages * os.sysconf("SC_PAGE_SIZE"), files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return 1 if a hub holds more than it did."""
    given = _parser().parse_args(arguments)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    soak = Soak(**vars(given))
    asyncio.run(soak.play())
    told = ", ".join(f"{many} {what}" for what, many in sorted(soak.done.items()))
    sys.stdout.write(f"{told}; links opened by the hubs: {soak.opened()}\n")
    is_flat = True
    for number, samples in enumerate(soak.samples):
        verdict = judge(samples, 60 * given.minutes)
        before, after = (each / 1e6 for each in verdict.memory)
        files = " to ".join(f"{each:.0f}" for each in verdict.files)
        sys.stdout.write(
            f"hub {number}: {before:.1f} MB to {after:.1f} MB ({verdict.growth:+.1%}),"
            f" {files} descriptors: {'flat' if verdict.is_flat else 'GROWN'}\n"
        )
        is_flat = is_flat and verdict.is_flat
    return 0 if is_flat else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--minutes", type=float, default=60.0, help="how long [60]")
    parser.add_argument("--clients", type=int, default=36, help="at any moment [36]")
    parser.add_argument("--fourth-every", type=float, default=15.0, help="seconds [15]")
    parser.add_argument("--naps-every", type=float, default=45.0, help="seconds [45]")
    parser.add_argument("--sample-every", type=float, default=10.0, help="seconds [10]")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/soak.jsonl"),
        help="where samples are added, as JSON",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
