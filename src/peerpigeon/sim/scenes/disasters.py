"""Scenes in which a mesh is hurt, and what each must show."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME, last_trouble
from peerpigeon.sim.checks.naps import Nap
from peerpigeon.sim.checks.oracle import distances_from
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import Outcome, expect_all_delivered, expect_nothing_lost
from peerpigeon.sim.scenes.setting import with_clients

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.population import Population

PROMPT = 5.0
"""Seconds within which a signal arrives on any network of these scenes, if the mesh is whole. On
the rough one packets are lost on several hops of its way, and each costs a time-out."""

LOOK = 0.25

_ROUND = 8.0
"""Seconds from the end of one hub to that of the next."""

_SIGNALS_A_ROUND = 400

_NAPS = (2.0, 4.0, 9.0, 11.0, 14.0, 45.0)
"""Seconds that a hub sleeps: shorter and longer than neighbours wait, than a signal may take, and
than is remembered what has failed."""


def massacre(
    seed: int,
    hubs: int,
    share: float,
    within: float,
    *,
    machines: bool = False,
    rough: bool = False,
) -> Outcome:
    """Kill a share of the hubs at one instant; the hub all others started from lives.

    Must show: the survivors are one mesh again within the time given, and all they send from then
    on arrives; nothing is lost without a word, and each dead client is reported gone, once.
    """
    layout = Layout(hubs=hubs, max_links=4, over=0.1 if hubs > 300 else 1.0)  # noqa: PLR2004
    mesh, population, outcome = with_clients(seed, layout, min(2 * hubs, 120), rough=rough)
    world = mesh.world
    population.signal_steadily(int(40 * (5.0 + within)), 5.0 + within + 10.0)
    world.run(5.0)
    victims = population.rng.sample(mesh.hubs[1:], round(share * hubs))
    struck = world.now
    world.kill(*victims, machine=machines)
    apart_until = _watch(mesh, struck + within + 10.0)
    world.run(LIFETIME)
    trouble = last_trouble(population.clients, struck, PROMPT) - struck
    healed = max(apart_until - struck, trouble)
    outcome.figures["healed after"] = healed
    outcome.expect(healed <= within, f"healed only after {healed:.2f} s")
    expect_nothing_lost(outcome, population)
    _expect_farewells(outcome, population)
    return outcome


def _watch(mesh: Mesh, until: float) -> float:
    """Run until a time; return when the living hubs were last in parts."""
    apart_until = mesh.world.now
    while mesh.world.now < until:
        mesh.world.run(LOOK)
        if mesh.parts() > 1:
            apart_until = mesh.world.now
    return apart_until


def _expect_farewells(outcome: Outcome, population: Population) -> None:
    """Each client that is here knows just those that are here, and was told once of the others."""
    present = population.present()
    here = {client.peer_id for client in present}
    for client in present:
        ghosts = set(client.known) - here
        outcome.expect(not ghosts, f"client {client.number} was not told that {len(ghosts)} died")
        told = Counter(peer for stay in client.stays for peer, _ in stay.departures)
        twice = sum(count > 1 for count in told.values())
        outcome.expect(not twice, f"client {client.number} was told twice that {twice} are gone")
        if len(population.clients) <= population.mesh.layout.discovery_limit:
            lost = here - set(client.known) - {client.peer_id}
            outcome.expect(not lost, f"client {client.number} believes that {len(lost)} are gone")


def broken_path(
    seed: int, hubs: int = 40, signals: int = 10_000, *, rough: bool = False
) -> Outcome:
    """Kill the hub over which most ways lead, while very many signals are under way.

    Must show: none between survivors is lost, none repeated, none refused, the order kept.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), hubs, rough=rough
    )
    world = mesh.world
    victim = _busiest(mesh)
    survivors = [
        client for client in population.clients if population.hosts[client.number] is not victim
    ]
    there = {client.peer_id for client in survivors}
    for number in range(signals):
        sender = survivors[number % len(survivors)]
        known = [peer for peer in sender.known if peer in there]
        sender.signal(known[population.rng.randrange(len(known))])
    world.at(world.now + 0.06 + 0.1 * population.rng.random(), partial(world.kill, victim))
    world.run(LIFETIME + 8.0)
    expect_all_delivered(outcome, population)
    return outcome


def _busiest(mesh: Mesh) -> Host:
    """Return the hub that is nearest to all others."""
    graph = mesh.graph()
    total = {hub: sum(distances_from(hub, graph).values()) for hub in graph}
    return min(mesh.living, key=lambda hub: (total[hub.own], hub.number))


