"""A run in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.config.quantities import MIB
from tests.hostile.verdict import percentile

if TYPE_CHECKING:
    from tests.hostile.run import Outcome


def summary(outcome: Outcome) -> str:
    """Return what was measured."""
    times = outcome.honest.latencies
    calm, busy = times.get("calm", []), times.get("attack", [])
    grown = max(hub.most_memory - hub.calm_memory for hub in outcome.hubs)
    most = max(hub.most_descriptors for hub in outcome.hubs)
    figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items())
    return (
        f"p99 {_ms(calm)} calm, {_ms(busy)} under attack (median {_ms(busy, 0.5)}); "
        f"{outcome.honest.sent} signals, {sum(outcome.honest.lost.values())} lost; "
        f"newcomers {outcome.honest.newcomers - len(outcome.honest.turned_away)}"
        f"/{outcome.honest.newcomers}; +{grown / MIB:.0f} MiB; {most} descriptors; {figures}"
    )


def _ms(values: list[float], part: float = 0.99) -> str:
    return f"{1e3 * percentile(values, part):.1f} ms"
