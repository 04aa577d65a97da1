"""A world of hubs and clients on one virtual clock; same seed, same history."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, TypeVar

from peerpigeon.core import Hub
from peerpigeon.core.config import DEFAULT_PORT, GLOBAL_NAMESPACE, ServerConfig
from peerpigeon.core.identity import id_of
from peerpigeon.core.ids import PeerId, generate_peer_id
from peerpigeon.core.interface.events import ClockSet, DrainRequested
from peerpigeon.core.wire.hub_frames import Carrier
from peerpigeon.sim.client import Client
from peerpigeon.sim.connecting import Connector
from peerpigeon.sim.host import Host
from peerpigeon.sim.identity import Notary
from peerpigeon.sim.network import Network, Party
from peerpigeon.sim.reference_hub import ReferenceHub
from peerpigeon.sim.scheduler import Scheduler
from peerpigeon.sim.stage import Stage
from peerpigeon.sim.trace import Trace
from peerpigeon.sim.visitors.visitor import Visitor
from peerpigeon.sim.websocket import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from peerpigeon.sim.scheduler import Callback
    from peerpigeon.sim.tally import Tally
    from peerpigeon.sim.websocket import Endpoint

V = TypeVar("V", bound=Visitor)

LULL = 5.0
"""Seconds without an alarm after which a world counts as quiet; check-ups are further apart."""

EPOCH = 1_795_338_000.0
"""When a world begins, in seconds since 1970."""


def chance(seed: int, name: str) -> Random:
    """Return the chance of one party: it depends on the seed and its name, not on the others."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return Random(int.from_bytes(digest, "big"))  # noqa: S311 - must be repeatable, not secret


