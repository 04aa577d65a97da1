"""Servers for the clients of other ecosystems: those they were written for, and ours.

Three ports for each, as for three clients that come to a server each: a mesh of ours has three
hubs, and all else one. Of two workers of one hub the first two are for one each.
"""

import contextlib
from collections.abc import Iterator
from typing import Literal

import pytest

from tests.e2e.dialects.environment import HERE
from tests.e2e.dialects.workers import two_workers, ways_to
from tests.e2e.environment import node
from tests.e2e.hubs import migrated_mesh
from tests.e2e.servers import Server, our_server, running

Kind = Literal["reference", "hub", "mesh", "workers"]

REFERENCE = pytest.param("reference", id="reference", marks=pytest.mark.thorough)
"""First of all, so that a test is known to be right."""

HUB = pytest.param("hub", id="hub")
MESH = pytest.param("mesh", id="mesh", marks=pytest.mark.thorough)


WORKERS = pytest.param("workers", id="workers", marks=pytest.mark.thorough)


def reference_server(name: str) -> contextlib.AbstractContextManager[Server]:
    """Start the server of an ecosystem (reference_servers.mjs)."""
    return running(node(), str(HERE / "reference_servers.mjs"), name)


@contextlib.contextmanager
def three_ports(kind: Kind, name: str) -> Iterator[list[int]]:
    """Run servers of a kind; ``name`` is that of the ecosystem."""
    if kind == "mesh":
        with migrated_mesh(3) as place:
            yield [hub.port for hub in place.hubs]
        return
    if kind == "workers":
        with two_workers() as workers, ways_to(workers) as (first, second):
            yield [first.port, second.port, workers.port]
        return
    with reference_server(name) if kind == "reference" else our_server("hub") as server:
        yield [server.port] * 3
