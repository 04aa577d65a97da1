"""Scenes in which somebody wants the id of another client, and does what it can to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome
from peerpigeon.sim.scenes.setting import FORMATION, begin

if TYPE_CHECKING:
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host

NAMESPACE = "theft"

SETTLING = 6.0
"""Seconds in which clients meet."""

READING_RATE = 300 * 1024
"""Bytes a second that a client reads that is busy with other things."""

FLOOD = 4 * 1024 * 1024
"""Bytes that are sent to it at once: what the system of a real one takes before it is read."""

PIECE = 16 * 1024

TRIES = 8


def flooded(
    seed: int, hubs: int = 4, *, lives: bool = True, rough: bool = False, kind: type[Hub] = Hub
) -> Outcome:
    """Flood a client that reads slowly, and try to take its id, at its own hub and at others.

    Must show: if it lives it keeps its id, in each of ``TRIES`` tries; if it does not, the id is
    somebody else's within a minute.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=3, kind=kind), rough=rough)
    outcome = Outcome(mesh.world)
    mesh.settle(FORMATION)
    world, rng = mesh.world, mesh.world.chance("theft")
    population = Population.of(mesh)
    home = mesh.hubs[rng.randrange(hubs)]
    victim, accomplice = (_add(population, home) for _ in range(2))
    world.run(SETTLING)
    victim.reading_rate = READING_RATE
    stay = victim.stay
    tries = TRIES if lives else 1
    for _ in range(tries):
        for _ in range(FLOOD // PIECE):
            accomplice.signal(victim.peer_id, size=PIECE)
        world.run(0.5)
        if not lives:
            world.network.freeze(victim)
        thief = _add(population, mesh.hubs[rng.randrange(hubs)], victim)
        thief.reconnects = False
        world.run(45.0)
        if lives:
            outcome.expect(not victim.closures, f"the owner was closed: {victim.closures[:1]}")
            outcome.expect(victim.stay is stay, "the owner has lost its id")
            outcome.expect(bool(thief.closures), "the thief was not refused")
        else:
            world.run(15.0)
            outcome.expect(not thief.closures, "a client that is gone has kept its id")
    return outcome


def squatted(
    seed: int, hubs: int = 5, *, within: float = 8.0, rough: bool = False, kind: type[Hub] = Hub
) -> Outcome:
    """Let strangers wait for an id, and take it, while its owner moves from hub to hub.

    The owner has its resume key. Must show: wherever it comes, it is back ``within`` seconds, hears
    what is sent to it, and the strangers do not.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=3, kind=kind), rough=rough)
    outcome = Outcome(mesh.world)
    mesh.settle(FORMATION)
    world, rng = mesh.world, mesh.world.chance("theft")
    population = Population.of(mesh)
    homes = list(mesh.hubs)
    rng.shuffle(homes)
    owner, friend = _add(population, homes[0]), _add(population, homes[1])
    owner.resumes = True
    world.run(SETTLING + 60.0)
    for home in (*homes[2:], homes[0]):
        if rng.randrange(2):
            world.network.freeze(owner)  # its old socket stays
        else:
            owner.leave()
        squatters = [_add(population, hub, owner) for hub in mesh.hubs]
        for squatter in squatters:
            squatter.reconnects = bool(rng.randrange(2))
        world.run(rng.random() * 10.0)
        world.network.thaw(owner)
        world.network.join(owner, home)
        owner.reconnects = True
        owner.connect(world.way_to(home))
        world.run(within)
        came = world.now
        serial = friend.signal(owner.peer_id)
        said = [one.signal(friend.peer_id) for one in squatters if one.stay is not None]
        world.run(3.0)
        heard = [signal.serial for signal in owner.signals if signal.time >= came]
        outcome.expect(serial in heard, f"the owner was not back {within:.0f} s after it came")
        others = [one for one in squatters for signal in one.signals if signal.time >= came]
        outcome.expect(not others, f"{len(others)} signals for it reached strangers")
        spoken = [signal for signal in friend.signals if signal.serial in said]
        outcome.expect(not spoken, f"{len(spoken)} signals of strangers came in its name")
        for squatter in squatters:
            squatter.leave()
        world.run(1.0)
    return outcome


def _add(population: Population, hub: Host, like: Client | None = None) -> Client:
    """Let a client come to a hub, with the id of another one if one is given."""
    peer_id = None if like is None else like.peer_id
    client = population.mesh.world.add_client(hub, NAMESPACE, peer_id)
    population.clients.append(client)
    population.hosts[client.number] = hub
    return client
