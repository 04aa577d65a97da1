"""What became of a scene, and what clients must not have seen in any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.sim.checks.ends import Excuse, broken_ends
from peerpigeon.sim.checks.ledger import Fates, Guests, fates
from peerpigeon.sim.checks.ownership import ownership_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from peerpigeon.sim.checks.naps import Nap
    from peerpigeon.sim.client import Client
    from peerpigeon.sim.population import Population
    from peerpigeon.sim.world import World

Figure: TypeAlias = float | int | None

EXAMPLES = 20
"""Faults of one kind that are told."""


@dataclass(slots=True)
class Outcome:
    """What became of a scene."""

    world: World
    figures: dict[str, Figure] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def expect(self, condition: object, complaint: str) -> None:
        """Note ``complaint`` unless ``condition`` holds."""
        if not condition:
            self.faults.append(complaint)


def expect_all_delivered(outcome: Outcome, population: Population) -> Fates:
    """Note whatever did not arrive, once and in order."""
    judged = expect_nothing_lost(outcome, population)
    outcome.expect(not judged.refused, f"{judged.refused} signals were refused")
    outcome.expect(not judged.cut_off, f"{judged.cut_off} signals were cut off")
    return judged


def expect_nothing_lost(
    outcome: Outcome,
    population: Population,
    cuts: Iterable[float] = (),
    naps: Sequence[Nap] = (),
    *,
    lateness: float = 0.0,
) -> Fates:
    """Note whatever neither arrived nor was answered by an error, or came twice, or too late.

    ``cuts``: when the network was cut; ``naps``: which hubs were asleep, and when; ``lateness``:
    seconds that lost packets may cost an acknowledgement.
    """
    judged = expect_sound_signals(outcome, population, cuts, naps=naps, lateness=lateness)
    expect_no_surprises(outcome, population.clients)
    return judged


def expect_sound_signals(
    outcome: Outcome,
    population: Population,
    cuts: Iterable[float] = (),
    guests: Guests | None = None,
    *,
    naps: Sequence[Nap] = (),
    lateness: float = 0.0,
) -> Fates:
    """Like ``expect_nothing_lost``, but of other messages than signals nothing is asked."""
    cuts, guests = list(cuts), guests or Guests()
    doubts = [nap.since for nap in naps]
    if lateness:
        doubts += [nap.until for nap in naps]
    judged = fates(population.clients, cuts + doubts, guests, naps=naps)
    excuse = Excuse(cuts, naps, guests.ids, lateness)
    outcome.faults.extend(broken_ends(population.clients, excuse))
    outcome.faults.extend(judged.examples)
    outcome.faults.extend(ownership_faults(population.mesh.world)[:EXAMPLES])
    outcome.figures |= {
        "sent": judged.sent,
        "delivered": judged.delivered,
        "refused": judged.refused,
        "lost": judged.lost,
        "repeated": judged.repeated,
    }
    return judged


def expect_no_surprises(outcome: Outcome, clients: Iterable[Client]) -> None:
    """Note whatever a client was sent that no hub that keeps the protocol sends."""
    for client in clients:
        for surprise in client.surprises[:3]:
            outcome.faults.append(
                f"client {client.number} got {surprise.what} {surprise.peer[:8]}"
                f" at {surprise.time:.2f}"
            )
