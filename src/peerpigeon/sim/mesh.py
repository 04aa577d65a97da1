"""A mesh of hubs in a world: how it is set up, and what one who sees all of it can say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.core.config import DEFAULT_PORT, ServerConfig
from peerpigeon.core.wire.hub_frames import Carrier, Purpose
from peerpigeon.sim.checks.oracle import components, graph_of, ideal_links, pair
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.checks.oracle import Graph, Pair
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.network import Network

_ROOMY = 1_000_000

_LOOK = 0.5
"""Seconds between two looks at a mesh that is expected to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What mesh to set up. Times are seconds."""

    hubs: int
    max_links: int = 3
    min_links: int = 2
    bootstraps: int = 1
    """How many hubs, the first ones, are bootstrap hubs of the others; each has one, in turn."""
    over: float = 1.0
    """The hubs start at random times within this; the bootstrap hubs at once."""
    migration_delay: float = 10.0
    skew: float = 0.0
    """Hubs' clocks are wrong by up to this, either way."""
    discovery_limit: int = 128
    common: ServerConfig = field(default_factory=ServerConfig)
    """All other options of each hub. It starts from the bootstrap hubs of these, too."""
    kind: type[Hub] = Hub
    workers: int = 1
    """How many processes, each a hub, share the address of each of the hubs."""
    kinds: Mapping[int, type[Hub]] = field(default_factory=dict)
    """By number, the hubs that are of another kind than the rest."""


@dataclass(slots=True, eq=False)
class Mesh:
    """The hubs of a world that are to find together."""

    world: World
    layout: Layout
    hubs: list[Host] = field(default_factory=list)
    _ideals: dict[tuple[str, ...], set[Pair]] = field(default_factory=dict)

    @classmethod
    def begin(cls, seed: int, layout: Layout, network: Network | None = None) -> Mesh:
        """Make a world in which the hubs of ``layout`` start one after the other."""
        mesh = cls(World(seed, network), layout)
        rng = mesh.world.chance("starts")
        bootstraps = min(layout.bootstraps, layout.hubs)
        times = [0.0] * bootstraps + sorted(
            rng.random() * layout.over for _ in range(layout.hubs - bootstraps)
        )
        for number, time in enumerate(times):
            mesh.world.at(time, partial(mesh._add, number, layout.skew * rng.uniform(-1.0, 1.0)))
        mesh.world.run_until(0.0)
        return mesh

    def join(self, hubs: int) -> None:
        """Let so many more hubs start from now on, within the time of the layout."""
        world, layout = self.world, self.layout
        rng = world.chance(f"joins {layout.hubs}")
        self.layout = replace(layout, hubs=layout.hubs + hubs)
        times = sorted(rng.random() * layout.over for _ in range(hubs))
        for number, time in enumerate(times, layout.hubs):
            skew = layout.skew * rng.uniform(-1.0, 1.0)
            world.at(world.now + time, partial(self._add, number, skew))

    def _add(self, number: int, skew: float) -> None:
        layout = self.layout
        host = f"hub-{number}"
        first = number % layout.bootstraps if number >= layout.bootstraps else 0
        bootstraps = (_address(f"hub-{first}"),) if number else ()
        config = replace(
            layout.common,
            host=host,
            is_hub=True,
            open_mesh=True,
            advertise=(_address(host),),
            bootstrap_hubs=(*bootstraps, *layout.common.bootstrap_hubs),
            hub_mesh_max_peers=layout.max_links,
            hub_mesh_min_peers=layout.min_links,
            mesh_migration_delay=layout.migration_delay,
            discovery_limit=layout.discovery_limit,
            max_connections=_ROOMY,
        )
        if layout.workers > 1:
            self.hubs += self.world.add_workers(config, layout.workers, skew=skew)
            return
        self.hubs.append(
            self.world.add_hub(config, layout.kinds.get(number, layout.kind), skew=skew)
        )

    # What is so

    @property
    def living(self) -> list[Host]:
        """The hubs whose process runs."""
        return [hub for hub in self.hubs if hub.is_alive]

    def links(self, carrier: Carrier | None = None) -> set[Pair]:
        """Return the pairs of living hubs between which a link is open that carries bytes."""
        return {
            pair(hub.own, end.partner.own)
            for hub in self.hubs
            for end in hub.links
            if end.works and (carrier is None or end.link.carrier is carrier)
        }

    def graph(self) -> Graph:
        """Return the living hubs and the links between them."""
        return graph_of(self.links(), [hub.own for hub in self.living])

    def parts(self, hubs: Iterable[Host] | None = None) -> int:
        """Return into how many parts the living hubs fall, or just some of them."""
        links = self.links()
        if hubs is None:
            return components(graph_of(links, [hub.own for hub in self.living]))
        some = {hub.own for hub in hubs}
        inner = {link for link in links if some.issuperset(link)}
        return components(graph_of(inner, sorted(some)))

    def ideal(self) -> set[Pair]:
        """Return the links that the living hubs should come to."""
        hubs = tuple(sorted(hub.own for hub in self.living))
        if hubs not in self._ideals:
            self._ideals = {hubs: ideal_links(hubs, self.layout.max_links)}
        return self._ideals[hubs]

    def is_ideal(self) -> bool:
        """Tell whether just those links count that should be."""
        return len(self.hubs) == self.layout.hubs and self.counting() == self.ideal()

    def is_whole(self) -> bool:
        """Tell whether all hubs have started and the living hang together."""
        return len(self.hubs) == self.layout.hubs * self.layout.workers and self.parts() == 1

    def counting(self) -> set[Pair]:
        """Return the links that count (S13) in the eyes of at least one end."""
        return {
            pair(hub.own, other) for hub in self.living for other in self.counting_of(hub)
        } & self.links()

    def counting_of(self, hub: Host) -> set[PeerId]:
        """Return the hubs to which ``hub`` has a link that counts (S13).

        A data channel does, and a socket that it has for the mesh, not just for bootstrap.
        """
        advert = hub.hub.advert
        meant = {end.hub for end in (advert.links if advert else ()) if end.purpose is Purpose.MESH}
        return {
            end.partner.own
            for end in hub.links
            if end.works and (end.link.carrier is Carrier.P2P or end.partner.own in meant)
        }

    def most_links(self) -> int:
        """Return how many links that count the living hub has that has most."""
        return max((len(self.counting_of(hub)) for hub in self.living), default=0)

    # Time

    def settle(self, limit: float) -> float | None:
        """Run until just the ideal links count; return when, or ``None`` if not by ``limit``."""
        return self.run_until(self.is_ideal, limit)

    def run_until(self, condition: Callable[[], bool], limit: float) -> float | None:
        """Run until ``condition``, asked twice a second, holds; return when."""
        world = self.world
        while not condition():
            if world.now >= limit:
                return None
            world.run_until(min(world.now + _LOOK, limit))
        return world.now


def _address(host: str) -> str:
    return f"ws://{host}:{DEFAULT_PORT}"
