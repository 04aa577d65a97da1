"""A scene in which all places of a hub are taken, some of them by clients that died silently."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.core.config import ServerConfig
from peerpigeon.sim.network import Network
from peerpigeon.sim.scenes.outcome import Outcome, expect_no_surprises
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from peerpigeon.sim.client import Client

FULL = "Maximum connections reached"

ARRIVALS = 5.0
DEATHS = 40.0
RUSH = 50.0
SURPLUS = 100.0
END = 160.0
"""When each part of the scene begins, and the end: seconds."""

FREEZE = 3.0
"""Seconds for which the process of the hub stands still amid the rush: longer than a search."""

PATIENCE = 15.0
"""Seconds within which a newcomer is in when there is a ghost for it and all fit into one search:
two searches, a freeze, and what a client waits that is refused meanwhile (1, 2 and 4 s)."""


def full_hub(
    seed: int, *, places: int = 60, ghosts: int = 12, within: float = PATIENCE, rough: bool = False
) -> Outcome:
    """Let clients of a full hub die silently, and as many newcomers come; then a few more.

    Must show: each of the newcomers is let in ``within`` so many seconds, those that are too many
    are refused with the reason, and no client that lives loses its place, also when the hub stands
    still for a while.
    """
    world = World(seed, Network.rough() if rough else None)
    hub = world.add_hub(ServerConfig(max_connections=places))
    outcome, rng = Outcome(world), world.chance("full hub")
    for _ in range(places):
        world.at(ARRIVALS * rng.random(), partial(world.add_client, hub, "crowd"))
    world.run_until(DEATHS)
    outcome.expect(hub.notices["peerConnected"] == places, "not all were let in at first")
    dead = rng.sample(world.clients, ghosts)
    alive = [client for client in world.clients if client not in dead]
    for client in dead:
        world.at(DEATHS + 8.0 * rng.random(), partial(world.network.freeze, client))
    for _ in range(ghosts):
        world.at(RUSH + 10.0 * rng.random(), partial(world.add_client, hub, "crowd"))
    freeze = RUSH + 8.0 * rng.random()
    world.at(freeze, partial(world.suspend, hub))
    world.at(freeze + FREEZE, partial(world.resume, hub))
    world.run_until(SURPLUS)
    newcomers = world.clients[places:]
    for _ in range(3):
        world.add_client(hub, "crowd", reconnects=False)
    world.run_until(END)
    longest = _judge_newcomers(outcome, newcomers)
    outcome.expect(longest <= within, f"a newcomer waited {longest:.1f} s")
    for client in alive:
        outcome.expect(not client.closures, f"client {client.number} lives and was let go")
    for client in world.clients[places + ghosts :]:
        reasons = [closure.reason for closure in client.closures]
        outcome.expect(reasons == [FULL], f"client {client.number} was told {reasons}")
    expect_no_surprises(outcome, world.clients)
    return outcome


def _judge_newcomers(outcome: Outcome, newcomers: list[Client]) -> float:
    """Note who was not let in; return how long the others have waited at most."""
    waits = []
    for client in newcomers:
        confirmed = client.stay.confirmed if client.stay is not None else None
        outcome.expect(confirmed is not None, f"client {client.number} was never let in")
        if confirmed is not None and client.came_at is not None:
            waits.append(confirmed - client.came_at)
    longest = max(waits, default=0.0)
    outcome.figures |= {"newcomers in": len(waits), "longest wait": longest}
    return longest
