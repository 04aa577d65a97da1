"""A scene in which many packets are lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME, Losses, fates
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.network import Network
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_no_surprises
from peerpigeon.sim.scenes.setting import ARRIVALS, FORMATION

if TYPE_CHECKING:
    from peerpigeon.sim.checks.ledger import Fates

TRAFFIC = 90.0
"""Seconds in which clients signal."""

LOOK = 0.5
"""Seconds between two looks at the mesh."""

MOST_FOR_IDEAL = 0.2
"""The largest loss at which links last long enough for all of them to be there at one time."""


def lossy(
    seed: int, loss: float, hubs: int = 12, clients: int = 24, *, rough: bool = False
) -> Outcome:
    """Let a mesh form and clients signal while a share of all packets is lost.

    Must show: the mesh is one, up to 20 % the links become those computed centrally, and whatever
    the loss, each signal arrives once and in order, or its sender is told.
    """
    network = Network(jitter=0.2 if rough else 0.01, loss=loss)
    mesh = Mesh.begin(seed, Layout(hubs=hubs), network)
    outcome = Outcome(mesh.world)
    whole_at = mesh.run_until(mesh.is_whole, FORMATION)
    outcome.expect(whole_at is not None, "the mesh never was one")
    ideal_at = mesh.settle(FORMATION)
    must_be_ideal = loss <= MOST_FOR_IDEAL
    outcome.expect(ideal_at or not must_be_ideal, "the links never were those computed centrally")
    outcome.figures = {"whole after": whole_at, "ideal after": ideal_at}
    population = Population.of(mesh)
    population.arrive(clients, ["crowd"], ARRIVALS)
    mesh.world.run(2 * ARRIVALS)
    population.signal_steadily(10 * clients, TRAFFIC)
    _watch(mesh, outcome)
    judged = _await_fates(mesh, population)
    outcome.faults.extend(judged.examples)
    outcome.figures |= {
        "sent": judged.sent,
        "delivered": judged.delivered,
        "refused": judged.refused,
        "lost": judged.lost,
        "repeated": judged.repeated,
    }
    outcome.expect(mesh.run_until(mesh.is_whole, mesh.world.now + 30.0), "the mesh is not one")
    expect_no_surprises(outcome, population.clients)
    return outcome


def _watch(mesh: Mesh, outcome: Outcome) -> None:
    """Note in which share of the time the mesh is in parts, or its links are others."""
    looks = round(TRAFFIC / LOOK)
    parted = others = 0
    for _ in range(looks):
        mesh.world.run(LOOK)
        parted += not mesh.is_whole()
        others += not mesh.is_ideal()
    outcome.figures |= {"% in parts": 100 * parted / looks, "% not ideal": 100 * others / looks}


def _await_fates(mesh: Mesh, population: Population) -> Fates:
    """Judge all signals when the last answers have come to clients whose lines lose packets too."""
    world = mesh.world
    losses = Losses(world.tally.delays, world.network.longest_delay)
    world.run(LIFETIME)
    latest = world.now + 2 * losses.slack
    judged = fates(population.clients, losses=losses)
    while judged.lost and world.now < latest:
        world.run(1.0)
        judged = fates(population.clients, losses=losses)
    return judged
