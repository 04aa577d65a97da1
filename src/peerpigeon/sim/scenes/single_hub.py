"""Named scenes: what happens to a world, and what each must show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import generate_peer_id
from peerpigeon.sim.client import SIGNALS
from peerpigeon.sim.network import Network
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host

_ROOMY = 1_000_000

_DEEDS = (
    *("signal",) * 10,
    *("roam",) * 2,
    "say goodbye",
    "lose the line",
    "vanish",
    "leave",
)
"""What a client of ``churn`` does next: one of these, each as likely as the others."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What ``crowd`` came to."""

    world: World
    messages: int
    """Text messages that all clients got together."""
    least_known: int
    """How many others the client knows that knows fewest."""
    parts: int
    """Into how many parts the graph of acquaintances falls."""


def crowd(
    seed: int, clients: int, limit: int = 128, over: float = 10.0, kind: type[Hub] = Hub
) -> Crowd:
    """Let many clients enter one namespace of one hub, at random times within ``over`` seconds.

    Must show: up to the discovery limit everybody knows everybody; beyond it everybody knows at
    least as many as the limit and the acquaintances hang together; and a join costs at most a
    greeting and two messages for each introduction, however large the crowd.
    """
    world = World(seed)
    hub = world.add_hub(ServerConfig(max_connections=_ROOMY, discovery_limit=limit), kind)
    rng = world.chance("crowd")
    for _ in range(clients):
        world.at(rng.random() * over, partial(world.add_client, hub, "crowd"))
    world.run_until_quiet(over + 10.0)
    return Crowd(
        world,
        messages=sum(client.heard for client in world.clients),
        least_known=min(len(client.known) for client in world.clients),
        parts=parts(world.clients),
    )


def parts(clients: list[Client]) -> int:
    """Return into how many parts the graph falls that links each client with all it knows."""
    unseen = {client.peer_id: client for client in clients}
    count = 0
    while unseen:
        count += 1
        frontier = [unseen.popitem()[1]]
        while frontier:
            known = frontier.pop().known
            frontier.extend(unseen.pop(peer) for peer in known if peer in unseen)
    return count


@dataclass(frozen=True, slots=True)
class _Pauses:
    """How long clients stay where they are, at least: seconds, more than two ways of a message."""

    between_deeds: float
    after_goodbye: float


_PAUSES, _ROUGH_PAUSES = _Pauses(1.0, 0.5), _Pauses(4.0, 3.5)


@dataclass(frozen=True, slots=True)
class Churn:
    """What ``churn`` came to."""

    world: World
    deeds: Counter[str]
    """How often each thing was done."""
    delivered: int
    """Signals that reached their target."""
    refused: int
    """Signals that were answered by an error."""


def churn(  # noqa: PLR0913
    seed: int,
    clients: int,
    duration: float = 60.0,
    namespaces: int = 4,
    limit: int = 128,
    kind: type[Hub] = Hub,
    *,
    rough: bool = False,
) -> Churn:
    """Let clients come, signal, roam, leave, lose their line, vanish and come back for a while.

    Each does something every one to five seconds, on a rough network every four to eight, so that
    what was on its way to it is there before it comes back. At the end they do nothing for so long
    that the hub has dropped those that vanished for good. Must show: all of ``checks.invariants``,
    whatever happens at the same time, and that all this costs only those whom it concerns.
    """
    world = World(seed, Network.rough() if rough else None)
    config = ServerConfig(
        max_connections=_ROOMY,
        discovery_limit=limit,
        cleanup_interval=4.0,
        peer_timeout=12.0,
        takeover_timeout=1.0,
    )
    hub, pauses = world.add_hub(config, kind), _ROUGH_PAUSES if rough else _PAUSES
    scene = _Churning(world, hub, namespaces, pauses, until=duration)
    for _ in range(clients):
        world.at(scene.rng.random() * 5.0, scene.arrive)
    world.run_until(duration)
    for client in scene.away[::2]:
        scene.come_back(client)
    world.run_until(duration + config.peer_timeout + config.cleanup_interval)
    return Churn(
        world,
        deeds=scene.deeds,
        delivered=sum(len(client.signals) for client in world.clients),
        refused=sum(len(client.errors) for client in world.clients),
    )


