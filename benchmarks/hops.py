"""Signals between clients of different hubs, and how soon hubs have become a mesh."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import count
from typing import TYPE_CHECKING

from benchmarks.figures import Asked, Row, Sample
from benchmarks.generator import play
from benchmarks.hubs import mesh, until
from benchmarks.machine import cpu, generator_core, started_on
from benchmarks.relay import all_came

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.hubs import Hub, Json
    from benchmarks.settings import Settings

SIZE = 1000
ASKED = {
    "builtin": Asked("ours", "least", 12_000),
    "aiortc": Asked("ours", "least", 5000),
    "libdatachannel": Asked("ours", "least", 12_000),
}
READY_WITHIN = {12: Asked("ours", "most", 5)}
RING = 4
"""Hubs with two data channels each: the one opposite is two hops away."""

STAR = 3
"""Hubs of which two have dialled the first, and none can dial these: they are two hops apart.

WebSockets that are there stay where there are no channels, however few a hub wants. So hubs that
could dial each other might all be linked, after a moment in which one of them did not answer.
"""

NOWHERE = "ws://127.0.0.1:9"
"""Nobody listens at the port of the discard protocol (RFC 863)."""


def engines(python: str) -> dict[str, str]:
    """Return what can carry a hop here, with the interpreter it needs."""
    found = {"websocket": sys.executable, "builtin": sys.executable}
    for library in ("aiortc", "libdatachannel"):
        for interpreter in (python, sys.executable):
            imports = [interpreter, "-c", f"import {library}, peerpigeon"]
            if subprocess.run(imports, capture_output=True, check=False).returncode == 0:
                found[library] = interpreter
    return found


class Hop:
    """Pairs of which one is at another hub, one or two links away."""

    contenders = ("ours",)

    def __init__(self, settings: Settings, engine: str, python: str, hops: int) -> None:
        self.name = f"{hops} hop{'s' if hops > 1 else ''}, {engine}"
        self._settings = settings
        self._engine = engine
        self._python = python
        self._hops = hops

    def rows(self) -> list[Row]:
        """Return rates, latency, and what a signal costs each hub."""
        rows = []
        for window in (1, 16):
            asked = ASKED.get(self._engine) if self._hops == 1 and window > 1 else None
            title, key = f"{self.name}, {window} outstanding", f"{self.name}-{window}"
            rows += [
                Row(f"{key}-core", title, "signals/s of a core", asked),
                Row(f"{key}-wall", f"{title}: by the clock", "signals/s"),
            ]
            for hub in ("first", "last") if self._hops == 1 else ("first", "between", "last"):
                rows.append(Row(f"{key}-{hub}", f"{title}: CPU, {hub}", "µs a signal"))
        title = f"{self.name}, latency at {self._settings.hop_rate} signals/s"
        rows += [
            Row(f"{self.name}-p50", f"{title}, p50", "µs"),
            Row(f"{self.name}-p99", f"{title}, p99", "µs"),
        ]
        return rows

    def play(self, _: str) -> Sample:
        """Form the mesh, then signal across it."""
        options: dict[str, object] = {"hub_mesh_min_peers": 1, "hub_mesh_max_peers": 2}
        if self._engine == "websocket":
            options |= {"webrtc_engine": "none", "advertise": NOWHERE}
        else:
            options |= {"webrtc_engine": self._engine, "mesh_migration_delay": 0}
        for_two = STAR if self._engine == "websocket" else RING
        hubs_needed = 2 if self._hops == 1 else for_two
        with mesh(self._python, hubs_needed, spread=True, **options) as hubs:
            until("the hubs know each other", lambda: _are_linked(hubs, self._engine))
            return self._signal(self._way(hubs))

    def _way(self, hubs: list[Hub]) -> list[Hub]:
        """Return two hubs that are so many hops apart, and between them those that may pass on."""
        if self._hops == 1:
            return hubs
        if self._engine == "websocket":
            first, *others = hubs
            return [others[0], first, others[1]]
        return _across_the_ring(hubs)

    def _signal(self, way: Sequence[Hub]) -> Sample:
        sample: Sample = {}
        pids = [hub.pid for hub in way]
        common = {
            "port": way[0].port,
            "to": way[-1].port,
            "pairs": self._settings.pairs,
            "size": SIZE,
            "warmup": self._settings.warmup,
        }
        rooms = count(step=self._settings.pairs)  # elsewhere, who has just left is known a while
        names = ["first", *["between"] * (len(way) - 2), "last"]
        for window in (1, 16):
            with started_on(generator_core()):
                seconds = self._settings.seconds
                common["first_room"] = next(rooms)
                got = all_came(play("signals", pids, window=window, seconds=seconds, **common))
            key = f"{self.name}-{window}"
            # The busiest hub is the limit where each has a core to itself.
            sample[f"{key}-core"] = got["measured"] / max(got["cpu"])
            sample[f"{key}-wall"] = got["measured"] / got["seconds"]
            for place, used in zip(names, got["cpu"], strict=True):
                name = f"{key}-{place}"
                sample[name] = sample.get(name, 0) + 1e6 * used / got["measured"]
        with started_on(generator_core()):
            seconds = 2 * self._settings.seconds
            common["first_room"] = next(rooms)
            got = all_came(
                play("signals", pids, rate=self._settings.hop_rate, seconds=seconds, **common)
            )
        return {**sample, f"{self.name}-p50": got["p50"], f"{self.name}-p99": got["p99"]}


def hops(settings: Settings) -> list[Hop]:
    """Return the benches for every way to carry a hop, and for one and two hops."""
    return [
        Hop(settings, engine, python, links)
        for engine, python in engines(settings.python).items()
        for links in (1, 2)
    ]


def _are_linked(hubs: Sequence[Hub], engine: str) -> bool:
    links = 2 if len(hubs) == RING else 1
    for hub in hubs:
        health: Json = hub.get("/health")["hubMesh"]
        by_socket = engine == "websocket"
        wanted = health["websocketConnections" if by_socket else "p2pConnections"]
        if health["knownHubs"] < len(hubs) or wanted < links:
            return False
        if not by_socket and health["websocketConnections"]:
            return False
    return True


def _across_the_ring(hubs: Sequence[Hub]) -> list[Hub]:
    ring = sorted(hubs, key=lambda hub: hub.id)
    ways = [[ring[n], ring[n - 1], ring[n + 1], ring[n - 2]] for n in (0, 1)]
    found: list[list[Hub]] = []

    def is_settled() -> bool:
        links = {hub.id: _links(hub) for hub in ring}
        if not all(links[hub.id] >= {ring[n - 1].id} for n, hub in enumerate(ring)):
            return False
        found[:] = [way for way in ways if way[-1].id not in links[way[0].id]]
        return bool(found)

    until("the hubs are a ring", is_settled)
    return found[0]


def _links(hub: Hub) -> set[str]:
    own = next(each for each in hub.get("/mesh")["hubs"] if each["peerId"] == hub.id)
    return {link["peerId"] for link in own["links"]}


class Forming:
    """Hubs from the start of their processes to a mesh."""

    name = "forming"
    contenders = ("ours",)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self) -> list[Row]:
        """Return the times for each number of hubs."""
        rows = []
        for number in self._settings.hubs:
            key, title = f"forming-{number}", f"{number} hubs: all ready"
            rows += [
                Row(key, f"{title}, from the first process's start", "s", READY_WITHIN.get(number)),
                Row(f"{key}-listening", f"{title}, from when the last one listens", "s"),
                Row(f"{key}-cpu", f"{title}: CPU of all till then", "s"),
            ]
        return rows

    def play(self, _: str) -> Sample:
        """Form a mesh of each size."""
        sample: Sample = {}
        for number in self._settings.hubs:
            began = time.monotonic()
            with mesh(sys.executable, number, spread=False) as hubs:
                ready = max(hub.time_of("hubMeshReady") for hub in hubs)
                used = sum(cpu(hub.pid) for hub in hubs)
                listening = max(hub.time_of("started") for hub in hubs)
            sample[f"forming-{number}"] = ready - began
            sample[f"forming-{number}-listening"] = max(0.0, ready - listening)
            sample[f"forming-{number}-cpu"] = used
        return sample
