"""What has to hold in each run, whatever the attack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from peerpigeon.core.config.quantities import MIB
from tests.hostile.run import MAX_MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.hostile.run import Outcome

SPARE: Final = 32 * MIB
"""What a hub may have resident besides: what is being handled, sockets, and what is not whole."""

CEILING: Final = MAX_MEMORY + SPARE
"""How much more than in calm times a hub of these runs may have resident."""

BUSY_FACTOR: Final = 5
BUSY_FLOOR: Final = 0.05
"""Under attack the 99th percentile may be so many times the calm one, or so many seconds."""

STALLED: Final = 1.0
"""Seconds at the median that mean that honest clients are not served, however slow the machine."""


def percentile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that so large a part is not above; infinity if there are none."""
    if not values:
        return math.inf
    return sorted(values)[min(len(values) - 1, math.ceil(part * len(values)) - 1)]


def faults(outcome: Outcome, *, is_long: bool) -> list[str]:
    """Return what did not hold, in words."""
    return [
        *_of_honest(outcome),
        *_of_hubs(outcome),
        *_of_latency(outcome, is_long=is_long),
        *(f"{what}: {but}" for what, but in outcome.claims.items() if but),
        *(["not so: " + outcome.joined] if outcome.joined else []),
        *(f"in the log: {line}" for line in outcome.complaints[:5]),
    ]


def _of_honest(outcome: Outcome) -> Iterator[str]:
    seen, judged = outcome.honest, outcome.judged
    if lost := sum(seen.lost.get(when, 0) for when in judged):
        yield f"{lost} of {seen.sent} honest signals were lost"
    if disordered := sum(seen.disordered.get(when, 0) for when in judged):
        yield f"{disordered} honest signals came twice or out of order"
    if seen.closed:
        yield f"honest clients were closed: {', '.join(seen.closed)}"
    if strange := [text for when in judged for text in seen.strange.get(when, [])]:
        yield f"honest clients were told: {strange}"
    if seen.turned_away:
        away = len(seen.turned_away)
        yield f"{away} of {seen.newcomers} newcomers did not get in: {seen.turned_away[:3]}"


def _of_hubs(outcome: Outcome) -> Iterator[str]:
    if outcome.partings and "attack" in outcome.judged:
        yield f"honest hubs lost each other: {outcome.partings[:2]}"
    for number, hub in enumerate(outcome.hubs):
        if not hub.is_alive:
            yield f"hub {number} has ended"
            continue
        grown = hub.most_memory - hub.calm_memory
        if grown > CEILING:
            yield f"hub {number} grew by {grown / MIB:.0f} MiB, above {CEILING / MIB:.0f}"
        if hub.descriptors_after > hub.descriptors_before:
            left = hub.descriptors_after - hub.descriptors_before
            yield f"hub {number} holds {left} descriptors more than before"


def _of_latency(outcome: Outcome, *, is_long: bool) -> Iterator[str]:
    calm = outcome.honest.latencies.get("calm", [])
    busy = outcome.honest.latencies.get("attack", [])
    if percentile(busy, 0.5) > STALLED:
        yield f"half of the honest signals took more than {percentile(busy, 0.5):.2f} s"
    if is_long and outcome.judges_latency:
        bound = max(BUSY_FACTOR * percentile(calm, 0.99), BUSY_FLOOR)
        if percentile(busy, 0.99) > bound:
            p99 = percentile(busy, 0.99)
            yield f"99 % took up to {1e3 * p99:.0f} ms, bound {1e3 * bound:.0f} ms"
