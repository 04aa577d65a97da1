"""How long what is over is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

K = TypeVar("K")
V = TypeVar("V")

RETENTION = 30.0
"""Seconds for which a departure is remembered. Views of the mesh agree long before."""

TIDY_INTERVAL = 10.0
"""Forgetting is done at multiples of this, not once for each departure."""

MAX_DEPARTURES = 20_000
MAX_HUBS = 10_000


def forget_at(now: float) -> float:
    """Return when to forget what is over now."""
    return (now // TIDY_INTERVAL + 1) * TIDY_INTERVAL + RETENTION


def keep(table: dict[K, V], key: K, value: V) -> None:
    """Enter something into a table of hubs; beyond its limit the oldest entry goes."""
    table[key] = value
    if len(table) > MAX_HUBS:
        del table[next(iter(table))]


def due(table: dict[K, float], now: float) -> Iterator[K]:
    """Take out and return the keys whose time has come; earlier ones come first in ``table``."""
    while table:
        key = next(iter(table))
        if table[key] > now:
            return
        del table[key]
        yield key
