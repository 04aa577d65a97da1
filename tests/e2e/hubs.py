"""Hubs as real processes that form a mesh, for tests whose clients are real too."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.e2e.process import Child
from tests.e2e.servers import START_TIMEOUT, Server, port_of
from tests.e2e.waiting import eventually
from tests.mesh.processes import has_sockets
from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

ANSWER_TIMEOUT = 10.0
MIGRATION_DELAY = 1.0


class Hub(Server):
    """One `peerpigeon hub`, from its start to its end."""

    @cached_property
    def id(self) -> str:
        """Its id in the mesh."""
        return str(self.mesh()["hubPeerId"])

    def get(self, path: str) -> Json:
        """Ask over HTTP."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=ANSWER_TIMEOUT) as answer:
            body: Json = json.load(answer)
            return body

    def mesh(self) -> Json:
        """Return the mesh as it knows it."""
        return self.get("/mesh")

    def mesh_health(self) -> Json:
        """Return how far it has come with the mesh."""
        health: Json = self.get("/health")["hubMesh"]
        return health

    def known(self) -> set[str]:
        """Return the ids of the hubs it knows, itself included."""
        return {each["peerId"] for each in self.mesh()["hubs"]}


class Place:
    """Where hubs start that all dial one address, whether or not a hub is there yet."""

    def __init__(self, stack: ExitStack, *options: str) -> None:
        self._stack = stack
        self._options = options
        self._start = self._reserve()
        self.hubs: list[Hub] = []

    def add_first(self) -> Hub:
        """Start the hub that the others dial."""
        (hub,) = self._add(self._start)
        return hub

    def add(self, count: int) -> list[Hub]:
        """Start others, together."""
        return self._add(*(self._reserve() for _ in range(count)))

    def restart(self, hub: Hub) -> Hub:
        """Start a hub that was killed again, on its port and with a new id."""
        self.hubs.remove(hub)
        (again,) = self._add(hub.port)
        return again

    def _add(self, *ports: int) -> list[Hub]:
        children = [self._stack.enter_context(self._run(port)) for port in ports]
        hubs = [Hub(port_of(child), child) for child in children]
        self.hubs += hubs
        return hubs

    def _run(self, port: int) -> Child:
        command = (sys.executable, "-m", "peerpigeon", "hub", "--host", "127.0.0.1")
        where = ("--port", str(port), "--max-port-retries", "0", "--log-format", "json")
        times = ("--reconnect-interval", "0.5", "--mesh-migration-delay", str(MIGRATION_DELAY))
        start = f"ws://127.0.0.1:{self._start}"
        is_first = port == self._start
        way_in = ("--no-auto-connect",) if is_first else ("--bootstrap-hubs", start)
        return Child(*command, *where, *times, *way_in, *self._options)

    def _reserve(self) -> int:
        """Return a port that is given to nobody else as long as this place exists."""
        return self._stack.enter_context(reserved_port())

    def wait_until_migrated(self) -> None:
        """Return when each hub knows all, and no WebSocket between hubs is left."""
        ids = {hub.id for hub in self.hubs}
        for hub in self.hubs:
            eventually(f"{hub.url} knows all", hub.known, lambda known: known == ids)
        for hub in self.hubs:
            eventually(f"{hub.url} has migrated", hub.mesh_health, _has_migrated)
            eventually(
                f"{hub.url} knows of no socket", hub.mesh, lambda view: not has_sockets(view)
            )


def _has_migrated(health: Json) -> bool:
    return bool(health["migrated"]) and health["websocketConnections"] == 0


@contextlib.contextmanager
def place_for_hubs() -> Iterator[Place]:
    """Give a place for hubs, all of which are gone afterwards."""
    with ExitStack() as stack:
        yield Place(stack)


@contextlib.contextmanager
def migrated_mesh(count: int) -> Iterator[Place]:
    """Run hubs that speak to each other over WebRTC only."""
    with place_for_hubs() as place:
        place.add_first()
        place.add(count - 1)
        place.wait_until_migrated()
        yield place


@contextlib.contextmanager
def our_network(*options: str) -> Iterator[tuple[list[str], list[Hub]]]:
    """Run `peerpigeon network`; yield the pages it says to open, and the hubs they are at."""
    where = ("--host", "127.0.0.1", "--port", "0", "--plain")
    with Child(sys.executable, "-m", "peerpigeon", "network", *where, *options) as child:
        lines = child.lines(child.output, START_TIMEOUT)
        urls = next(found for line in lines if (found := re.findall(r"http://\S+/demo", line)))
        yield urls, [Hub(int(urlsplit(url).port or 0), child) for url in urls]
