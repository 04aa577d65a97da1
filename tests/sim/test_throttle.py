"""A client that sends too much is read later; nothing of what it sends is lost or overtaken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.rates import FAULTS, UNUSABLE
from peerpigeon.sim.checks.invariants import violations
from peerpigeon.sim.world import World

if TYPE_CHECKING:
    from peerpigeon.sim.client import Client

AT_ONCE = FAULTS.at_once // UNUSABLE


def flooded(clients: int, messages: int) -> tuple[World, list[Client]]:
    """Return clients of one hub, of which the first has just said so much that is no JSON."""
    world = World(seed=1)
    hub = world.add_hub()
    all_of_them = [world.add_client(hub) for _ in range(clients)]
    world.run(1.0)
    for _ in range(messages):
        all_of_them[0].send_text("no JSON")
    return world, all_of_them


def test_what_a_client_sends_while_it_is_not_read_comes_afterwards_and_in_order() -> None:
    world, (a, b) = flooded(2, AT_ONCE + 8)
    world.run(0.1)
    serials = [a.signal(b.peer_id), a.signal(b.peer_id)]
    world.run(0.5)
    assert b.signals == []
    world.run(1.0)
    assert [signal.serial for signal in b.signals] == serials
    assert violations(world) == []


def test_a_client_that_leaves_while_it_is_not_read_is_gone_when_it_is_read_again() -> None:
    world, (a, b) = flooded(2, AT_ONCE + 8)
    a.leave()
    world.run(0.5)
    assert b.known == [a.peer_id]
    world.run(1.0)
    assert b.known == []


def test_a_client_that_floods_is_read_at_the_rate_and_nobody_else_notices() -> None:
    world, (a, b, c) = flooded(3, AT_ONCE * 6)
    world.run(1.0)
    serial = b.signal(c.peer_id)
    world.run(10.0)
    assert len(a.errors) <= AT_ONCE + 11 * FAULTS.per_second // UNUSABLE + 2
    assert [signal.serial for signal in c.signals] == [serial]
    assert violations(world) == []
