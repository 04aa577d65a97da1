"""Scenarios in the simulator: virtual time, simulated lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.core.config import DEFAULT_PORT, ServerConfig
from peerpigeon.scenario.cast import NOBODY, client_id, client_number, hub_number
from peerpigeon.scenario.outcome import Diary, View
from peerpigeon.scenario.play import hub_options, layout_of
from peerpigeon.scenario.steps import Cut, Mend
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peerpigeon.core.ids import PeerId
    from peerpigeon.scenario.steps import Step
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.network import Network

_LOOK = 0.25
_LULL = 10.0
"""Seconds in which whatever is still under way arrives."""


class VirtualTheatre:
    """A world of the simulator. Its hubs may be of a broken ``kind``."""

    patience = 180.0

    def __init__(
        self,
        steps: Sequence[Step],
        seed: int = 1,
        network: Network | None = None,
        kind: type[Hub] = Hub,
    ) -> None:
        self._layout = layout_of(steps)
        self._kind = kind
        self._world = World(seed, network)
        self._hubs: dict[int, Host] = {}
        self._clients: dict[int, Client] = {}
        self._homes: dict[int, int] = {}
        self._met: dict[PeerId, Counter[int]] = {}

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return self._world.now

    async def start(self, hub: int, bootstrap: int | None) -> None:
        """Start a hub, or start it again."""
        if hub in self._hubs:
            self._world.restart(self._hubs[hub])
            return
        own = {
            "host": f"hub-{hub}",
            "advertise": _address(hub),
            "bootstrap_hubs": "" if bootstrap is None else _address(bootstrap),
        }
        config = ServerConfig.from_environment({}, hub_options(self._layout, hub) | own)
        self._hubs[hub] = self._world.add_hub(config, self._kind)

    async def kill(self, hubs: Sequence[int]) -> None:
        """End hubs at one instant."""
        self._world.kill(*self._leave_alone(hubs))

    async def stop(self, hubs: Sequence[int]) -> None:
        """End hubs in good order."""
        self._world.stop(*self._leave_alone(hubs))

    def _leave_alone(self, hubs: Sequence[int]) -> list[Host]:
        """Have the clients of hubs that are about to end stay away."""
        for client, home in self._homes.items():
            self._clients[client].reconnects &= home not in hubs
        return [self._hubs[hub] for hub in hubs]

    async def disturb(self, deed: Cut | Mend) -> None:
        """Do something to the network."""
        match deed:
            case Cut(hubs):
                inside = [self._hubs[hub] for hub in hubs]
                self._world.part(inside, [hub for hub in self._world.hubs if hub not in inside])
            case Mend():
                self._world.heal()

    async def connect(self, client: int, hub: int, namespace: str) -> None:
        """Let a client connect to a hub, and give up the one it was at."""
        world, host, own = self._world, self._hubs[hub], client_id(client)
        self._met[own] = Counter()
        self._homes[client] = hub
        if client in self._clients:
            known = self._clients[client]
            known.reconnects = True  # if it is refused, as real ones do
            world.network.join(known, host)
            known.connect(world.way_to(host))
            return
        newcomer = world.add_client(host, namespace, own)
        newcomer.on_discovered = self._on_discovered
        self._clients[client] = newcomer

    def _on_discovered(self, client: Client, peer: PeerId) -> None:
        self._met[client.peer_id][client_number(peer)] += 1

    async def leave(self, client: int) -> None:
        """Let a client say goodbye and close its socket."""
        self._clients[client].leave()

    async def signal(self, sender: int, target: int) -> str:
        """Send a signal; return its serial."""
        return self._clients[sender].signal(client_id(target))

    async def linger(self) -> None:
        """Let so little time pass that things are still under way."""
        self._world.run(2.5 * self._world.network.latency)

    async def wait(self) -> None:
        """Let some time pass before the next look."""
        self._world.run(_LOOK)

    async def calm_down(self) -> None:
        """Let whatever is still under way arrive."""
        self._world.run(_LULL)

    async def views(self) -> Mapping[int, View]:
        """Return what each living hub tells."""
        now = self._world.now
        return {number: _view(hub, now) for number, hub in self._hubs.items() if hub.is_alive}

    def diaries(self) -> Mapping[int, Diary]:
        """Return what each client has heard."""
        return {number: self._diary(client) for number, client in self._clients.items()}

    def _diary(self, client: Client) -> Diary:
        stays = client.stays[-1:]
        farewells = [client_number(peer) for stay in stays for peer, _ in stay.departures]
        refused = [client_number(error.target) for error in client.errors if error.target]
        odd = Counter({NOBODY: len(client.surprises)})
        return Diary(
            self._met[client.peer_id] + odd,
            Counter(farewells),
            [signal.serial for signal in client.signals],
            Counter(refused),
        )


def _view(hub: Host, now: float) -> View:
    mesh = hub.hub.status.topology(now)
    return View(
        frozenset(hub_number(each.peer_id) for each in mesh.hubs),
        frozenset(
            (hub_number(link.peer_id), link.carrier, link.purpose)
            for each in mesh.hubs
            if each.peer_id == hub.own
            for link in each.links
        ),
    )


def _address(hub: int) -> str:
    return f"ws://hub-{hub}:{DEFAULT_PORT}"
