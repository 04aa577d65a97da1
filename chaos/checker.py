"""Judges a complete history by all invariants. Pure: the same history gives the same findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checks.calm import lost_in_calm
from chaos.checks.ends import broken_ends
from chaos.checks.farewells import false_farewells
from chaos.checks.namespaces import crossings
from chaos.checks.order import broken_order
from chaos.checks.ownership import stolen_ids
from chaos.checks.places import kept_out
from chaos.history import Wrong
from chaos.lives import Finding, Lives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.history import AnyRecord

CHECKS = (
    broken_ends,
    broken_order,
    crossings,
    stolen_ids,
    false_farewells,
    lost_in_calm,
    kept_out,
)


def check(records: Sequence[AnyRecord]) -> list[Finding]:
    """Return all that must not be in a history, in order of time."""
    lives = Lives(records)
    found = [finding for judge in CHECKS for finding in judge(lives)]
    found += [
        Finding(record.invariant, record.at, record.what)
        for record in records
        if isinstance(record, Wrong)
    ]
    return sorted(found, key=lambda finding: finding.at)
