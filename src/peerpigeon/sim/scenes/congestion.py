"""Scenes in which links cannot carry as much as hubs want to send."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypedDict

from peerpigeon.core.config import KIB, ServerConfig
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.outcome import Outcome, expect_all_delivered, expect_nothing_lost
from peerpigeon.sim.scenes.setting import with_clients

if TYPE_CHECKING:
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.population import Population

BURST = 16
"""Signals that one client sends another at one instant."""

SIGNAL = 6 * KIB
"""Bytes of each: about what a browser's offer has."""

PAUSE = 2.0
"""Seconds from one burst to the next. All at once would take longer than a signal may."""


def overflow(seed: int, hubs: int = 8, bursts: int = 20, *, rough: bool = False) -> Outcome:
    """Send bursts of signals that are larger than the outbox of a link, over slow links.

    Must show: frames are dropped, and yet every signal arrives, once and in order; no link is
    given up.
    """
    layout = Layout(hubs=hubs, common=ServerConfig(max_link_outbox_size=64 * KIB))
    mesh, population, outcome = with_clients(seed, layout, 2 * hubs, rough=rough)
    world = mesh.world
    links = mesh.links()
    world.network.bandwidth = 512.0 * KIB
    for number in range(bursts):
        world.at(world.now + PAUSE * number, partial(_burst, population))
    world.run(PAUSE * bursts + LIFETIME)
    outcome.expect(world.tally.dropped, "no outbox was full")
    outcome.expect(mesh.links() == links, "the links are not those they were")
    outcome.figures["dropped"] = world.tally.dropped
    expect_all_delivered(outcome, population)
    return outcome


def _burst(population: Population) -> None:
    """Let a random client send a random one that it knows more than an outbox can hold."""
    rng = population.rng
    sender = population.clients[rng.randrange(len(population.clients))]
    target = sender.known[rng.randrange(len(sender.known))]
    for _ in range(BURST):
        sender.signal(target, size=SIGNAL)


SMALLEST, LARGEST = 60 * KIB, 900 * KIB
"""Bytes of a signal that is large: a client may send what it likes up to the limit."""

FEW = 3
"""Large signals that one client sends at one instant."""

NARROW = 384.0 * KIB
"""Bytes a second that each link carries."""

REST = 8.0
"""Seconds from one such burst to the next, in which a link can send several of them."""

VERDICT = 4.0
"""Seconds within which it is decided who has an id."""


def narrow(seed: int, hubs: int = 6, bursts: int = 10, *, rough: bool = False) -> Outcome:
    """Send a few large signals at a time over links that take seconds for each.

    Meanwhile somebody else comes with the id of a client that is there. Must show: no link is
    given up, no client taken for gone, every signal arrives, once and in order; the owner of an id
    keeps it, and the other is told so in time.
    """
    mesh, population, outcome = with_clients(seed, Layout(hubs=hubs), 2 * hubs, rough=rough)
    world, links = mesh.world, mesh.links()
    # On a rough network what is lost holds up what comes behind it as well.
    world.network.bandwidth = NARROW * (2.0 if rough else 1.0)
    newcomers: list[Client] = []
    for number in range(bursts):
        world.at(world.now + REST * number, partial(_large_burst, population))
        second = partial(_contend, population, newcomers)
        world.at(world.now + REST * (number + 0.1), second)
    world.run(REST * bursts + LIFETIME)
    outcome.expect(mesh.links() == links, "the links are not those they were")
    for client in population.clients:
        told = sum(len(stay.departures) for stay in client.stays)
        outcome.expect(not told, f"client {client.number} was told {told} times that one is gone")
        outcome.expect(not client.closures, f"client {client.number} has lost its id")
    for newcomer in newcomers:
        refused = [closure.time for closure in newcomer.closures]
        begun = newcomer.stays[0].since if newcomer.stays else 0.0
        outcome.expect(
            refused and refused[0] - begun <= VERDICT,
            f"client {newcomer.number} came at {begun:.2f} and was refused at {refused}",
        )
    expect_all_delivered(outcome, population)
    return outcome


