"""One run from the first hub to the last figure: what ``peerpigeon simulate`` does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ledger import LIFETIME, Losses, fates, last_trouble
from peerpigeon.sim.checks.oracle import ring_links, spread
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.network import Network
from peerpigeon.sim.population import Population

if TYPE_CHECKING:
    from peerpigeon.sim.checks.ledger import Fates
    from peerpigeon.sim.checks.oracle import Pair
    from peerpigeon.sim.tally import Share

FORMATION = 180.0
"""Seconds that a mesh has to come to the links it should have."""

ARRIVALS = 5.0
"""Seconds within which the clients come, and as many again for them to meet."""

PROMPT = 2.0
"""Seconds within which a signal arrives in a mesh that is whole."""

SETTLED = 10.0
"""Seconds without a change of links after which a mesh that has its ring counts as settled: where
packets are lost, hubs hear late that a link is needed no more, and take 2 s more to close it."""

LOOK = 0.25
"""Seconds between two looks at the mesh."""

FEW = 400
"""Clients of whom it is still looked at again and again whether all have met."""


class ExperimentError(ValueError):
    """An experiment cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to try. Times are seconds unless they say otherwise."""

    hubs: int = 12
    max_peers: int = 3
    min_peers: int = 2
    clients: int = 60
    namespaces: int = 1
    signals: int = 1000
    churn: int = 0
    """Clients that leave each minute, and as many that come."""
    kill: int = 0
    partition: float = 0.0
    loss: float = 0.0
    latency: float = 0.02
    jitter: float = 0.01
    no_p2p: float = 0.0
    minutes: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        limits = {
            "hubs": (1, 10_000),
            "max_peers": (2, 1000),
            "min_peers": (1, self.max_peers),
            "clients": (0, 1_000_000),
            "namespaces": (1, 1_000_000),
            "signals": (0, 10_000_000),
            "churn": (0, 1_000_000),
            "kill": (0, self.hubs - 1),
            "partition": (0.0, 3600.0),
            "loss": (0.0, 0.9),
            "latency": (0.0, 10.0),
            "jitter": (0.0, 10.0),
            "no_p2p": (0.0, 1.0),
            "minutes": (0.0, 24 * 60.0),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ExperimentError(f"{name} is {value}; it must be between {low} and {high}")


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it."""

    hubs: int
    hubs_alive: int
    components: int
    """Parts into which the survivors fall at the end."""
    formation_seconds: float | None
    """From the first hub until just the ideal links counted; ``None`` if that never was."""
    links: int
    is_ideal: bool
    """Whether the links at the end are those that the central computation gives."""
    max_links: int | None
    """Links of the hub with most, at any settled moment; ``None`` if there was none."""
    mean_hops: float
    diameter: int
    signals_sent: int
    signals_delivered: int
    signals_refused: int
    signals_lost: int
    signals_cut_off: int
    signals_repeated: int
    signals_out_of_order: int
    signals_refused_wrongly: int
    messages_per_signal: float
    """Frames that crossed links for signals and acknowledgements, by signals sent."""
    had_disaster: bool
    heal_seconds: float | None
    """From the disaster, or the end of the cut, until the survivors hung together, had met again,
    and all they sent arrived promptly; ``None`` without disaster, or if that never was."""
    control_bytes_per_hub_second: float
    control_messages_per_hub_second: float
    virtual_seconds: float
    events: int
    trace_hash: str


