"""What two tables of adverts lack of each other, found by summaries of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.ids import PeerId

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from peerpigeon.core.wire.hub_frames import Advert

Entry: TypeAlias = tuple[PeerId, int, int, int]
"""A hub and the age of its latest advert."""


NOTHING = -1, -1, -1
"""The age of what is not there."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How our table and a neighbour's differ."""

    lacking_there: tuple[Advert, ...]
    """What the neighbour lacks."""
    is_lacking_here: bool
    """Whether we lack something."""


def summarize(adverts: Iterable[Advert]) -> tuple[Entry, ...]:
    """Return the summary of a table."""
    return tuple((advert.hub, *advert.age) for advert in adverts)


def compare(
    ours: Sequence[Advert], theirs: Iterable[Entry], unreachable: Container[PeerId]
) -> Comparison:
    """Compare our table with the summary of a neighbour's.

    Hubs that are ``unreachable`` from here too may be dead, and are not repeated to a neighbour
    that has lost them.
    """
    ages = {entry[0]: entry[1:] for entry in theirs}
    lacking = tuple(
        advert
        for advert in ours
        if (advert.hub in ages or advert.hub not in unreachable)
        and ages.get(advert.hub, NOTHING) < advert.age
    )
    known = {advert.hub: advert.age for advert in ours}
    is_lacking = any(hub not in known or known[hub] < age for hub, age in ages.items())
    return Comparison(lacking, is_lacking)
