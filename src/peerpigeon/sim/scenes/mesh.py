"""Scenes of a mesh: what happens to it, and what each must show.

Each scene returns an ``Outcome``: figures, and a sentence for everything that was not as it must
be. All may be played on a rough network too.
"""

from __future__ import annotations

from functools import partial
from math import log
from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.checks.oracle import distances_from, spread
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_all_delivered, expect_no_surprises
from peerpigeon.sim.scenes.setting import ARRIVALS, FORMATION, begin, populate, with_clients
from peerpigeon.sim.scenes.single_hub import parts

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.mesh import Mesh

GLANCE = 0.1
"""Seconds between two looks at what must be so all the time."""


def formation(seed: int, hubs: int, max_links: int, *, rough: bool = False) -> Outcome:
    """Let hubs start one after the other.

    Must show: once whole, always whole; no hub ever has more links than allowed, but for one more
    while it changes from one to another; and the links are those computed centrally.
    """
    layout = Layout(hubs=hubs, max_links=max_links, over=0.05 * hubs)
    mesh = begin(seed, layout, rough=rough)
    outcome = Outcome(mesh.world)
    whole_at = mesh.run_until(mesh.is_whole, FORMATION)
    outcome.expect(whole_at is not None, "the mesh never was one")
    most = 0
    ideal_at: float | None = None
    while ideal_at is None and mesh.world.now < FORMATION:
        mesh.world.run(GLANCE)
        most = max(most, mesh.most_links())
        outcome.expect(mesh.is_whole(), f"the mesh fell apart at {mesh.world.now:.1f}")
        ideal_at = mesh.world.now if mesh.is_ideal() else None
    outcome.expect(ideal_at is not None, "the links never were those computed centrally")
    mesh.world.run(layout.migration_delay + 5.0)
    extra, missing = mesh.links() - mesh.ideal(), mesh.ideal() - mesh.links()
    outcome.expect(not missing, f"{len(missing)} links are missing")
    outcome.expect(not extra, f"{len(extra)} links are left over")
    outcome.expect(most <= max_links + 1, f"a hub had {most} links")
    outcome.figures = {"whole after": whole_at, "ideal after": ideal_at, "most links": most}
    return outcome


def scale(
    seed: int, hubs: int, max_links: int, signals: int = 10_000, *, rough: bool = False
) -> Outcome:
    """Send signals across a large mesh.

    Must show: few hops, every signal delivered, and no more messages than hops need.
    """
    mesh, population, outcome = with_clients(
        seed, Layout(hubs=hubs, max_links=max_links, over=0.1), min(hubs, 120), rough=rough
    )
    graph = mesh.graph()
    measured = spread(graph)
    bound = log(hubs) / log(max_links - 1)
    before = mesh.world.tally.signals(), mesh.world.tally.acknowledgements()
    population.signal_steadily(signals, 20.0)
    mesh.world.run(20.0 + LIFETIME)
    relays = mesh.world.tally.signals() - before[0]
    acks = mesh.world.tally.acknowledgements() - before[1]
    needed = _hops_needed(population, mesh)
    outcome.expect(measured.mean_hops <= bound, f"{measured.mean_hops:.2f} hops on average")
    outcome.expect(rough or relays.frames <= needed, f"{relays.frames} messages for {needed} hops")
    outcome.figures |= {
        "mean hops": measured.mean_hops,
        "hops / bound": measured.mean_hops / bound,
        "diameter": measured.diameter,
        "messages per signal": relays.frames / signals,
        "acks per signal": acks.frames / signals,
    }
    expect_all_delivered(outcome, population)
    return outcome


def _hops_needed(population: Population, mesh: Mesh) -> int:
    """Return how many links all signals cross that have been sent, on shortest ways."""
    graph = mesh.graph()
    home_of = {client.peer_id: population.hosts[client.number].own for client in population.clients}
    distances: dict[PeerId, dict[PeerId, int]] = {}
    hops = 0
    for client in population.clients:
        home = home_of[client.peer_id]
        if home not in distances:
            distances[home] = distances_from(home, graph)
        hops += sum(distances[home][home_of[sent.target]] for sent in client.sent)
    return hops


