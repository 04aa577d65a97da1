"""What one hub of a very large mesh takes: memory, and CPU time for what it hears.

``python -m benchmarks.one_hub --hubs 1000 3000 10000`` runs one hub, the core's ``Hub``, whose four
neighbours the benchmark plays: it has the links it wants, and hears of so many others, whose links
are a ring and pairs at random. All that it hears comes as bytes. So there is no mesh that forms,
and no hub but this one: what a whole mesh takes is as many times as much. Each hub has a process of
its own, so that the memory is its own.

It hears of all others, of all once more from another neighbour, a change of the links of each,
and is then left alone for a minute. At last so many others join as ``--join`` says: of each of
these all hear, and of four hubs whose links change for it.
"""

from __future__ import annotations

import argparse
import gc
import resource
import subprocess
import sys
import time
from functools import reduce
from operator import xor
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import LinkId, PeerId, digit_distance, generate_peer_id
from peerpigeon.core.interface.actions import SendToLink
from peerpigeon.core.interface.events import LinkOpened, LinkReceived, Tick
from peerpigeon.core.wire.hub_codec import batch, decode, encode
from peerpigeon.core.wire.hub_frames import (
    VERSION,
    Advert,
    Adverts,
    Carrier,
    Heartbeat,
    Hello,
    LinkEnd,
    Purpose,
)

if TYPE_CHECKING:
    from peerpigeon.core.interface.events import Event
    from peerpigeon.core.wire.hub_frames import Frame

AT_ONCE = 500
"""Adverts in a frame."""

HEADINGS = (
    "hubs", "MB for all it knows", "an advert: new, µs", "known, µs", "changed, µs",
    "a minute at rest, CPU ms", "frames in and out a second", "joined", "frames in and out",
    "kB in and out", "CPU ms",
)  # fmt: skip


class Traffic(NamedTuple):
    """What has come to the hub, or gone from it."""

    frames: int = 0
    octets: int = 0

    def plus(self, octets: int) -> Traffic:
        """Return it with one frame more."""
        return Traffic(self.frames + 1, self.octets + octets)


