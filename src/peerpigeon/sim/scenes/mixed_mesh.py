"""Hubs of ours and of the npm package in one mesh, with clients at both, for scenes about them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME, Guests
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_no_surprises, expect_sound_signals
from peerpigeon.sim.scenes.setting import begin

if TYPE_CHECKING:
    from collections.abc import Collection

    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.checks.ledger import Fates
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.mesh import Layout, Mesh
    from peerpigeon.sim.reference_hub import ReferenceHub

NAMESPACES = ("north", "south")
"""Clients are in one of these, in turn."""

CLIENTS_EACH = 4
"""Clients at each hub of either kind."""

ARRIVALS = 6.0
"""Seconds in which clients come."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Some clients could not be reached by the others for a while. Times in seconds."""

    clients: Collection[PeerId]
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
        present = self.population.present()
        self._expect_acquaintance(present, are_references_exact=are_references_exact)

    def expect_acquaintance_in(self, hubs: Collection[Host | ReferenceHub]) -> None:
        """The clients of these hubs know just each other."""
        hosts = self.population.hosts
        here = [each for each in self.population.present() if hosts[each.number] in hubs]
        self._expect_acquaintance(here, are_references_exact=True)

    def _expect_acquaintance(self, present: list[Client], *, are_references_exact: bool) -> None:
        here: dict[str, set[PeerId]] = {name: set() for name in NAMESPACES}
        for client in present:
            here[client.namespace].add(client.peer_id)
        for client in present:
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
        guests = replace(guests, apart=apart.clients, since=apart.since, until=apart.until)
        return expect_sound_signals(self.outcome, self.population, [apart.since], guests)

    def expect_strict_namespaces(self) -> None:
        """No signal crosses from one namespace to another between hubs; to be asked last.

        Everybody tries it with all that are elsewhere, under either name. Within one hub of the
        package, naming the other namespace is enough.
        """
        hosts = self.population.hosts
        sent = {
            client.signal(other.peer_id, namespace=namespace)
            for client in self.population.present()
            for other in self.population.present()
            if other.namespace != client.namespace
            and hosts[other.number] is not hosts[client.number]
            for namespace in NAMESPACES
        }
        self.mesh.world.run(LIFETIME)
        heard = {each.serial for client in self.population.clients for each in client.signals}
        crossed = len(sent & heard)
        self.outcome.expect(not crossed, f"{crossed} signals crossed to another namespace")

    def clients_of(self, *hubs: Host | ReferenceHub) -> set[PeerId]:
        """Return the ids of the clients that have come to these hubs."""
        hosts = self.population.hosts
        return {each.peer_id for each in self.population.clients if hosts[each.number] in hubs}
