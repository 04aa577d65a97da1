"""Scenes in which links cannot carry as much as hubs want to send."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.core.config import KIB, ServerConfig
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import Outcome, expect_all_delivered
from peerpigeon.sim.scenes.setting import with_clients

if TYPE_CHECKING:
    from peerpigeon.sim.population import Population

BURST = 16
"""Signals that one client sends another at one instant."""

SIGNAL = 6 * KIB
"""Bytes of each: about what a browser's offer has."""

PAUSE = 2.0
"""Seconds from one burst to the next. All at once would take longer than a signal may."""


def overflow(seed: int, hubs: int = 8, bursts: int = 20, *, rough: bool = False) -> Outcome:
    """Send bursts of signals that are larger than the outbox of a link, over slow links.

    Must show: frames are dropped, and yet every signal arrives, once and in order; no link is
    given up.
    """
    layout = Layout(hubs=hubs, common=ServerConfig(max_link_outbox_size=64 * KIB))
    mesh, population, outcome = with_clients(seed, layout, 2 * hubs, rough=rough)
    world = mesh.world
    links = mesh.links()
    world.network.bandwidth = 512.0 * KIB
    for number in range(bursts):
        world.at(world.now + PAUSE * number, partial(_burst, population))
    world.run(PAUSE * bursts + LIFETIME)
    outcome.expect(world.tally.dropped, "no outbox was full")
    outcome.expect(mesh.links() == links, "the links are not those they were")
    outcome.figures["dropped"] = world.tally.dropped
    expect_all_delivered(outcome, population)
    return outcome


def _burst(population: Population) -> None:
    """Let a random client send a random one that it knows more than an outbox can hold."""
    rng = population.rng
    sender = population.clients[rng.randrange(len(population.clients))]
    target = sender.known[rng.randrange(len(sender.known))]
    for _ in range(BURST):
        sender.signal(target, size=SIGNAL)
