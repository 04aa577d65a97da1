"""A scene that lasts for hours or days: what hubs hold must not grow with what has been."""

from __future__ import annotations

from functools import partial
from statistics import mean
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.sim.checks.holdings import Holdings
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_nothing_lost
from peerpigeon.sim.scenes.setting import ARRIVALS, FORMATION, begin

if TYPE_CHECKING:
    from peerpigeon.sim.client import Client

HOUR = 3600.0

ROUND = 600.0
"""Seconds of one round: a hub is killed and comes back, links are lost and come back, and what
hubs hold is counted when all is calm again."""

DOWN = 20.0
"""Seconds for which a hub is not there."""

BLOCKED = 20.0
"""Seconds for which no data channel carries anything."""

HUBS = 4
ROOMS = 6
CHANGES = 0.1
"""How many clients leave in a second, and others come."""

SIGNALS = 1.0
"""How many there are in a second."""

MOST_GROWTH = 0.1
"""Of what is held, from the second quarter of the time to the last. From one round to the next it
varies by half of that, so in less than three hours, of which a quarter is a round or two, it may
pass this by chance. Whoever kept 100 bytes of each client that has gone would pass it in three
hours, and 10 bytes in a day."""


def days(
    seed: int, hours: float, clients: int = 48, *, kind: type[Hub] = Hub, rough: bool = False
) -> Outcome:
    """Have clients come and go for hours; in each round one hub dies and links break.

    Must show: what the other hubs hold in the last quarter of the time is what they held in the
    second one; and each signal arrives or is answered. The hub comes back under its id, for of each
    id that sent something hubs remember where its streams stand, up to ``StreamLimits.hubs``.
    ``kind`` may be a broken hub.
    """
    mesh = begin(seed, Layout(hubs=HUBS, max_links=3, over=1.0, kind=kind), rough=rough)
    world, outcome = mesh.world, Outcome(mesh.world)
    outcome.expect(mesh.settle(FORMATION), "the links never were those computed centrally")
    population = Population.of(mesh)
    for number in range(clients):
        _come(population, number)
    world.run(ARRIVALS)
    cuts: list[float] = []
    gone: list[Client] = []
    rounds = range(round(hours * HOUR / ROUND))
    held = [_play_round(population, cuts, gone) for _ in rounds]
    world.run(LIFETIME)
    _expect_flat(outcome, held)
    population.clients = [*gone, *population.clients]
    expect_nothing_lost(outcome, population, cuts)
    return outcome


def _come(population: Population, number: int) -> None:
    living = population.mesh.living
    population.add_roaming(living[number % len(living)], f"room {number % ROOMS}")


def _play_round(population: Population, cuts: list[float], gone: list[Client]) -> Holdings:
    mesh = population.mesh
    world, begun = mesh.world, mesh.world.now
    population.signal_steadily(round(SIGNALS * ROUND), ROUND)
    for change in range(round(CHANGES * ROUND)):
        world.at(begun + change / CHANGES, partial(_change, population, gone))
    world.run(60.0)
    *lasting, victim = mesh.hubs
    cuts.append(world.now)
    world.kill(victim)
    world.run(DOWN)
    world.restart(victim)
    world.run(200.0)
    cuts.append(world.now)
    world.block_p2p(0.5, also_open=True)
    world.run(BLOCKED)
    world.block_p2p(0.0)
    world.run_until(begun + ROUND)
    return Holdings.of(hub.hub for hub in lasting)


def _change(population: Population, gone: list[Client]) -> None:
    """Have somebody leave for good, and somebody else come."""
    here = [client for client in population.present() if client.reconnects]
    leaver = here[population.rng.randrange(len(here))]
    leaver.leave()
    population.clients.remove(leaver)
    gone.append(leaver)
    _come(population, leaver.number)


def _expect_flat(outcome: Outcome, held: list[Holdings]) -> None:
    quarter = len(held) // 4
    second, last = held[quarter : 2 * quarter], held[-quarter:]
    before, after = (mean(each.octets for each in some) for some in (second, last))
    outcome.figures |= {"kB held": after / 1e3, "growth": after / before - 1.0}
    outcome.expect(
        after <= (1.0 + MOST_GROWTH) * before, f"{before:.0f} bytes held became {after:.0f}"
    )
