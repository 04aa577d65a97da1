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
    from peerpigeon.sim.client import Client
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


SMALLEST, LARGEST = 60 * KIB, 900 * KIB
"""Bytes of a signal that is large: a client may send what it likes up to the limit."""

FEW = 3
"""Large signals that one client sends at one instant."""

NARROW = 384.0 * KIB
"""Bytes a second that each link carries."""

REST = 8.0
"""Seconds from one such burst to the next, in which a link can send several of them."""

VERDICT = 4.0
"""Seconds within which it is decided who has an id."""


def narrow(seed: int, hubs: int = 6, bursts: int = 10, *, rough: bool = False) -> Outcome:
    """Send a few large signals at a time over links that take seconds for each.

    Meanwhile somebody else comes with the id of a client that is there. Must show: no link is
    given up, no client taken for gone, every signal arrives, once and in order; the owner of an id
    keeps it, and the other is told so in time.
    """
    mesh, population, outcome = with_clients(seed, Layout(hubs=hubs), 2 * hubs, rough=rough)
    world, links = mesh.world, mesh.links()
    # On a rough network what is lost holds up what comes behind it as well.
    world.network.bandwidth = NARROW * (2.0 if rough else 1.0)
    newcomers: list[Client] = []
    for number in range(bursts):
        world.at(world.now + REST * number, partial(_large_burst, population))
        second = partial(_contend, population, newcomers)
        world.at(world.now + REST * (number + 0.1), second)
    world.run(REST * bursts + LIFETIME)
    outcome.expect(mesh.links() == links, "the links are not those they were")
    for client in population.clients:
        told = sum(len(stay.departures) for stay in client.stays)
        outcome.expect(not told, f"client {client.number} was told {told} times that one is gone")
        outcome.expect(not client.closures, f"client {client.number} has lost its id")
    for newcomer in newcomers:
        refused = [closure.time for closure in newcomer.closures]
        begun = newcomer.stays[0].since if newcomer.stays else 0.0
        outcome.expect(
            refused and refused[0] - begun <= VERDICT,
            f"client {newcomer.number} came at {begun:.2f} and was refused at {refused}",
        )
    expect_all_delivered(outcome, population)
    return outcome


def _large_burst(population: Population) -> None:
    """Let a random client send a random one that it knows a few large signals."""
    rng = population.rng
    sender = population.clients[rng.randrange(len(population.clients))]
    if not sender.known:
        return  # it has been told that all are gone, which is a fault of its own
    target = sender.known[rng.randrange(len(sender.known))]
    for _ in range(FEW):
        sender.signal(target, size=rng.randrange(SMALLEST, LARGEST))


def _contend(population: Population, newcomers: list[Client]) -> None:
    """Let somebody connect to another hub with the id of a client that is there."""
    rng = population.rng
    owner = population.clients[rng.randrange(len(population.clients))]
    hubs = [hub for hub in population.mesh.hubs if hub is not population.hosts[owner.number]]
    hub = hubs[rng.randrange(len(hubs))]
    world = population.mesh.world
    newcomers.append(world.add_client(hub, "crowd", owner.peer_id, reconnects=False))