def meeting(seed: int, hubs: int = 100, clients: int = 20, *, rough: bool = False) -> Outcome:
    """Let clients of one namespace come in random order while the mesh still forms.

    Must show: all pairs get to know each other, once; and what each sends to another at the very
    instant of getting to know it arrives.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=4, over=10.0), rough=rough)
    population, outcome = Population.of(mesh), Outcome(mesh.world)
    for _ in range(clients):
        mesh.world.at(0.5 + 12.0 * population.rng.random(), partial(_come_and_greet, population))
    mesh.world.run(60.0)
    pairs = clients * (clients - 1)
    met = sum(len(client.known) for client in population.clients)
    outcome.expect(met == pairs, f"{met} of {pairs} know each other")
    judged = expect_all_delivered(outcome, population)
    outcome.expect(judged.sent == pairs, f"{judged.sent} signals for {pairs} pairs")
    return outcome


def _come_and_greet(population: Population) -> None:
    living = population.mesh.living
    client = population.add_at(living[population.rng.randrange(len(living))], "meeting")
    client.on_discovered = lambda one, other: one.signal(other)


def great_crowd(
    seed: int, clients: int, hubs: int = 50, limit: int = 128, *, rough: bool = False
) -> Outcome:
    """Let very many clients enter one namespace.

    Must show: a join costs a bounded number of messages, however many are there; everybody knows
    as many as the limit says; and all hang together by acquaintance.
    """
    layout = Layout(hubs=hubs, max_links=4, over=1.0, discovery_limit=limit)
    mesh, population, outcome = with_clients(seed, layout, clients // 2, rough=rough)
    world = mesh.world
    halves = [world.tally.control().frames / max(1, clients // 2)]
    before = world.tally.control().frames
    started = world.now
    population.arrive(clients - clients // 2, ["crowd"], ARRIVALS * clients / 100)
    world.run(ARRIVALS * clients / 100 + LIFETIME)
    beats = hubs * layout.max_links * (world.now - started)
    halves.append((world.tally.control().frames - before - beats) / (clients - clients // 2))
    heard = sum(client.heard for client in population.clients) / clients
    outcome.expect(heard <= 2 * limit + 2, f"a join costs {heard:.0f} messages to clients")
    outcome.expect(parts(population.clients) == 1, "the acquaintances do not hang together")
    least = min(len(client.known) for client in population.clients)
    outcome.expect(least >= min(limit, clients - 1) // 2, f"somebody knows only {least}")
    outcome.figures |= {
        "hub messages per join": halves[1],
        "client messages per join": heard,
        "least known": least,
    }
    expect_no_surprises(outcome, population.clients)
    return outcome


def streams(seed: int, hubs: int = 20, *, rough: bool = False) -> Outcome:
    """Signal all the time while hubs move from WebSockets to data channels, and back and forth.

    Must show: nothing is lost or repeated, and the mesh returns to data channels.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=3, over=0.5), rough=rough)
    population, outcome = Population.of(mesh), Outcome(mesh.world)
    world = mesh.world
    mesh.run_until(mesh.is_whole, FORMATION)
    population.arrive(hubs, ["streams"], 1.0)
    world.run(2.0 if not rough else 6.0)
    population.signal_steadily(6000, 60.0)
    world.run(25.0)
    world.block_p2p(0.5, also_open=True)
    world.run(20.0)
    world.block_p2p(0.0)
    world.run(45.0)
    outcome.expect(mesh.links(Carrier.P2P) == mesh.links(), "some links stayed on WebSockets")
    expect_all_delivered(outcome, population)
    return outcome


def without_p2p(seed: int, share: float, hubs: int = 30, *, rough: bool = False) -> Outcome:
    """Let data channels be impossible for a share of the pairs of hubs.

    Must show: the same links, over WebSockets where needed, and every signal delivered.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=4, over=1.0), rough=rough)
    mesh.world.block_p2p(share)
    outcome = Outcome(mesh.world)
    outcome.figures["ideal after"] = mesh.settle(FORMATION)
    outcome.expect(mesh.is_ideal(), "the links never were those computed centrally")
    population = populate(mesh, 2 * hubs)
    population.signal_steadily(1000, 10.0)
    mesh.world.run(10.0 + LIFETIME)
    outcome.figures["sockets left"] = len(mesh.links()) - len(mesh.links(Carrier.P2P))
    expect_all_delivered(outcome, population)
    return outcome


def steady(seed: int, hubs: int = 1000, max_links: int = 4, seconds: float = 60.0) -> Outcome:
    """Let a mesh do nothing.

    Must show: control traffic of little more than a heartbeat a second on each link.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=max_links, over=0.1))
    outcome = Outcome(mesh.world)
    outcome.figures["ideal after"] = mesh.settle(3 * FORMATION)
    mesh.world.run(30.0)
    before = mesh.world.tally.control()
    mesh.world.run(seconds)
    traffic = mesh.world.tally.control() - before
    frames, octets = (count / hubs / seconds for count in (traffic.frames, traffic.octets))
    outcome.expect(frames <= 1.25 * max_links, f"{frames:.1f} messages a second")
    outcome.expect(octets <= 64 * max_links, f"{octets:.0f} bytes a second")
    outcome.figures |= {"messages per hub second": frames, "bytes per hub second": octets}
    return outcome
