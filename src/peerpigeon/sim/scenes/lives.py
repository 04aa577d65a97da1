"""Scenes about clocks and lives: a hub that is started again, one id given to two, clocks set.

No order in a mesh may hang on what a wall clock shows, so each of them must end as it would with
clocks that are right.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import Outcome, expect_no_surprises, expect_nothing_lost
from peerpigeon.sim.scenes.setting import with_clients
from peerpigeon.sim.world import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.population import Population

WITHIN = 10.0
"""Seconds from a hub's start, or from the end of another one that had its id, until its clients and
all others have met for good."""

LULL = 10.0
"""Seconds that are watched beyond that, in which nothing may change any more."""

LOOK = 0.25

DAY = 86_400.0
YEAR = 365.25 * DAY

MOMENT = 0.001

SAME = None
"""For ``restart``: the clock shows, to the millisecond, what it showed at the start before."""


def restart(
    seed: int,
    hubs: int = 8,
    *,
    ahead: tuple[float | None, ...],
    down: float = 60.0,
    rough: bool = False,
) -> Outcome:
    """Kill a hub and start it again with its clock so many seconds ahead, for each of ``ahead``.

    Must show: within ten seconds from its last start its clients and all others have met, and what
    they signal from then on arrives, in both directions.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world, victim = mesh.world, mesh.hubs[1 + seed % (hubs - 1)]
    for number, step in enumerate(ahead):
        if number > 0:
            world.run(WITHIN)
        former = _incarnation(victim)
        world.kill(victim)
        world.run(down)
        # Half a millisecond more, lest it be one less when that is made a whole number.
        same = (former + 0.5) / 1000 - EPOCH - world.now
        world.set_clock(victim, same if step is None else victim.skew + step)
        world.restart(victim)
    newcomers = [population.add_at(victim, "crowd") for _ in range(2)]
    _expect_whole(outcome, population, newcomers)
    _expect_prompt(outcome, population, newcomers)
    return outcome


def two_with_one_id(
    seed: int,
    hubs: int = 8,
    *,
    seconds: float = 3.0,
    skew: float = 0.0,
    elsewhere: bool = True,
    rough: bool = False,
) -> Outcome:
    """Start a hub under the id of another one, as a cloned image does, and end it soon.

    ``elsewhere``: it starts from another hub than the first does. Its clock is ``skew`` seconds
    fast. Must show: within ten seconds from its end, the clients of the true one and all others
    know each other, and what they signal from then on arrives.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world, true = mesh.world, mesh.hubs[1 + seed % (hubs - 1)]
    start = mesh.hubs[(2 + seed) % hubs] if elsewhere else mesh.hubs[0]
    address = f"ws://{start.config.host}:{start.config.port}"
    own = "clone"
    config = replace(
        true.config,
        host=own,
        hub_peer_id=true.own,
        advertise=(f"ws://{own}:{true.config.port}",),
        bootstrap_hubs=(address,),
    )
    clone = world.add_hub(config, skew=skew)
    world.run(seconds)
    world.kill(clone)
    newcomers = [population.add_at(true, "crowd")]
    _expect_whole(outcome, population, newcomers)
    _expect_prompt(outcome, population, newcomers)
    return outcome


def clocks_set(seed: int, hubs: int = 8, *, step: float = DAY, rough: bool = False) -> Outcome:
    """Set the clocks of all hubs, some forwards and some backwards, while clients signal.

    Must show: nobody notices, but for the time that they are told.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world = mesh.world
    links, known = mesh.counting(), {hub.own: _incarnation(hub) for hub in mesh.hubs}
    for number, hub in enumerate(mesh.hubs):
        skew = hub.skew + step * population.rng.uniform(-1.0, 1.0)
        world.at(world.now + 1.0 + number, partial(world.set_clock, hub, skew))
    population.signal_steadily(40 * hubs, 2.0 + hubs)
    world.run(2.0 + hubs + LIFETIME)
    expect_nothing_lost(outcome, population)
    outcome.expect(not outcome.figures["refused"], "signals were refused")
    outcome.expect(mesh.counting() == links, "links have changed")
    outcome.expect(
        {hub.own: _incarnation(hub) for hub in mesh.hubs} == known, "a hub has begun a new life"
    )
    for hub in mesh.hubs:
        shown = hub.hub.status.snapshot(world.now).wall_time
        outcome.expect(
            abs(shown - EPOCH - hub.skew - world.now) < MOMENT, "a hub tells a wrong time"
        )
    return outcome


def _incarnation(hub: Host) -> int:
    advert = hub.hub.advert
    if advert is None:
        raise TypeError("a hub of a mesh has an advert")
    return advert.incarnation


def _expect_whole(outcome: Outcome, population: Population, newcomers: list[Client]) -> None:
    """All who are there have come to know each other, and nobody else, for good in some time."""
    mesh, since = population.mesh, population.mesh.world.now
    apart_until = since
    while mesh.world.now < since + WITHIN + LULL:
        mesh.world.run(LOOK)
        have_come = all(newcomer.stay is not None for newcomer in newcomers)
        if not have_come or population.unmet() or _ghosts(population) or mesh.parts() > 1:
            apart_until = mesh.world.now
    whole = outcome.figures["whole after"] = apart_until - since
    outcome.expect(
        whole <= WITHIN,
        f"not whole after {WITHIN} s: {mesh.parts()} parts, {population.unmet()} have not met,"
        f" {_ghosts(population)} believed to be there",
    )


def _ghosts(population: Population) -> int:
    present = population.present()
    here = {client.peer_id for client in present}
    return sum(len(set(client.known) - here) for client in present)


def _expect_prompt(outcome: Outcome, population: Population, newcomers: list[Client]) -> None:
    """What newcomers and others signal each other arrives, once and in order."""
    world, present = population.mesh.world, population.present()
    asked = [(newcomer, other) for newcomer in newcomers for other in present]
    serials = {
        serial
        for one, other in asked
        if one is not other
        for serial in (one.signal(other.peer_id), other.signal(one.peer_id))
    }
    population.signal_steadily(200, 10.0)
    world.run(10.0 + LIFETIME)
    arrived = {heard.serial for client in population.clients for heard in client.signals}
    lacking = len(serials - arrived)
    outcome.expect(not lacking, f"{lacking} of {len(serials)} signals have not arrived")
    expect_nothing_lost(outcome, population)
    expect_no_surprises(outcome, population.clients)


SCENES: dict[str, Callable[..., Outcome]] = {
    "restart with the clock right": partial(restart, ahead=(0.0,), down=5.0),
    "restart a minute later, ten back": partial(restart, ahead=(-600.0,)),
    "restart with the clock a day back": partial(restart, ahead=(-DAY,), down=5.0),
    "restart with the clock in 2006": partial(restart, ahead=(-20 * YEAR,), down=5.0),
    "restart with the clock before 1970": partial(restart, ahead=(-60 * YEAR,), down=5.0),
    "restart at the same instant": partial(restart, ahead=(SAME,), down=5.0),
    "restart twice at the same instant": partial(restart, ahead=(SAME, SAME), down=1.0),
    "restart after a life in 2100": partial(restart, ahead=(74 * YEAR, -74 * YEAR), down=5.0),
    "one id at two for 3 s": two_with_one_id,
    "one id at two for 30 s": partial(two_with_one_id, seconds=30.0, skew=-DAY),
    "one id at two from one hub": partial(two_with_one_id, seconds=30.0, elsewhere=False),
    "clocks set": clocks_set,
}