class _Churning:
    """The clients of ``churn`` and what they do."""

    def __init__(
        self, world: World, hub: Host, namespaces: int, pauses: _Pauses, until: float
    ) -> None:
        self.rng: Random = world.chance("churn")
        self.away: list[Client] = []
        """Clients that vanished and have not come back."""
        self.deeds: Counter[str] = Counter()
        self._world = world
        self._hub = hub
        self._namespaces = namespaces
        self._pauses = pauses
        self._until = until

    def arrive(self) -> None:
        """Bring a new client in."""
        self.deeds["arrive"] += 1
        self._wait(self._world.add_client(self._hub, self._any_namespace()))

    def come_back(self, client: Client) -> None:
        """Let a client that vanished connect again under its id."""
        self.deeds["come back"] += 1
        self._world.network.thaw(client)
        client.connect()

    def _wait(self, client: Client) -> None:
        time = self._world.now + self._pauses.between_deeds + 4.0 * self.rng.random()
        if time < self._until:
            self._world.at(time, partial(self._act, client))

    def _act(self, client: Client) -> None:
        if client.stay is None:
            self._wait(client)
            return
        deed = _DEEDS[self.rng.randrange(len(_DEEDS))]
        self.deeds[deed] += 1
        match deed:
            case "signal":
                self._signal(client)
            case "roam":
                client.announce(self._any_namespace(other_than=client.namespace))
            case "say goodbye":
                self._say_goodbye(client)
            case "lose the line":
                self._world.network.cut(client)
            case "vanish":
                self._vanish(client)
            case "leave":
                client.leave()
                self._world.at(self._world.now + self.rng.random(), self.arrive)
        if deed not in ("vanish", "leave"):
            self._wait(client)

    def _signal(self, client: Client) -> None:
        known = client.known
        for _ in range(self.rng.randrange(1, 6)):
            draw = self.rng.randrange(8)
            if draw == 0:
                target = generate_peer_id(self.rng)
            elif draw == 1 or not known:
                target = self._anyone().peer_id
            else:
                target = known[self.rng.randrange(len(known))]
            self.deeds["a signal"] += 1
            client.signal(target, SIGNALS[self.rng.randrange(len(SIGNALS))])

    def _anyone(self) -> Client:
        return self._world.clients[self.rng.randrange(len(self._world.clients))]

    def _any_namespace(self, other_than: str = "") -> str:
        names = [f"namespace {index}" for index in range(self._namespaces)]
        choice = [name for name in names if name != other_than] or names
        return choice[self.rng.randrange(len(choice))]

    def _say_goodbye(self, client: Client) -> None:
        client.say_goodbye()
        time = self._world.now + self._pauses.after_goodbye
        self._world.at(time, partial(self._announce_again, client))

    def _announce_again(self, client: Client) -> None:
        if client.is_open and client.stay is None:
            client.announce()

    def _vanish(self, client: Client) -> None:
        self._world.network.freeze(client)
        if self.rng.randrange(2):
            self.away.append(client)
            return
        self._world.at(
            self._world.now + 0.2 + 4.0 * self.rng.random(), partial(self._return, client)
        )

    def _return(self, client: Client) -> None:
        self.come_back(client)
        self._wait(client)


@dataclass(frozen=True, slots=True)
class Namespaces:
    """What ``namespaces`` came to."""

    world: World
    inside: int
    """Signals sent to members of the sender's own namespace."""
    across: int
    """Signals sent to members of other namespaces, under either name."""
    delivered: int
    refused: int


def namespaces(seed: int, count: int, members: int = 5, kind: type[Hub] = Hub) -> Namespaces:
    """Let ``count`` small namespaces live on one hub, and their members signal across.

    Must show: each member knows just the others of its own namespace; each signal inside arrives;
    each signal across is answered by an error, also when it claims the target's namespace.
    """
    world = World(seed)
    hub = world.add_hub(ServerConfig(max_connections=_ROOMY), kind)
    names = [f"namespace {index}" for index in range(count)] * members
    rng = world.chance("namespaces")
    rng.shuffle(names)
    for name in names:
        world.at(rng.random() * 5.0, partial(world.add_client, hub, name))
    world.run_until(6.0)
    inside = across = 0
    for client in world.clients:
        for target in client.known:
            client.signal(target)
            inside += 1
        for _ in range(2):
            stranger = world.clients[rng.randrange(len(world.clients))]
            if stranger.namespace != client.namespace:
                client.signal(stranger.peer_id)
                client.signal(stranger.peer_id, namespace=stranger.namespace)
                across += 2
    world.run_until_quiet(16.0)
    return Namespaces(
        world,
        inside,
        across,
        delivered=sum(len(client.signals) for client in world.clients),
        refused=sum(len(client.errors) for client in world.clients),
    )
