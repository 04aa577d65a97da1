"""Scenes about workers: hubs that share an address and hand clients over to each other."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_nothing_lost
from peerpigeon.sim.scenes.setting import ARRIVALS, FORMATION, begin

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.sim.host import Host
    from peerpigeon.sim.mesh import Mesh

DOWN = 0.4
"""Seconds until a worker that was killed is there again."""

DRAIN = 2.0
"""Seconds within which a machine lets its clients go."""

BACK = 20.0
"""Seconds from one disaster to the next."""

SIGNALS = 20
"""How many there are in a second, of all clients together."""

EMPTY_WITHIN = 80.0
"""Seconds after which nothing may be left of clients that are gone."""


def workers(
    seed: int,
    machines: int = 3,
    each: int = 2,
    clients: int = 36,
    rooms: int = 6,
    *,
    rough: bool = False,
) -> Outcome:
    """Kill workers, one of another machine, and drain a machine, while clients signal and come.

    Must show: each signal has one end, and nobody is introduced twice; clients that know one
    machine are all back there; those of one room at one machine are at one of its workers, but for
    the few that could not be handed over; and nothing is left when all are gone.
    """
    layout = Layout(hubs=machines, workers=each, max_links=3, over=1.0)
    mesh = begin(seed, layout, rough=rough)
    world, outcome = mesh.world, Outcome(mesh.world)
    whole = partial(_is_whole, mesh)
    outcome.expect(mesh.run_until(whole, FORMATION) is not None, "the mesh never was whole")
    population = Population.of(mesh)
    _arrive(population, clients, rooms)
    world.run(ARRIVALS)
    disasters: list[Callable[[], None]] = [
        partial(_kill, mesh, _machine(mesh, 0)[seed % each]),
        partial(_kill, mesh, _machine(mesh, 1)[(seed + 1) % each]),
        partial(_drain, mesh, _machine(mesh, 2 % machines)),
        partial(_kill, mesh, *_machine(mesh, 1)),
    ]
    for disaster in disasters:
        population.signal_steadily(int(SIGNALS * BACK), BACK)
        world.run(BACK / 4)
        # Some are handed over just then.
        _arrive(population, clients // 6, rooms, within=1.0)
        world.run(population.rng.random())
        disaster()
        world.run(BACK)
    outcome.expect(mesh.run_until(whole, world.now + FORMATION) is not None, "it is not whole")
    world.run(LIFETIME)
    expect_nothing_lost(outcome, population)
    _expect_all_back(outcome, population)
    _expect_at_home(outcome, population)
    for client in population.clients:
        client.leave()
    world.run(EMPTY_WITHIN)
    _expect_empty(outcome, mesh)
    return outcome


def _machine(mesh: Mesh, number: int) -> list[Host]:
    """Return the workers of a machine, counted in the order in which they started."""
    return [hub for hub in mesh.hubs if hub is hub.workers[0]][number].workers


def _is_whole(mesh: Mesh) -> bool:
    return mesh.is_whole() and all(
        hub.hub.status.snapshot(mesh.world.now).mesh.ready for hub in mesh.hubs
    )


def _arrive(population: Population, clients: int, rooms: int, within: float = 0.0) -> None:
    world, mesh = population.mesh.world, population.mesh
    for number in range(clients):
        machine = _machine(mesh, number % mesh.layout.hubs)
        come = partial(population.add_to_machine, machine, f"room {number % rooms}")
        world.at(world.now + within * number / clients, come)


def _kill(mesh: Mesh, *victims: Host) -> None:
    """Kill processes and start each again, as a supervisor does: with a new id."""
    mesh.world.kill(*victims)
    mesh.world.run(DOWN)
    for victim in victims:
        mesh.world.restart(victim, same_id=False)


def _drain(mesh: Mesh, machine: list[Host]) -> None:
    world = mesh.world
    for worker in machine:
        world.drain(worker, DRAIN)
    limit = world.now + DRAIN + machine[0].config.close_timeout + 2.0
    world.run_until_met(lambda: not any(worker.is_alive for worker in machine), limit)
    for worker in machine:
        world.restart(worker, same_id=False)


def _expect_all_back(outcome: Outcome, population: Population) -> None:
    present = len(population.present())
    outcome.expect(present == len(population.clients), "some clients are not back")
    outcome.expect(not population.unmet(), f"{population.unmet()} pairs have not met")


def _expect_at_home(outcome: Outcome, population: Population) -> None:
    """Of each room the clients of one machine are at one worker, but for a few."""
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for client in population.present():
        machine = population.hosts[client.number].workers[0].number  # type: ignore[union-attr]
        found[client.namespace, machine].append(population.host_of(client).number)
    at_home = sum(max(map(numbers.count, numbers)) for numbers in found.values())
    away = outcome.figures["away"] = len(population.present()) - at_home
    outcome.expect(away <= len(population.clients) // MOST_AWAY, f"{away} are not at home")


MOST_AWAY = 4
"""One in so many may be away: one in twenty cannot be handed over at all, and some are away because
their home was not there when they came."""


def _expect_empty(outcome: Outcome, mesh: Mesh) -> None:
    for hub in mesh.hubs:
        snapshot = hub.hub.status.snapshot(mesh.world.now)
        left = (snapshot.connections, snapshot.announced_peers, snapshot.namespaces)
        outcome.expect(left == (0, 0, 0), f"hub {hub.number} has {left} left")
        memory = hub.hub.memory.signals
        outcome.expect(not memory.size, f"hub {hub.number} keeps {memory.size} bytes")
