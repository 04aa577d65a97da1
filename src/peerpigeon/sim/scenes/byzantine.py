"""Hubs that know the secret and lie, and what must hold for the clients of the others."""

from __future__ import annotations

from hashlib import sha1
from itertools import islice
from typing import TYPE_CHECKING

from peerpigeon.core.config import ServerConfig
from peerpigeon.sim.checks.forgeries import forgeries, unreadable
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.liar import Forger, Liar
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import EXAMPLES, Outcome
from peerpigeon.sim.scenes.setting import ARRIVALS, FORMATION, begin

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.mesh import Mesh

NAMESPACES = ["crowd", "flock", "herd", "swarm"]

ON_THE_WAY = 2.0
"""Seconds without new signals, in which those under way arrive, before anything changes."""

CALM, LYING = 10.0, 30.0
"""Seconds in which nobody lies, and in which the liars do."""

RECOVERY = 60.0
"""Seconds after the end of the liars in which all that they have said must be over."""

SIGNALS_A_SECOND = 20

LINKS = 4


def byzantine(
    seed: int,
    hubs: int = 20,
    *,
    share: float = 0.1,
    rough: bool = False,
    kind: type[Liar] = Liar,
    common: ServerConfig | None = None,
) -> Outcome:
    """Let a share of the hubs lie for half a minute, and end them then.

    Must show: no client of an honest hub hears anything in the name of a client of another honest
    hub that this one has not sent to it (unless a liar keeps the namespace: it says whose an id
    is), nor what it cannot read, nor what is of another namespace; and a minute after the liars
    have ended all that is sent arrives, and everybody knows everybody.
    """
    liars = max(1, round(share * hubs))
    kinds = dict.fromkeys(range(1, 1 + liars), kind)
    layout = Layout(hubs=hubs, max_links=LINKS, kinds=kinds, common=common or ServerConfig())
    mesh = begin(seed, layout, rough=rough)
    outcome = Outcome(mesh.world)
    outcome.figures["ideal after"] = mesh.settle(3 * FORMATION)
    mesh.world.run(layout.migration_delay + 5.0)
    population = Population.of(mesh)
    population.arrive(4 * hubs, NAMESPACES, ARRIVALS)
    mesh.world.run(2 * ARRIVALS)
    _play(mesh, population, outcome, liars)
    return outcome


def byzantine_with_identities(
    seed: int, hubs: int = 20, *, share: float = 0.1, rough: bool = False
) -> Outcome:
    """The same where hubs have identities, and the liars also change what they pass on.

    Must show what ``byzantine`` does. Without identities it would not.
    """
    common = ServerConfig(hub_identity="its own")
    return byzantine(seed, hubs, share=share, rough=rough, kind=Forger, common=common)


def _play(mesh: Mesh, population: Population, outcome: Outcome, liars: int) -> None:
    world = mesh.world
    times = [world.now]
    hosts = mesh.hubs[1 : 1 + liars]
    theirs = {
        client.peer_id for client in population.clients if population.hosts[client.number] in hosts
    }
    for seconds, what in ((CALM, None), (LYING, "lie"), (RECOVERY, "die"), (CALM, None)):
        if what == "die":
            world.kill(*hosts)
        for host in hosts:
            if isinstance(host.hub, Liar):  # pragma: no branch
                host.hub.is_lying = what == "lie"
        population.signal_steadily(int(SIGNALS_A_SECOND * seconds), seconds)
        world.run(seconds + ON_THE_WAY)
        times.append(world.now)
    world.run(LIFETIME)
    outcome.figures["lies"] = sum(host.hub.told for host in hosts if isinstance(host.hub, Liar))
    names = ("before", "during", "after", "at last")
    for name, since, until in zip(names, times, times[1:], strict=False):
        outcome.figures[f"% {name}"] = _delivered(population, theirs, since, until)
    outcome.expect(outcome.figures["% before"] == 100.0, "not all arrived before")  # noqa: PLR2004
    outcome.expect(outcome.figures["% at last"] == 100.0, "not all arrived at last")  # noqa: PLR2004
    honest = [client for client in population.clients if client.peer_id not in theirs]
    kept = _kept_by(mesh, {host.own for host in hosts})
    outcome.figures["namespaces kept by liars"] = len(kept)
    outcome.faults.extend(islice(forgeries(population.clients, theirs, kept), EXAMPLES))
    outcome.faults.extend(islice(unreadable(honest), EXAMPLES))
    outcome.expect(not population.unmet(), f"{population.unmet()} do not know each other at last")
    outcome.figures["strangers known"] = _strangers(honest)
    outcome.figures["forged"] = sum(
        host.hub.status.snapshot(world.now).mesh.forged for host in mesh.hubs if host.is_alive
    )
    outcome.figures["closed"] = sum(1 for client in honest if client.closures)
    outcome.expect(mesh.parts() == 1, f"the mesh is in {mesh.parts()} parts")


def _kept_by(mesh: Mesh, liars: set[PeerId]) -> list[str]:
    """Return the namespaces of which some hubs are rendezvous hubs while they live."""
    hubs = [host.own for host in mesh.hubs]
    return [name for name in NAMESPACES if not liars.isdisjoint(_nearest(name, hubs))]


def _nearest(namespace: str, hubs: list[PeerId]) -> list[PeerId]:
    """Return the two hubs whose ids are nearest to the key of a namespace (``docs/mesh.md``)."""
    key = int.from_bytes(sha1(namespace.encode(), usedforsecurity=False).digest(), "big")
    return sorted(hubs, key=lambda hub: int(hub, 16) ^ key)[:2]


def _delivered(population: Population, theirs: set[PeerId], since: float, until: float) -> float:
    """Return which share of the signals between clients of honest hubs has arrived, in percent."""
    heard = {signal.serial for client in population.clients for signal in client.signals}
    places = {client.peer_id: client.namespace for client in population.clients}
    sent = [
        signal.serial in heard
        for client in population.clients
        for signal in client.sent
        if since <= signal.time < until
        and not {client.peer_id, signal.target} & theirs
        # A liar that keeps a namespace may have introduced somebody who is in none, or another one.
        and places.get(signal.target) == signal.namespace
    ]
    return 100.0 * sum(sent) / max(1, len(sent))


def _strangers(clients: list[Client]) -> int:
    """Return how many acquaintances there are that are in another namespace, or nowhere."""
    places = {client.peer_id: client.namespace for client in clients if client.stay is not None}
    return sum(
        1
        for client in clients
        for peer in client.known
        if places.get(peer, client.namespace) != client.namespace
    )
