"""Scenes in which hubs are restarted one after the other, and clients go to others meanwhile."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.close_codes import SERVICE_RESTART
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.population import Population
from peerpigeon.sim.scenes.outcome import Outcome, expect_nothing_lost
from peerpigeon.sim.scenes.setting import ARRIVALS, FORMATION, begin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from peerpigeon.sim.client import Client
    from peerpigeon.sim.history import SentSignal
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.mesh import Mesh

DOWN = 1.0
"""Seconds for which a hub is not there."""

BACK = 15.0
"""Seconds from the start of one hub to the drain of the next."""

SIGNALS = 50
"""How many there are in a second, of all clients together."""


def rolling_restart(
    seed: int,
    hubs: int = 3,
    clients: int = 50,
    *,
    drain_time: float = 5.0,
    rough: bool = False,
) -> Outcome:
    """Drain and restart each hub while clients that know all of them signal.

    Must show: each signal arrives or its sender is told, also what was on its way when a client
    was let go; clients are let go evenly, come back soon, and not all of them to one hub.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=3, over=1.0), rough=rough)
    world, outcome = mesh.world, Outcome(mesh.world)
    outcome.expect(mesh.settle(FORMATION), "the links never were those computed centrally")
    population = Population.of(mesh)
    for number in range(clients):
        population.add_roaming(mesh.hubs[number % hubs], "crowd")
    world.run(ARRIVALS)
    lasting = hubs * (drain_time + DOWN + BACK)
    population.signal_steadily(int(SIGNALS * lasting), lasting)
    until, most = world.now + lasting, 0
    for hub in mesh.hubs:
        most = max(most, population.shares()[hub.number])
        _restart(mesh, hub, drain_time, outcome)
    world.run_until(max(until, world.now))
    world.run(LIFETIME)
    expect_nothing_lost(outcome, population)
    _expect_told(outcome, population.clients, may_be_cut=rough)
    _expect_even(outcome, population.clients, ceil(most / max(drain_time, 1.0)) + 1)
    _expect_back(outcome, population, rough=rough)
    return outcome


def _restart(mesh: Mesh, hub: Host, drain_time: float, outcome: Outcome) -> None:
    world = mesh.world
    world.drain(hub, drain_time)
    limit = world.now + drain_time + hub.config.close_timeout + 2.0
    outcome.expect(world.run_until_met(lambda: not hub.is_alive, limit), "a hub did not end")
    world.run(DOWN)
    world.restart(hub)
    world.run(BACK)


EVEN_WITHIN = 300.0
"""Seconds in which hubs have about as many clients each: some rounds of ``rebalance``."""

AT_REST = 300.0
"""Seconds after that in which no client is let go any more."""

EVEN = 1.5
"""Times its share that a hub may have then: with more it would let clients go."""


def rebalanced(seed: int, hubs: int = 3, clients: int = 48, *, rough: bool = False) -> Outcome:
    """Have all clients at one hub, as hubs may have that were restarted in turn.

    Must show: hubs come to have about as many each, stay at rest then, and nothing is lost.
    """
    layout = Layout(hubs=hubs, max_links=3, over=1.0, common=ServerConfig(rebalance=True))
    mesh = begin(seed, layout, rough=rough)
    world, outcome = mesh.world, Outcome(mesh.world)
    outcome.expect(mesh.settle(FORMATION), "the links never were those computed centrally")
    population = Population.of(mesh)
    for _ in range(clients):
        population.add_roaming(mesh.hubs[seed % hubs], "crowd")
    world.run(ARRIVALS)
    lasting = EVEN_WITHIN + AT_REST
    population.signal_steadily(int(2 * lasting), lasting)
    world.run(EVEN_WITHIN)
    closings = _times_let_go(population.clients)
    outcome.figures["even after"] = max(closings, default=0.0) - world.now + EVEN_WITHIN
    largest = max(population.shares().values()) * hubs / clients
    outcome.figures["largest of its share"] = largest
    outcome.expect(largest <= EVEN, f"a hub has {largest:.2f} times its share")
    world.run(AT_REST)
    later = len(_times_let_go(population.clients)) - len(closings)
    outcome.expect(not later, f"{later} clients were let go for nothing")
    outcome.figures["let go of all"] = len(closings) / clients
    world.run(LIFETIME)
    expect_nothing_lost(outcome, population)
    _expect_told(outcome, population.clients, may_be_cut=rough)
    return outcome


