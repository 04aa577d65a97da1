"""Scenes in which hubs of the npm package are in the mesh, with clients on both sides.

Of clients at hubs of ours all is asked that is asked elsewhere. Clients of a hub of the package are
told what that hub makes of what it is told: where it has lost a hub of ours, or one of ours has
dialled it, its clients may hear of the same peer again, and not that a peer is gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.core.config import DEFAULT_PORT, ServerConfig
from peerpigeon.core.hub import Hub
from peerpigeon.sim.checks.ledger import LIFETIME, Guests
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_no_surprises, expect_sound_signals
from peerpigeon.sim.scenes.setting import FORMATION, begin

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.checks.ledger import Fates
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.reference_hub import ReferenceHub

WELCOMING = ServerConfig(reference_hubs="yes")

NAMESPACES = ("north", "south")
"""Clients are in one of these, in turn."""

CLIENTS_EACH = 4
"""Clients at each hub of either kind."""

ARRIVALS = 6.0
"""Seconds in which clients come."""

PROMPT = 5.0
"""Seconds in which the end of a socket is told to all: fewer than until pings show it."""

SETTLING = 15.0
"""Seconds in which a hub of ours learns that another one has died that served a hub of the package,
asks whether that is free, and serves it; or that one on a machine that is gone does not answer."""


@dataclass(frozen=True, slots=True)
class Apart:
    """When no hub of ours served a hub of the package. Times in seconds."""

    hub: ReferenceHub
    since: float
    until: float


@dataclass(slots=True, eq=False)
class MixedMesh:
    """Hubs of both kinds, and their clients."""

    mesh: Mesh
    population: Population
    outcome: Outcome
    references: list[ReferenceHub] = field(default_factory=list)

    @classmethod
    def begin(cls, seed: int, layout: Layout, *, rough: bool) -> MixedMesh:
        """Let hubs of ours start, one after the other."""
        mesh = begin(seed, layout, rough=rough)
        return cls(mesh, Population.of(mesh), Outcome(mesh.world))

    def add_reference(self, *bootstraps: str) -> ReferenceHub:
        """Start a hub of the package that dials these addresses."""
        hub = self.mesh.world.add_reference_hub(f"reference-{len(self.references)}", *bootstraps)
        self.references.append(hub)
        return hub

    def arrive(self, hub: Host | ReferenceHub, *, greets: bool = False) -> None:
        """Let clients come to a hub at random times; they may greet whomever they learn of."""
        world, rng = self.mesh.world, self.population.rng
        for number in range(CLIENTS_EACH):
            namespace = NAMESPACES[number % len(NAMESPACES)]
            add = partial(self._add, hub, namespace, greets=greets)
            world.at(world.now + ARRIVALS * rng.random(), add)

    def _add(self, hub: Host | ReferenceHub, namespace: str, *, greets: bool) -> None:
        client = self.population.add_at(hub, namespace)
        if greets:
            client.on_discovered = lambda one, other: one.signal(other)

    def dismiss_one(self, hub: Host | ReferenceHub) -> None:
        """Let a client of a hub leave for good."""
        hosts = self.population.hosts
        next(each for each in self.population.present() if hosts[each.number] is hub).leave()

    def is_guest(self, client: Client) -> bool:
        """Tell whether the hub of a client is one of the package."""
        return self.population.hosts[client.number] in self.references

    # What must be so

    def expect_acquaintance(self, *, are_references_exact: bool = True) -> None:
        """All know all that are in their namespace, and nobody else.

        Clients of hubs of the package may know some more, unless those ``are_references_exact``.
        """
        here: dict[str, set[PeerId]] = {name: set() for name in NAMESPACES}
        for client in self.population.present():
            here[client.namespace].add(client.peer_id)
        for client in self.population.present():
            known, others = set(client.known), here[client.namespace] - {client.peer_id}
            missing, ghosts = len(others - known), len(known - others)
            self.outcome.expect(not missing, f"client {client.number} does not know {missing}")
            if are_references_exact or not self.is_guest(client):
                self.outcome.expect(not ghosts, f"client {client.number} knows {ghosts} too many")

    def expect_told_once(self) -> None:
        """Nobody at a hub of ours was told more than once that a peer is gone."""
        for client in self.population.clients:
            told = Counter(peer for stay in client.stays for peer, _ in stay.departures)
            often = [peer for peer, count in told.items() if count > 1]
            if not self.is_guest(client):
                self.outcome.expect(not often, f"client {client.number} was told of {often} twice")

    def expect_sound_news(self, *, are_references_exact: bool = True) -> None:
        """Nobody was told of a peer that it knew, or of the end of one that it did not know."""
        strict = [
            client
            for client in self.population.clients
            if are_references_exact or not self.is_guest(client)
        ]
        expect_no_surprises(self.outcome, strict)

    def expect_sound_signals(self, apart: Apart | None = None) -> Fates:
        """Nothing was lost, repeated or out of order, but for what ``apart`` allows."""
        guests = Guests([each.peer_id for each in self.population.clients if self.is_guest(each)])
        if apart is None:
            return expect_sound_signals(self.outcome, self.population, guests=guests)
        ids = self.clients_of(apart.hub)
        guests = replace(guests, apart=ids, since=apart.since, until=apart.until)
        return expect_sound_signals(self.outcome, self.population, [apart.since], guests)

    def clients_of(self, hub: Host | ReferenceHub) -> set[PeerId]:
        """Return the ids of the clients that have come to a hub."""
        hosts = self.population.hosts
        return {each.peer_id for each in self.population.clients if hosts[each.number] is hub}


def meeting(seed: int, hubs: int = 4, references: int = 2, *, rough: bool = False) -> Outcome:
    """Let hubs of both kinds come, one of the package late, and clients greet whom they learn of.

    Must show: all in one namespace learn of each other, once; every greeting arrives, once.
    """
    layout = Layout(hubs=hubs, over=8.0, common=WELCOMING)
    scene = MixedMesh.begin(seed, layout, rough=rough)
    world, mesh = scene.mesh.world, scene.mesh
    for number in range(references - 1):
        scene.arrive(scene.add_reference(_address(f"hub-{number % hubs}")), greets=True)
    mesh.run_until(mesh.is_whole, FORMATION)
    for hub in mesh.hubs:
        scene.arrive(hub, greets=True)
    world.run(ARRIVALS + LIFETIME)
    scene.arrive(scene.add_reference(_address(f"hub-{hubs - 1}")), greets=True)
    world.run(ARRIVALS + LIFETIME)
    scene.expect_acquaintance()
    scene.expect_sound_news()
    judged = scene.expect_sound_signals()
    pairs = sum(len(client.known) for client in scene.population.clients)
    scene.outcome.expect(judged.sent == pairs, f"{judged.sent} greetings for {pairs} pairs")
    scene.outcome.expect(judged.delivered == pairs, f"{judged.delivered} of {pairs} arrived")
    return scene.outcome


def dialled(seed: int, hubs: int = 3, references: int = 2, *, rough: bool = False) -> Outcome:
    """Let all hubs of ours dial the same hubs of the package, and have no other way to each other.

    Must show: they become one mesh; all in one namespace learn of each other, at hubs of ours once;
    every signal arrives, once.
    """
    addresses = tuple(_address(f"reference-{number}") for number in range(references))
    common = replace(WELCOMING, bootstrap_hubs=addresses)
    layout = Layout(hubs=hubs, doors=hubs, common=common)
    scene = MixedMesh.begin(seed, layout, rough=rough)
    world, mesh = scene.mesh.world, scene.mesh
    for _ in addresses:
        scene.arrive(scene.add_reference())
    whole_at = mesh.run_until(mesh.is_whole, FORMATION)
    scene.outcome.expect(whole_at is not None, "the mesh never was one")
    world.run(SETTLING)
    for hub in mesh.hubs:
        scene.arrive(hub)
    world.run(ARRIVALS + LIFETIME)
    scene.population.signal_steadily(300, 15.0)
    world.run(15.0 + LIFETIME)
    scene.expect_acquaintance(are_references_exact=False)
    scene.expect_told_once()
    scene.expect_sound_news(are_references_exact=False)
    judged = scene.expect_sound_signals()
    scene.outcome.expect(judged.delivered == judged.sent > 0, "not all signals arrived")
    return scene.outcome


def killed(
    seed: int,
    hubs: int = 4,
    *,
    machine: bool = False,
    rough: bool = False,
    kind: type[Hub] = Hub,
) -> Outcome:
    """Let a client of each kind leave, then kill a hub of the package, with signals under way.

    Its process starts again, with new clients; of a ``machine`` that is gone only pings tell. Must
    show: each client is reported gone, once; the new ones become known.
    """
    scene = _formed(seed, hubs, kind, rough=rough)
    world, (victim, other) = scene.mesh.world, scene.references
    scene.population.signal_steadily(600, 40.0)
    for hub in (scene.mesh.hubs[0], other):
        scene.dismiss_one(hub)
    world.run(5.0)
    believed_in = Apart(victim, world.now, world.now + SETTLING) if machine else None
    world.kill(victim, machine=machine)
    world.run(SETTLING if machine else PROMPT)
    scene.expect_acquaintance()
    if not machine:
        world.restart_reference(victim)
        scene.arrive(victim)
    world.run(20.0 + LIFETIME)
    scene.expect_acquaintance()
    scene.expect_told_once()
    scene.expect_sound_news()
    scene.expect_sound_signals(believed_in)
    return scene.outcome


def orphaned(seed: int, hubs: int = 4, *, rough: bool = False) -> Outcome:
    """Kill one of the two hubs of ours to which a hub of the package is linked.

    If it served that one, the other has to take its place. Must show: then its clients and those of
    ours learn of each other again, and are reported gone at most once before.
    """
    scene = MixedMesh.begin(seed, Layout(hubs=hubs, common=WELCOMING), rough=rough)
    mesh, world = scene.mesh, scene.mesh.world
    mesh.settle(FORMATION)
    doubly_linked = scene.add_reference(_address("hub-0"), _address("hub-1"))
    for hub in mesh.hubs:
        scene.arrive(hub)
    scene.arrive(doubly_linked)
    world.run(ARRIVALS + LIFETIME)
    scene.expect_acquaintance()
    scene.population.signal_steadily(600, 30.0)
    world.run(5.0)
    victim = mesh.hubs[scene.population.rng.randrange(2)]
    is_orphaned = victim.hub.snapshot(world.now).connections > CLIENTS_EACH + 1
    apart = Apart(doubly_linked, world.now, world.now + SETTLING) if is_orphaned else None
    world.kill(victim)
    world.run(25.0 + SETTLING + LIFETIME)
    scene.expect_acquaintance(are_references_exact=False)
    scene.expect_told_once()
    scene.expect_sound_news(are_references_exact=not is_orphaned)
    scene.expect_sound_signals(apart)
    return scene.outcome


def cut_off(seed: int, hubs: int = 4, seconds: float = 40.0, *, rough: bool = False) -> Outcome:
    """Cut a hub of the package off with its clients, for longer than it is believed in.

    Must show: on each side all know each other; its clients are reported gone, once; after the cut
    it comes back, and all learn of each other again.
    """
    scene = _formed(seed, hubs, rough=rough)
    world, (victim, other) = scene.mesh.world, scene.references
    scene.population.signal_steadily(900, seconds + 40.0)
    world.run(5.0)
    cut_at = world.now
    world.part([victim], [*scene.mesh.hubs, other])
    world.run(seconds)
    for client in scene.population.present():
        if not scene.is_guest(client):
            known = scene.clients_of(victim).intersection(client.known)
            scene.outcome.expect(not known, f"client {client.number} was not told of the cut")
    world.heal()
    apart = Apart(victim, cut_at, world.now + SETTLING)
    world.run(40.0 + LIFETIME)
    scene.expect_acquaintance(are_references_exact=False)
    scene.expect_told_once()
    scene.expect_sound_news(are_references_exact=False)
    scene.expect_sound_signals(apart)
    return scene.outcome


def _formed(seed: int, hubs: int, kind: type[Hub] = Hub, *, rough: bool) -> MixedMesh:
    """Return a mesh with two hubs of the package and clients everywhere, who have met."""
    common = replace(WELCOMING, cleanup_interval=2.0, peer_timeout=10.0)
    scene = MixedMesh.begin(seed, Layout(hubs=hubs, common=common, kind=kind), rough=rough)
    scene.mesh.settle(FORMATION)
    for number in range(2):
        scene.arrive(scene.add_reference(_address(f"hub-{number}")))
    for hub in scene.mesh.hubs:
        scene.arrive(hub)
    scene.mesh.world.run(ARRIVALS + LIFETIME)
    scene.expect_acquaintance()
    return scene


def _address(host: str) -> str:
    return f"ws://{host}:{DEFAULT_PORT}"