class Experiment:
    """Carries a plan out."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        layout = Layout(hubs=plan.hubs, max_links=plan.max_peers, min_links=plan.min_peers)
        network = Network(plan.latency, plan.jitter, plan.loss, no_p2p=plan.no_p2p)
        self.mesh = Mesh.begin(plan.seed, layout, network)
        self.population = Population.of(self.mesh)
        self._rng = self.mesh.world.chance("experiment")
        self._max_links: int | None = None
        self._links: set[Pair] = set()
        self._links_since = 0.0
        self._restored_at: float | None = None
        self._ill_until = 0.0
        self._cuts: list[float] = []
        self._end = 0.0

    def run(self) -> Findings:
        """Let a mesh form, clients come and signal, something happen, and say what came of it."""
        plan, world, tally = self.plan, self.mesh.world, self.mesh.world.tally
        formed = self.mesh.settle(FORMATION)
        namespaces = [f"namespace {number}" for number in range(plan.namespaces)]
        if plan.clients:
            self.population.arrive(plan.clients, namespaces, ARRIVALS)
        world.run(2 * ARRIVALS)
        calm = plan.minutes * 60.0
        self._end = world.now + calm + plan.partition
        self._begin_traffic(namespaces, calm + plan.partition)
        self._look()
        signals, control = tally.signaling(), tally.control()
        world.run(calm / 2)
        control = tally.control() - control
        self._strike()
        world.run_until(self._end + LIFETIME)
        # Where packets are lost, the last answers may be late: the signal's way and that back.
        latest = world.now + 2 * world.network.longest_delay
        while self._fates().lost and world.now < latest:
            world.run(1.0)
        signals = tally.signaling() - signals
        return self._report(formed, signals, control, plan.hubs * calm / 2)

    def _begin_traffic(self, namespaces: list[str], duration: float) -> None:
        world, rng = self.mesh.world, self._rng
        if self.plan.clients:
            self.population.signal_steadily(self.plan.signals, duration)
        for _ in range(round(self.plan.churn * duration / 60.0)):
            world.at(world.now + duration * rng.random(), self.population.say_farewell)
            newcomer = partial(self._welcome, namespaces[rng.randrange(len(namespaces))])
            world.at(world.now + duration * rng.random(), newcomer)

    def _welcome(self, namespace: str) -> None:
        living = self.mesh.living
        self.population.add_at(living[self._rng.randrange(len(living))], namespace)

    # The disaster

    def _strike(self) -> None:
        world, plan = self.mesh.world, self.plan
        if plan.kill or plan.partition:
            self._restored_at = world.now
        if plan.kill:
            world.kill(*self._rng.sample(self.mesh.living, plan.kill))
        if plan.partition:
            shuffled = self._rng.sample(self.mesh.living, len(self.mesh.living))
            half = len(shuffled) // 2
            world.part(shuffled[:half], shuffled[half:])
            self._cuts.append(world.now)
            world.at(world.now + plan.partition, self._mend)

    def _mend(self) -> None:
        self.mesh.world.heal()
        self._restored_at = self.mesh.world.now

    # What one who sees all of the mesh can say

    def _look(self) -> None:
        """Look at the mesh, now and again and again."""
        world, mesh = self.mesh.world, self.mesh
        links = mesh.links()
        if links != self._links:
            self._links, self._links_since = links, world.now
        elif world.now >= self._links_since + SETTLED and self._has_ring():
            self._max_links = max(self._max_links or 0, mesh.most_links())
        if self._restored_at is not None and not self._is_healthy():
            self._ill_until = world.now
        if world.now < self._end:
            world.at(world.now + LOOK, self._look)

    def _has_ring(self) -> bool:
        """Tell whether no hub may need another one's spare link: all have those of the ring."""
        return ring_links(sorted(hub.own for hub in self.mesh.living)) <= self._links

    def _is_healthy(self) -> bool:
        if self.mesh.parts() > 1:
            return False
        are_few = len(self.population.clients) <= min(FEW, self.mesh.layout.discovery_limit)
        return not (are_few and self.population.unmet())

    def _fates(self) -> Fates:
        world = self.mesh.world
        losses = Losses(world.tally.delays, world.network.longest_delay)
        return fates(self.population.clients, self._cuts, losses=losses)

    def _heal_seconds(self) -> float | None:
        since = self._restored_at
        if since is None or not self._is_healthy():
            return None
        trouble = last_trouble(self.population.clients, since, PROMPT + 10 * self.plan.latency)
        return max(0.0, trouble - since, self._ill_until - since)

    def _report(
        self, formed: float | None, signals: Share, control: Share, hub_seconds: float
    ) -> Findings:
        mesh, world = self.mesh, self.mesh.world
        measured, judged = spread(mesh.graph()), self._fates()
        return Findings(
            hubs=self.plan.hubs,
            hubs_alive=len(mesh.living),
            components=mesh.parts(),
            formation_seconds=formed,
            links=len(mesh.links()),
            is_ideal=mesh.is_ideal(),
            max_links=self._max_links,
            mean_hops=round(measured.mean_hops, 3),
            diameter=measured.diameter,
            signals_sent=judged.sent,
            signals_delivered=judged.delivered,
            signals_refused=judged.refused,
            signals_lost=judged.lost,
            signals_cut_off=judged.cut_off,
            signals_repeated=judged.repeated,
            signals_out_of_order=judged.out_of_order,
            signals_refused_wrongly=judged.refused_wrongly,
            messages_per_signal=round(signals.frames / max(judged.sent, 1), 3),
            had_disaster=self._restored_at is not None,
            heal_seconds=_rounded(self._heal_seconds()),
            control_bytes_per_hub_second=round(control.octets / (hub_seconds or 1.0), 1),
            control_messages_per_hub_second=round(control.frames / (hub_seconds or 1.0), 3),
            virtual_seconds=round(world.now, 3),
            events=world.events,
            trace_hash=world.trace.digest(),
        )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