def cut(
    seed: int, hubs: int = 20, seconds: float = 60.0, within: float = 30.0, *, rough: bool = False
) -> Outcome:
    """Cut the network in two for a minute.

    Must show: each half works alone; within the time given after the cut is mended there is one
    mesh again, and everybody knows everybody.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world = mesh.world
    shuffled = population.rng.sample(mesh.hubs, hubs)
    halves = shuffled[: hubs // 2], shuffled[hubs // 2 :]
    population.signal_steadily(int(20 * (seconds + within)), seconds + within + 20.0)
    world.run(5.0)
    world.part(*halves)
    cut_at = world.now
    world.run(seconds)
    for half in halves:
        _expect_works_alone(outcome, population, half, world.now - seconds / 2)
    world.heal()
    healed_at = world.now
    apart = _watch_until_met(mesh, population, healed_at + within + 20.0) - healed_at
    world.run(LIFETIME)
    trouble = last_trouble(population.clients, healed_at, PROMPT) - healed_at
    outcome.figures |= {"one again after": apart, "prompt after": trouble}
    outcome.expect(max(apart, trouble) <= within, f"whole only after {max(apart, trouble):.2f} s")
    expect_nothing_lost(outcome, population, [cut_at])
    _expect_farewells(outcome, population)
    return outcome


def _expect_works_alone(
    outcome: Outcome, population: Population, half: list[Host], since: float
) -> None:
    """All hubs of a half hang together, and its clients know just each other."""
    outcome.expect(population.mesh.parts(half) == 1, "half a mesh was not one")
    inside = [client for client in population.clients if population.hosts[client.number] in half]
    ids = {client.peer_id for client in inside}
    for client in inside:
        outcome.expect(
            set(client.known) == ids - {client.peer_id},
            f"client {client.number} did not know just those of its half",
        )
    late = _late(inside, ids, since, population.mesh.world.now - PROMPT)
    outcome.expect(not late, f"{late} signals inside a half were late")


def _late(inside: list[Client], ids: set[PeerId], since: float, until: float) -> int:
    arrived = {heard.serial: heard.time for client in inside for heard in client.signals}
    return sum(
        1
        for client in inside
        for sent in client.sent
        if since <= sent.time <= until
        and sent.target in ids
        and arrived.get(sent.serial, until + LIFETIME) > sent.time + PROMPT
    )


def _watch_until_met(mesh: Mesh, population: Population, until: float) -> float:
    apart_until = mesh.world.now
    while mesh.world.now < until:
        mesh.world.run(LOOK)
        if mesh.parts() > 1 or population.unmet():
            apart_until = mesh.world.now
    return apart_until


def restarts(
    seed: int,
    hubs: int = 6,
    rounds: int = 3,
    *,
    pause: float = 1.5,
    rough: bool = False,
) -> Outcome:
    """End one hub after another under traffic, and start it again: some are stopped, some killed.

    Each signal has a type of its own, so that each is judged alone. Must show: a signal has one
    end; and one that was delivered by a hub that stops in good order is not said to have failed.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world, rng = mesh.world, population.rng
    for _ in range(rounds):
        victim = mesh.hubs[rng.randrange(hubs)]
        _signal_uniquely(population, _ROUND)
        world.run(_ROUND / 4)
        if rng.random() < 0.5:  # noqa: PLR2004 - as often as not
            world.stop(victim)
        else:
            world.kill(victim)
        world.run(pause)
        world.restart(victim)
        population.add_at(victim, "crowd")
        world.run(_ROUND - pause)
    world.run(LIFETIME)
    expect_nothing_lost(outcome, population)
    return outcome


def naps(seed: int, hubs: int = 6, rounds: int = 3, *, rough: bool = False) -> Outcome:
    """Let the process of one hub after another sleep for a while under traffic.

    Nobody's line breaks, and what is sent to the sleeper waits until it wakes up. Must show: a
    signal that has been reported as failed is not delivered any more, and one that was delivered
    is not reported as failed, unless it was delivered just before its hub fell asleep.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world, rng = mesh.world, population.rng
    taken: list[Nap] = []
    for _ in range(rounds):
        sleeper = mesh.hubs[rng.randrange(hubs)]
        _signal_uniquely(population, 2 * _ROUND)
        world.run(_ROUND / 4)
        nap = Nap(sleeper, world.now, world.now + _NAPS[rng.randrange(len(_NAPS))])
        taken.append(nap)
        world.suspend(sleeper)
        world.run_until(nap.until)
        world.resume(sleeper)
        world.run(20.0)
    world.run(LIFETIME)
    expect_nothing_lost(outcome, population, naps=taken, lateness=1.0 if rough else 0.0)
    return outcome


def _signal_uniquely(population: Population, duration: float) -> None:
    """Let clients send signals, each of a type of its own, for so many seconds from now."""
    world = population.mesh.world
    for number in range(_SIGNALS_A_ROUND):
        world.at(world.now + number * duration / _SIGNALS_A_ROUND, population.signal_uniquely)


def bootstrap_restart(
    seed: int,
    hubs: int = 12,
    *,
    after: float = 300.0,
    pause: float = 5.0,
    same_id: bool = True,
    rough: bool = False,
) -> Outcome:
    """Restart the hub from which all started, long after the mesh needs it no more.

    It has nobody to dial itself. Must show: it is a full member again within a minute.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=3, over=1.0), 2 * hubs, rough=rough
    )
    world, bootstrap = mesh.world, mesh.hubs[0]
    world.run(after)
    world.kill(bootstrap)
    world.run(pause)
    world.restart(bootstrap, same_id=same_id)
    started = world.now
    back = mesh.settle(started + 90.0)
    took = None if back is None else back - started
    outcome.figures["full member after"] = took
    outcome.expect(took is not None and took <= 60.0, f"full member after {took}")  # noqa: PLR2004
    newcomer = population.add_at(bootstrap, "crowd")
    population.signal_steadily(500, 20.0)
    world.run(20.0 + LIFETIME)
    outcome.expect(len(newcomer.known) == len(population.present()) - 1, "its clients are alone")
    expect_nothing_lost(outcome, population)
    return outcome
