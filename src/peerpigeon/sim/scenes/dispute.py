"""Two clients with one id at two hubs, and those who talk to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha1
from typing import TYPE_CHECKING

from peerpigeon.core.ids import PeerId, xor_distance
from peerpigeon.sim.population import Population

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.checks.naps import Nap
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.world import World

NAMESPACE = "twice"
ROAMERS = 3

PAUSE = 0.2
"""Seconds between two rounds in which everybody says something."""


def namespace_key() -> PeerId:
    """Return what the primary is nearest to."""
    return PeerId(sha1(NAMESPACE.encode(), usedforsecurity=False).hexdigest())


def by_distance(hubs: list[Host]) -> list[Host]:
    """Return hubs in the order in which they are to be rendezvous hubs."""
    return sorted(hubs, key=lambda hub: xor_distance(hub.own, namespace_key()))


@dataclass(slots=True, eq=False)
class Dispute:
    """Who has an id, and who wants it."""

    mesh: Mesh
    rng: Random
    population: Population
    owner: Client
    owner_hub: Host
    newcomer_hub: Host
    others: list[Client] = field(default_factory=list)
    """One at each hub, who stay."""
    roamers: list[Client] = field(default_factory=list)
    newcomer: Client | None = None
    cuts: list[float] = field(default_factory=list)
    """When the network was cut."""
    naps: list[Nap] = field(default_factory=list)
    may_change_hands: bool = False
    """Whether the owner is out of reach for so long that it may lose its id."""

    @property
    def world(self) -> World:
        """The world in which it happens."""
        return self.mesh.world

    @property
    def rendezvous_hubs(self) -> list[Host]:
        """The living hubs, the primary first, then the backup, then who would follow."""
        return by_distance(self.mesh.living)

    @classmethod
    def begin(cls, mesh: Mesh, hubs: list[Host]) -> Dispute:
        """Let the owner come to one of ``hubs``, and others to all; no newcomer yet."""
        rng = mesh.world.chance("dispute")
        owner_hub, newcomer_hub = rng.sample(hubs, 2)
        population = Population.of(mesh)
        owner = mesh.world.add_client(owner_hub, NAMESPACE)
        population.clients.append(owner)
        dispute = cls(mesh, rng, population, owner, owner_hub, newcomer_hub)
        dispute.others = [dispute.add(hub) for hub in mesh.hubs]
        dispute.roamers = [dispute.add(mesh.hubs[number]) for number in range(ROAMERS)]
        return dispute

    # What everybody does

    def talk(self, until: float) -> None:
        """Let everybody say something, now and again and again."""
        if self.newcomer is not None:
            self._say(self.newcomer, self._any_other())
        self._say(self.owner, self._any_other())
        for client in self.others:
            self._say(client, self.owner.peer_id)
        self._say(self.others[0], self.roamers[0].peer_id)
        for number, roamer in enumerate(self.roamers):
            self._say(roamer, self.others[number].peer_id)
            self._say(roamer, self.owner.peer_id)
        if self.world.now < until:
            pause = PAUSE * (0.5 + self.rng.random())
            self.world.at(self.world.now + pause, partial(self.talk, until))

    def _any_other(self) -> PeerId:
        return self.others[self.rng.randrange(len(self.others))].peer_id

    def _say(self, client: Client, target: PeerId) -> None:
        if client.stay is not None:
            client.signal(target)

    def roam(self, client: Client, until: float) -> None:
        """Let a client move to another hub, now and again and again."""
        world, hubs = self.world, self.mesh.living
        hub = hubs[self.rng.randrange(len(hubs))]
        world.network.join(client, hub)
        client.connect(world.way_to(hub))
        if world.now < until:
            pause = 1.0 + 3.0 * self.rng.random()
            world.at(world.now + pause, partial(self.roam, client, until))

    def add(self, hub: Host, peer_id: PeerId | None = None) -> Client:
        """Let a client come that is as persistent as a real one."""
        client = self.world.add_client(hub, NAMESPACE, peer_id)
        self.population.clients.append(client)
        self.population.hosts[client.number] = hub
        return client

    def intrude(self) -> None:
        """Let a second client come with the owner's id, at another hub."""
        self.newcomer = self.add(self.newcomer_hub, self.owner.peer_id)