class World:
    """Hubs, clients, and the network between them.

    Every party has a chance of its own, derived from the seed and its name: one more
    party changes nothing in what the others draw.
    """

    def __init__(self, seed: int, network: Network | None = None) -> None:
        self.seed = seed
        self.network = network or Network()
        self.network.salt = self.network.salt or str(seed)
        self.trace = Trace()
        self.hubs: list[Host] = []
        self.clients: list[Client] = []
        self.visitors: list[Visitor] = []
        self.reference_hubs: list[ReferenceHub] = []
        self._notary = Notary()
        self._scheduler = Scheduler()
        self._stage = Stage(self._scheduler, self.network, self.trace)
        self._connector = Connector(self._stage)

    @property
    def now(self) -> float:
        """Seconds since the beginning of the world."""
        return self._scheduler.now

    @property
    def events(self) -> int:
        """How many things have happened."""
        return self._scheduler.done

    @property
    def tally(self) -> Tally:
        """What has crossed the links between hubs."""
        return self._stage.tally

    def chance(self, name: str) -> Random:
        """Return a chance for ``name``, the same in every world with this seed."""
        return chance(self.seed, name)

    # Parties

    def add_hub(
        self, config: ServerConfig | None = None, kind: type[Hub] = Hub, *, skew: float = 0.0
    ) -> Host:
        """Add a hub, by default with the default options; ``kind`` may be a broken one.

        Other hubs reach it at ``ws://host:port``. Its clock is ``skew`` seconds fast. With
        ``hub_identity``, whatever that names, it has keys of its own.
        """
        config = config or ServerConfig()
        name = f"hub {len(self.hubs)}"
        chances = self.chance(name), self.chance(f"{name} lines")
        hub = Host(self._next_number(), config, chances, self._stage)
        hub.skew = skew
        self.hubs.append(hub)
        self._connector.publish(f"ws://{config.host}:{config.port}", hub)
        own = config.hub_peer_id or generate_peer_id(self.chance(f"{name} id"))
        if config.hub_identity:
            hub.identity = self._notary.identity(self.chance(f"{name} identity"))
            own = id_of(hub.identity.key)
        self._start(hub, own, kind)
        return hub

    def add_workers(self, config: ServerConfig, count: int, *, skew: float = 0.0) -> list[Host]:
        """Add a machine with so many workers, each a hub, that listen at one address."""
        directory = f"/{config.host}"
        workers = [
            self.add_hub(
                replace(config, worker=index, workers=count, worker_directory=directory), skew=skew
            )
            for index in range(count)
        ]
        self._connector.publish(f"ws://{config.host}:{config.port}", *workers)
        for index, worker in enumerate(workers):
            worker.workers = workers
            self._connector.publish(f"unix:{directory}/{index}.links", worker)
        return workers

    def _start(self, hub: Host, own: PeerId, kind: type[Hub]) -> None:
        birth = own, hub.config, hub.rng, EPOCH + hub.skew, self.now
        core = kind(*birth) if hub.identity is None else kind(*birth, identity=hub.identity)
        hub.start(core, own, self._connector)

    def set_name(self, name: str, *addresses: str) -> None:
        """Let a name lead to these IP addresses from now on; to none, and there is no such name."""
        self._connector.names[name] = addresses

    def add_reference_hub(self, host: str, *bootstraps: str) -> ReferenceHub:
        """Add a hub of the npm package at ``ws://host:port`` that dials ``bootstraps``."""
        name = f"reference hub {len(self.reference_hubs)}"
        own = generate_peer_id(self.chance(f"{name} id"))
        address = host, DEFAULT_PORT
        rng = self.chance(name)
        hub = ReferenceHub(self._next_number(), own, address, bootstraps, rng, self._stage)
        self.reference_hubs.append(hub)
        self._connector.publish(f"ws://{host}:{DEFAULT_PORT}", hub)
        hub.start(self._connector)
        return hub

    def add_client(
        self,
        hub: Host | ReferenceHub,
        namespace: str = GLOBAL_NAMESPACE,
        peer_id: PeerId | None = None,
        *,
        reconnects: bool = True,
        way: Callable[[Client], Connection] | None = None,
    ) -> Client:
        """Add a client that connects to ``hub`` now, and enters ``namespace`` when it is open.

        ``way`` opens the connections that follow the first one, if they do not lead there too.
        """
        rng = self.chance(f"client {len(self.clients)}")
        own = generate_peer_id(rng) if peer_id is None else peer_id
        client = Client(self._next_number(), own, rng, self._scheduler, reconnects=reconnects)
        client.namespace = namespace
        self.clients.append(client)
        self.network.join(client, hub)
        client.connect(self.way_to(hub))
        client.take_way(way)
        return client

    def add_visitor(self, kind: Callable[[int, Random, Scheduler], V]) -> V:
        """Add a foreign client, which is yet to connect."""
        rng = self.chance(f"visitor {len(self.visitors)}")
        visitor = kind(self._next_number(), rng, self._scheduler)
        self.visitors.append(visitor)
        return visitor

    def way_to(self, *hubs: Host | ReferenceHub) -> Callable[[Endpoint], Connection]:
        """Return what opens a party's connection to a hub, for ``Client.connect``.

        Of several that listen at one address, any that lives takes it.
        """

        def open_way(party: Endpoint) -> Connection:
            hub = hubs[0]
            if len(hubs) > 1:
                hub = party.line_rng.choice([each for each in hubs if each.is_alive] or hubs)
            return Connection(self.network, self._scheduler, self.trace, (party, hub))

        return open_way

    def _next_number(self) -> int:
        foreign = len(self.visitors) + len(self.reference_hubs)
        return len(self.hubs) + len(self.clients) + foreign + 1

    # Faults

    def kill(self, *hubs: Host | ReferenceHub, machine: bool = False) -> None:
        """End the processes of ``hubs`` at once, without a goodbye (SIGKILL).

        Their sockets are reset, which the other ends notice; of data channels they notice nothing.
        If the whole ``machine`` is gone, nobody notices anything.
        """
        for hub in hubs:
            hub.die()
            if machine:
                self.network.freeze(hub)
            else:
                self.network.cut(hub, dead=hub)

    def stop(self, *hubs: Host) -> None:
        """Let the processes of ``hubs`` end in good order (SIGTERM)."""
        for hub in hubs:
            hub.stop()

    def drain(self, hub: Host, over: float) -> None:
        """Let a hub let its clients go within ``over`` seconds, and then end."""
        hub.feed(DrainRequested(over))

    def restart(self, hub: Host, *, same_id: bool = True) -> None:
        """Start a hub again that has ended, at the same address, with its old id or a new one.

        One with an identity keeps it.
        """
        self.network.thaw(hub)
        own = hub.own
        if not same_id:
            own = generate_peer_id(self.chance(f"hub {hub.number} id {hub.life}"))
        self._start(hub, own, type(hub.hub))

    def restart_reference(self, hub: ReferenceHub) -> None:
        """Start a hub of the npm package again that has ended."""
        self.network.thaw(hub)
        hub.start(self._connector)

    def suspend(self, hub: Host) -> None:
        """Stop the process of a hub (SIGSTOP): its lines stay, and what comes waits."""
        hub.pace.fall_asleep()
        hub.begin_lapse()

    def resume(self, hub: Host) -> None:
        """Let a suspended hub go on."""
        hub.end_lapses()
        hub.wake_up()

    def set_clock(self, hub: Host, skew: float) -> None:
        """Set the clock of a hub's machine: from now on it is ``skew`` seconds fast."""
        hub.skew = skew
        if hub.is_alive:
            hub.feed(ClockSet(EPOCH + skew))

    def slow_down(self, hub: Host, service_time: float) -> None:
        """Let a hub take ``service_time`` seconds for each event."""
        hub.pace.service_time = service_time

    def part(self, *groups: Iterable[Host | ReferenceHub], brief: bool = False) -> None:
        """Cut the network between groups of hubs, each with its clients; nobody is told.

        Links across the cut are dead for good, unless it is ``brief``: then they deliver after
        ``heal`` what was sent meanwhile.
        """
        sides: list[list[Party]] = [list(group) for group in groups]
        for hub in self.hubs:
            if any(hub in side for side in sides):
                hub.begin_lapse(is_cut=True)
        for side in sides:
            hosts = {party.number for party in side}
            side.extend(
                line.ends[0]
                for party in list(side)
                for line in self.network.lines_of(party)
                if isinstance(line, Connection)
                and line.carries
                and isinstance(line.ends[0], Client | Visitor)
                and line.ends[1].number in hosts
            )
        self.network.part(sides, is_brief=brief)

    def heal(self) -> None:
        """Mend the cut."""
        for hub in self.hubs:
            hub.end_lapses(is_cut=True)
        self.network.heal()

    def block_p2p(self, share: float, *, also_open: bool = False) -> None:
        """Make data channels impossible for a share of the pairs of hubs, 0 to 1.

        Channels that are open live on, unless those too: then they fall silent.
        """
        self.network.no_p2p = share
        if not also_open:
            return
        for hub in self.hubs:
            for end in hub.links:
                if end.link.carrier is Carrier.P2P and not self.network.can_have_p2p(
                    *end.link.ends
                ):
                    end.link.fall_silent()

    # Time

    def at(self, time: float, callback: Callback) -> None:
        """Have ``callback`` carried out at ``time``."""
        self._scheduler.at(time, callback)

    def run_until(self, time: float) -> None:
        """Let everything happen up to and including ``time``."""
        self._scheduler.run_until(time)

    def run(self, duration: float) -> None:
        """Let ``duration`` seconds pass."""
        self._scheduler.run_until(self.now + duration)

    def run_until_quiet(self, limit: float, lull: float = LULL) -> bool:
        """Run until nothing is under way and no hub wants to be woken within ``lull`` seconds.

        Returns whether that came to be before ``limit``, a time.
        """
        return self.run_until_met(lambda: self._scheduler.is_quiet(lull), limit)

    def run_until_met(self, condition: Callable[[], bool], limit: float) -> bool:
        """Run until ``condition``, asked after each event, holds; ``False`` if not by ``limit``."""
        scheduler = self._scheduler
        while not condition():
            time = scheduler.next_time()
            if time is None or time > limit:
                scheduler.run_until(limit)
                return condition()
            scheduler.step()
        return True
