"""How long what is over is remembered, and how sessions tell the life of their hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

K = TypeVar("K")
V = TypeVar("V")

STAYS_PER_MILLISECOND = 2**20
"""Sessions count from the hub's incarnation (milliseconds since 1970) times this: unique for ever,
below 2**63, and they tell which life of their hub they belong to."""

MEMORY = 30.0
"""Seconds for which a departure is remembered. Views of the mesh agree long before."""

TIDY = 10.0
"""Forgetting is done at multiples of this, not once for each departure."""

MAX_DEPARTURES = 20_000
MAX_HUBS = 10_000

MESSAGE_BYTES = 48 * 1024
"""Of introductions in one message between hubs; it must fit a data channel."""

MEMBER_BYTES = 128
"""About what a member takes besides its introduction."""


def tidy_time(now: float) -> float:
    """Return when to forget what is over now."""
    return (now // TIDY + 1) * TIDY + MEMORY


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