class Bench:
    """A hub, and all that is around it."""

    def __init__(self, hubs: int, seed: int) -> None:
        rng = Random(seed)  # noqa: S311 - must be repeatable, not secret
        ids = [generate_peer_id(rng) for _ in range(hubs)]
        self.own = ids[0]
        self.rng, self.now, self.cpu = rng, 0.0, 0.0
        self.into = self.out = Traffic()
        self.adverts = _adverts(ids, rng)
        config = ServerConfig(is_hub=True, open_mesh=True, hub_mesh_max_peers=4)
        self.hub = Hub(self.own, config, rng)
        self.neighbours = [end.hub for end in self.adverts.pop(self.own).links]
        for number, hub in enumerate(self.neighbours, 1):
            self._feed(LinkOpened(LinkId(number), Carrier.P2P, 0))
            self.say(number, Hello(hub, 0, "pigeonhub-mesh", VERSION, 0))

    def say(self, link: int, frame: Frame) -> None:
        """Let a neighbour say something."""
        message = batch([encode(frame)])
        self.into = self.into.plus(len(message))
        started = time.process_time()
        (heard,) = decode(message)
        self.cpu += time.process_time() - started
        self._feed(LinkReceived(LinkId(link), heard))

    def _feed(self, event: Event) -> None:
        started = time.process_time()
        actions = self.hub.handle(event, self.now)
        frames = [action.frame for action in actions if isinstance(action, SendToLink)]
        self.cpu += time.process_time() - started
        for frame in frames:
            self.out = self.out.plus(len(encode(frame)))

    def tell(self, link: int, adverts: list[Advert]) -> float:
        """Let a neighbour tell of hubs; return CPU seconds for each."""
        before = self.cpu
        for first in range(0, len(adverts), AT_ONCE):
            self.say(link, Adverts(tuple(adverts[first : first + AT_ONCE])))
        return (self.cpu - before) / len(adverts)

    def rest(self, seconds: float) -> float:
        """Let hearts beat for a while, and return the CPU seconds that it took."""
        before, until = self.cpu, self.now + seconds
        while self.now < until:
            self._tick_until(self.now + 1.0)
            advert = self.hub.advert
            own = 0 if advert is None else advert.mark
            digest = reduce(xor, (advert.mark for advert in self.adverts.values()), own)
            for number in range(1, len(self.neighbours) + 1):
                self.say(number, Heartbeat(digest))
        return self.cpu - before

    def _tick_until(self, until: float) -> None:
        while (due := self.hub.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self._feed(Tick())
        self.now = until

    def join(self, joining: int) -> float:
        """Let others join within a second, and return the CPU seconds of a minute with that."""
        before, known = self.cpu, list(self.adverts)
        for number in range(joining):
            hub = generate_peer_id(self.rng)
            self._tick_until(self.now + 1.0 / joining)
            beside = self.rng.sample(known, 4)
            news = [_advert(hub, beside)]
            for other in beside:
                held = self.adverts[other]
                ends = *held.links, _end(hub)
                news.append(replace(held, sequence=held.sequence + 1, mark=number, links=ends))
            self.adverts |= {advert.hub: advert for advert in news}
            for link in range(1, len(self.neighbours) + 1):
                self.say(link, Adverts(tuple(news)))
        return self.cpu - before + self.rest(60.0)


def _end(hub: PeerId) -> LinkEnd:
    return LinkEnd(hub, Carrier.P2P, Purpose.MESH)


def _advert(hub: PeerId, others: list[PeerId]) -> Advert:
    """Return what a hub says that wants nobody else."""
    mark = int(hub[:15], 16)
    links = tuple(map(_end, sorted(others)))
    return Advert(hub, 1, 1, mark, (f"wss://{hub[:12]}.example:3000",), links, (-1, hub))


def _adverts(ids: list[PeerId], rng: Random) -> dict[PeerId, Advert]:
    """Return the adverts of hubs of which the first one has the links that it wants."""
    circle = sorted(ids)
    links: dict[PeerId, list[PeerId]] = {
        hub: [circle[place - 1], circle[(place + 1) % len(circle)]]
        for place, hub in enumerate(circle)
    }
    own = ids[0]
    rest = sorted(set(ids[1:]) - set(links[own]), key=lambda hub: (digit_distance(own, hub), hub))
    pairs = [(own, rest[0]), (own, rest[1])]
    for _ in range(2):
        drawn = rng.sample(rest[2:], len(rest[2:]) // 2 * 2)
        pairs += zip(drawn[::2], drawn[1::2], strict=True)
    for one, other in pairs:
        links[one].append(other)
        links[other].append(one)
    return {hub: _advert(hub, sorted(set(links[hub]))) for hub in ids}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_hub", description=__doc__)
    parser.add_argument("--hubs", type=int, nargs="+", default=[1000, 3000, 10_000])
    parser.add_argument("--join", type=int, default=100, help="so many more hubs come afterwards")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        row = measure(given.hubs[0], given.join, given.seed)
        sys.stdout.write("| " + " | ".join(row) + " |\n")
        return
    sys.stdout.write("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|\n")
    for hubs in given.hubs:
        command = [sys.executable, "-m", "benchmarks.one_hub", "--once", "--hubs", str(hubs)]
        command += ["--join", str(given.join), "--seed", str(given.seed)]
        sys.stdout.flush()
        subprocess.run(command, check=True)


def measure(hubs: int, join: int, seed: int) -> list[str]:
    """Return the row of the table."""
    bench = Bench(hubs, seed)
    others = list(bench.adverts.values())
    before = _memory()
    new = bench.tell(1, others)
    known = bench.tell(2, others)
    bench.rest(30.0)
    memory = _memory() - before
    for hub, held in bench.adverts.items():
        bench.adverts[hub] = replace(held, sequence=2, mark=held.mark + 1, links=held.links[::-1])
    changed = bench.tell(1, list(bench.adverts.values()))
    bench.rest(30.0)
    if bench.hub.status.snapshot(bench.now).mesh.known_hubs != hubs:
        raise RuntimeError("the hub does not know all others, or takes some for gone")
    into, out = bench.into, bench.out
    rest = bench.rest(60.0)
    beats = (bench.into.frames - into.frames) / 60, (bench.out.frames - out.frames) / 60
    into, out = bench.into, bench.out
    joined = bench.join(join)
    frames = bench.into.frames - into.frames, bench.out.frames - out.frames
    octets = bench.into.octets - into.octets, bench.out.octets - out.octets
    return [
        f"{hubs:,}", f"{memory / 1e6:.1f}", f"{new * 1e6:.1f}", f"{known * 1e6:.1f}",
        f"{changed * 1e6:.1f}", f"{rest * 1e3:.1f}", f"{beats[0]:.1f}, {beats[1]:.1f}",
        f"{join}", f"{frames[0]}, {frames[1]}", f"{octets[0] / 1e3:.0f}, {octets[1] / 1e3:.0f}",
        f"{joined * 1e3:.0f}",
    ]  # fmt: skip


def _memory() -> int:
    """Return how many bytes of memory are resident."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
