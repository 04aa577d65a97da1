"""How evenly the records of very many clients lie over hubs, when these are in many namespaces.

``python -m benchmarks.shares`` publishes a million clients in a hundred thousand namespaces of
equal size to their rendezvous hubs, a thousand, and counts what each of these keeps. Of a hub
there is what is asked here: the core's ``Rendezvous``, with all that it keeps and introduces. There
are no links and no sockets, and a client is what its hub says of it. Each namespace is served by
one hub.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from random import Random
from typing import NamedTuple

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, generate_peer_id
from peerpigeon.core.namespaces.hub_views import HubViews, first_session
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.namespaces.rendezvous import Rendezvous
from peerpigeon.core.wire.client_messages import plain_introduction
from peerpigeon.core.wire.hub_news import Join, Member

INCARNATION, LIMIT = 1, 128
HEADINGS = (
    "hubs", "namespaces", "clients", "records at a hub, mean", "most", "factor", "most MB",
    "CPU s", "MB of all",
)  # fmt: skip


class Figures(NamedTuple):
    """What hubs keep."""

    mean: float
    most: int
    most_octets: int


def main() -> None:
    """Publish, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shares", description=__doc__)
    parser.add_argument("--hubs", type=int, default=1000)
    parser.add_argument("--namespaces", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    found = measure(given.hubs, given.namespaces, given.clients, given.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    row = (
        f"{given.hubs:,}", f"{given.namespaces:,}", f"{given.clients:,}", f"{found.mean:,.0f}",
        f"{found.most:,}", f"{found.most / found.mean:.1f}", f"{found.most_octets / 1e6:.1f}",
        f"{time.process_time():.0f}", f"{memory / 1e6:,.0f}",
    )  # fmt: skip
    for line in (HEADINGS, ("---",) * len(HEADINGS), row):
        sys.stdout.write("| " + " | ".join(line) + " |\n")


def measure(hubs: int, namespaces: int, clients: int, seed: int) -> Figures:
    """Publish so many clients, evenly over the namespaces, and return what hubs keep of them."""
    rng = Random(seed)  # noqa: S311 - must be repeatable, not secret
    ids = [generate_peer_id(rng) for _ in range(hubs)]
    placement = Placement(ids)
    tables = {hub: _table(hub, placement, rng) for hub in ids}
    for number in range(namespaces):
        count = (number + 1) * clients // namespaces - number * clients // namespaces
        first = first_session(INCARNATION) + number * clients // namespaces
        members = tuple(_member(rng, first + each) for each in range(count))
        serving = ids[number % hubs]
        name = f"namespace {number}"
        for place, hub in enumerate(placement.rendezvous_hubs(name)):
            effects, rendezvous = tables[hub]
            join = Join(name, members, is_primary=place == 0)
            rendezvous.on_join(serving, join, 100.0)
            effects.take_news()
    counts = [len(rendezvous) for _, rendezvous in tables.values()]
    octets = max(effects.memory.records.size for effects, _ in tables.values())
    return Figures(sum(counts) / hubs, max(counts), octets)


def _table(hub: PeerId, placement: Placement, rng: Random) -> tuple[Effects, Rendezvous]:
    """Return what a hub keeps for others; all see the same hubs, as they do when none changes."""
    effects = Effects(0.0)
    views = HubViews(hub, INCARNATION)
    return effects, Rendezvous(hub, LIMIT, rng, views, placement, effects)


def _member(rng: Random, session: int) -> Member:
    peer = generate_peer_id(rng)
    return Member(peer, session, plain_introduction(peer))


if __name__ == "__main__":
    main()
