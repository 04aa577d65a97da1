"""Where most scenes begin: a mesh that forms, or has formed and has clients."""

from __future__ import annotations

from dataclasses import replace

from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.network import Network
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome

FORMATION = 120.0
"""Seconds within which a mesh must have just the links it should."""

ROUGH_SKEW = 300.0
"""Seconds by which clocks are wrong on a rough network."""

ARRIVALS = 4.0
"""Seconds in which a hundred clients come, and seconds that they have to meet."""


def begin(seed: int, layout: Layout, *, rough: bool = False) -> Mesh:
    """Set a mesh up, on a rough network if asked for: loss, much jitter, wrong clocks."""
    if rough:
        return Mesh.begin(seed, replace(layout, skew=ROUGH_SKEW), Network.rough())
    return Mesh.begin(seed, layout)


def with_clients(
    seed: int, layout: Layout, clients: int, *, rough: bool
) -> tuple[Mesh, Population, Outcome]:
    """Return a mesh that has formed, with clients in one namespace that have met."""
    mesh = begin(seed, layout, rough=rough)
    outcome = Outcome(mesh.world)
    outcome.figures["ideal after"] = mesh.settle(3 * FORMATION)
    outcome.expect(mesh.is_ideal(), "the links never were those computed centrally")
    mesh.world.run(layout.migration_delay + 5.0)
    return mesh, populate(mesh, clients), outcome


def populate(mesh: Mesh, clients: int) -> Population:
    """Let clients come to all hubs of a mesh in turn, and meet."""
    population = Population.of(mesh)
    over = ARRIVALS * max(1.0, clients / 100)
    population.arrive(clients, ["crowd"], over)
    mesh.world.run(over + ARRIVALS)
    return population