def _large_burst(population: Population) -> None:
    """Let a random client send a random one that it knows a few large signals."""
    rng = population.rng
    sender = population.clients[rng.randrange(len(population.clients))]
    if not sender.known:
        return  # it has been told that all are gone, which is a fault of its own
    target = sender.known[rng.randrange(len(sender.known))]
    for _ in range(FEW):
        sender.signal(target, size=rng.randrange(SMALLEST, LARGEST))


def _contend(population: Population, newcomers: list[Client]) -> None:
    """Let somebody connect to another hub with the id of a client that is there."""
    rng = population.rng
    owner = population.clients[rng.randrange(len(population.clients))]
    hubs = [hub for hub in population.mesh.hubs if hub is not population.hosts[owner.number]]
    hub = hubs[rng.randrange(len(hubs))]
    world = population.mesh.world
    newcomers.append(world.add_client(hub, "crowd", owner.peer_id, reconnects=False))


# One client that sends as much as it can

HONEST = 20
"""Clients that send a signal a second each while another floods."""


class _Flood(TypedDict):
    octets: int
    at_once: int
    bandwidth: float


FLOOD_STEP = 0.05
"""Seconds from one heap of the flood to the next."""

PROMPT, ROUGH_PROMPT = 2.0, 4.0
"""Seconds within which an honest signal arrives all the same."""


LARGE: Final[_Flood] = {"octets": 900_000, "at_once": 1, "bandwidth": 4096.0 * KIB}
"""A flood of the largest signals, over a link that carries a few of them a second."""


def flooded(
    seed: int,
    *,
    octets: int = 2000,
    at_once: int = 25,
    bandwidth: float = 512.0 * KIB,
    duration: float = 30.0,
    rough: bool = False,
) -> Outcome:
    """Let one client flood a target at another hub, over a link that carries a part of it.

    Twenty others send a signal a second each to the same hub. Must show: each of theirs arrives,
    in order, and soon; of the flood each signal arrives or is refused.
    """
    mesh, population, outcome = with_clients(seed, Layout(hubs=2), 2, rough=rough)
    world = mesh.world
    here, there = mesh.hubs
    flooder, target = (population.add_at(hub, "flood") for hub in (here, there))
    honest = [population.add_at(here, "crowd") for _ in range(HONEST)]
    world.run(4.0)
    world.network.bandwidth = bandwidth
    began = world.now
    for step in range(round(duration / FLOOD_STEP)):
        heap = partial(_flood, flooder, target, at_once, octets)
        world.at(began + FLOOD_STEP * step, heap)
    friend = next(one for one in population.clients if population.hosts[one.number] is there)
    for number, client in enumerate(honest):
        for second in range(round(duration)):
            at = began + second + number / HONEST
            world.at(at, partial(client.signal, friend.peer_id, "offer"))
    world.run(duration + LIFETIME)
    _judge_honest(outcome, honest, friend, ROUGH_PROMPT if rough else PROMPT)
    fates = expect_nothing_lost(outcome, population)
    outcome.expect(fates.refused, "nothing of the flood was refused")
    return outcome


def _flood(flooder: Client, target: Client, count: int, octets: int) -> None:
    for _ in range(count):
        flooder.signal(target.peer_id, "ice-candidate", size=octets)


def _judge_honest(outcome: Outcome, honest: list[Client], friend: Client, prompt: float) -> None:
    came = {heard.serial: heard.time for heard in friend.signals}
    sent = [signal for client in honest for signal in client.sent]
    delays = sorted(came[one.serial] - one.time for one in sent if one.serial in came)
    refused = sum(len(client.errors) for client in honest)
    slowest = delays[-1] if delays else None
    outcome.figures |= {"honest refused": refused, "honest slowest": slowest}
    outcome.expect(not refused, f"{refused} signals of the honest were refused")
    outcome.expect(len(delays) == len(sent), "signals of the honest did not arrive")
    outcome.expect(slowest is not None and slowest <= prompt, f"one took {slowest} s")