@dataclass(slots=True)
class Unknown:
    """Signals that have not arrived and that no error has answered."""

    silent: int = 0
    """Whose sender was there for long enough to be told."""
    cut: int = 0
    """Whose sender was let go itself, soon after."""
    crossed: int = 0
    """Whose sender and target were both let go at that time, so that there was nobody to deliver it
    to, and when the hub had found that out nobody to be told."""


CROSSING = 0.5
"""Seconds in which a hub asks around for whom a signal is, and answers it."""


def unknown_ends(clients: Iterable[Client]) -> Unknown:
    """Count the signals of which nothing is known: neither that they arrived nor that they failed.

    Other than where a hub dies, it is no excuse that the target has lost its connection.
    """
    clients, unknown = list(clients), Unknown()
    let_go: dict[str, list[float]] = defaultdict(list)
    for client in clients:
        let_go[client.peer_id] += _times_let_go([client])
    arrived = {heard.serial for client in clients for heard in client.signals}
    for client in clients:
        errors = Counter(error.target for error in client.errors)
        missing: dict[str, list[SentSignal]] = defaultdict(list)
        for sent in client.sent:
            if sent.serial not in arrived:
                missing[sent.target].append(sent)
        for target, alike in missing.items():
            ends = [sent.stay.end for sent in alike]
            stayed = [e is None or e > s.time + LIFETIME for s, e in zip(alike, ends, strict=True)]
            silent = max(0, sum(stayed) - errors[target])
            cut = max(0, len(alike) - errors[target] - silent)
            crossed = min(cut, sum(_have_crossed(sent, let_go[target]) for sent in alike))
            unknown.silent += silent
            unknown.cut += cut - crossed
            unknown.crossed += crossed
    return unknown


def _have_crossed(sent: SentSignal, let_go: list[float]) -> bool:
    """Tell whether a signal's sender and target, ``let_go`` at these times, were so meanwhile."""
    end = sent.stay.end
    is_sender_gone = end is not None and end <= sent.time + CROSSING
    return is_sender_gone and any(abs(time - sent.time) <= CROSSING for time in let_go)


def _expect_told(outcome: Outcome, clients: list[Client], *, may_be_cut: bool) -> None:
    unknown = unknown_ends(clients)
    outcome.figures |= {
        "silent": unknown.silent,
        "cut off": unknown.cut,
        "crossed": unknown.crossed,
    }
    outcome.expect(not unknown.silent, f"{unknown.silent} signals without an end")
    outcome.expect(may_be_cut or not unknown.cut, f"{unknown.cut} signals were cut off")


def _expect_even(outcome: Outcome, clients: list[Client], most: int) -> None:
    """No second lets more clients go than there would be if all seconds were alike."""
    fullest = max(Counter(map(int, _times_let_go(clients))).values(), default=0)
    outcome.figures["let go in a second"] = fullest
    outcome.expect(fullest <= most, f"{fullest} clients were let go in one second")


def _times_let_go(clients: list[Client]) -> list[float]:
    """Return when hubs let them go: on a rough network clients hear of it in bursts."""
    return [one.said_at for client in clients for one in client.closures if _was_let_go(one.code)]


def _was_let_go(code: int) -> bool:
    return code == SERVICE_RESTART


def _expect_back(outcome: Outcome, population: Population, *, rough: bool) -> None:
    """All are back soon, and no hub has all of them."""
    mesh, clients = population.mesh, population.clients
    outcome.figures["slowest return"] = slowest = max(_returns(clients), default=0.0)
    outcome.expect(rough or slowest <= RETURN, f"a client came back after {slowest:.1f} s")
    shares = population.shares()
    outcome.figures["largest share"] = largest = max(shares.values()) / len(clients)
    outcome.expect(sum(shares.values()) == len(clients), "some are not back")
    outcome.expect(largest <= LARGEST_SHARE, f"one hub has {largest:.0%} of {len(mesh.hubs)}")


RETURN = 5.0
"""Seconds: one until the client tries, and two for a new primary that hears of all others first."""

LARGEST_SHARE = 0.85
"""The last hub that is restarted is empty, and of three the first has 5/8 on average."""


def _returns(clients: Iterable[Client]) -> Iterator[float]:
    """Yield how long each client was away each time that it was let go."""
    for client in clients:
        for closure in client.closures:
            if _was_let_go(closure.code):
                stays = (stay.confirmed for stay in client.stays if stay.since > closure.time)
                back = min((when for when in stays if when is not None), default=None)
                yield float("inf") if back is None else back - closure.time
