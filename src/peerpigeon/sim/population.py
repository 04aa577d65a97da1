"""Clients spread over the hubs of a mesh, and the signals they send each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.client import SIGNALS
from peerpigeon.sim.host import Host

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.mesh import Mesh
    from peerpigeon.sim.reference_hub import ReferenceHub
    from peerpigeon.sim.websocket import Connection


_DRAWS = 20
"""How many random clients are looked at to find one that is there."""


@dataclass(slots=True, eq=False)
class Population:
    """The clients of a mesh. They stay with their hubs, and away once those are dead."""

    mesh: Mesh
    rng: Random
    clients: list[Client] = field(default_factory=list)
    hosts: dict[int, Host | ReferenceHub] = field(default_factory=dict)
    """Which hub a client has its connection to, by its number."""

    @classmethod
    def of(cls, mesh: Mesh) -> Population:
        """Return a population that is still empty."""
        return cls(mesh, mesh.world.chance("flock"))

    def arrive(self, count: int, namespaces: Sequence[str], over: float) -> None:
        """Let ``count`` clients connect to living hubs in turn, at random times within ``over``."""
        world = self.mesh.world
        times = sorted(world.now + self.rng.random() * over for _ in range(count))
        for number, time in enumerate(times):
            namespace = namespaces[number % len(namespaces)]
            world.at(time, partial(self.add, number, namespace))

    def add(self, number: int, namespace: str) -> Client:
        """Let one client connect to the living hub whose turn it is."""
        living = self.mesh.living
        return self.add_at(living[number % len(living)], namespace)

    def add_at(self, hub: Host | ReferenceHub, namespace: str) -> Client:
        """Let one client connect to ``hub``."""
        client = self.mesh.world.add_client(hub, namespace, reconnects=False)
        self.clients.append(client)
        self.hosts[client.number] = hub
        return client

    def add_roaming(self, hub: Host, namespace: str) -> Client:
        """Let a client come to ``hub`` that knows all hubs, and goes to another when it has to."""
        client = self.mesh.world.add_client(hub, namespace, way=self._open_elsewhere)
        self.clients.append(client)
        self.hosts[client.number] = hub
        return client

    def add_to_machine(self, workers: Sequence[Host], namespace: str) -> Client:
        """Let a client come, and come again, to any of the workers that share an address."""
        hub = self.rng.choice(workers)
        way = self.mesh.world.way_to(*workers)
        client = self.mesh.world.add_client(hub, namespace, way=way)
        self.clients.append(client)
        self.hosts[client.number] = hub
        return client

    def _open_elsewhere(self, client: Client) -> Connection:
        """Open a connection to a hub that this client does not come from."""
        before = self.hosts[client.number]
        hub = self.rng.choice([hub for hub in self.mesh.hubs if hub is not before])
        self.hosts[client.number] = hub
        return self.mesh.world.way_to(hub)(client)

    # Who is there

    def shares(self) -> Counter[int]:
        """Return how many clients each hub has, by its number."""
        return Counter(self.host_of(client).number for client in self.present())

    def host_of(self, client: Client) -> Host | ReferenceHub:
        """Return whose a client is: the hub that it connected to, or a worker beside that."""
        end = None if client.stay is None else client.stay.connection.ends[1]
        return end if isinstance(end, Host) else self.hosts[client.number]

    def present(self) -> list[Client]:
        """Return the clients that are in a namespace and whose hub lives."""
        return [
            client
            for client in self.clients
            if client.stay is not None and self.host_of(client).is_alive
        ]

    def unmet(self) -> int:
        """Return how many pairs in one namespace have not met, each way counted."""
        members: dict[str, list[PeerId]] = defaultdict(list)
        present = self.present()
        for client in present:
            members[client.namespace].append(client.peer_id)
        return sum(
            len(members[client.namespace]) - 1 - len(members_known(client, members))
            for client in present
        )

    # What they say

    def signal_steadily(self, count: int, duration: float) -> None:
        """Send ``count`` signals between random clients, evenly spread over ``duration``."""
        world = self.mesh.world
        for number in range(count):
            world.at(world.now + duration * number / count, self.signal_somebody)

    def signal_somebody(self) -> None:
        """Let a random client signal a random one of those that it knows."""
        sender = self._anybody()
        known = sender.known if sender else []
        if sender and known:
            kind = SIGNALS[self.rng.randrange(len(SIGNALS))]
            sender.signal(known[self.rng.randrange(len(known))], kind)

    def signal_uniquely(self) -> None:
        """Let a random client send a signal of a type of its own to any that it ever knew."""
        sender = self._anybody()
        ever_known = list(sender.stay.turns) if sender and sender.stay else []
        if sender and ever_known:
            kind = f"renegotiation-{sender.number}-{len(sender.sent)}"
            sender.signal(ever_known[self.rng.randrange(len(ever_known))], kind)

    def say_farewell(self) -> None:
        """Let a random client leave for good."""
        client = self._anybody()
        if client is not None:
            client.leave()

    def _anybody(self) -> Client | None:
        for _ in range(_DRAWS):
            client = self.clients[self.rng.randrange(len(self.clients))]
            if client.stay is not None and self.host_of(client).is_alive:
                return client
        return None


def members_known(client: Client, members: dict[str, list[PeerId]]) -> set[PeerId]:
    """Return those of the members of its namespace that ``client`` knows."""
    return set(client.known).intersection(members[client.namespace])
