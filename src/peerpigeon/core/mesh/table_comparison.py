"""What two tables of adverts lack of each other, found by summaries of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_frames import Advert
from peerpigeon.core.wire.ranges import is_later_life

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence


_encoder = msgspec.msgpack.Encoder()

Entry: TypeAlias = tuple[PeerId, int, int, int]
"""A hub and the age of its latest advert."""

Age: TypeAlias = tuple[int, int, int]
"""Incarnation, life and sequence."""


class Comparison(msgspec.Struct, frozen=True):
    """How our table and a neighbour's differ."""

    lacking_there: tuple[Advert, ...]
    """What the neighbour lacks."""
    is_lacking_here: bool
    """Whether we lack something."""


def is_later(age: Age, other: Age) -> bool:
    """Tell which of two adverts of one hub is the later."""
    if age[0] != other[0]:
        return is_later_life(age[0], other[0])
    return age > other


def supersedes(advert: Advert, held: Advert) -> bool:
    """Tell whether an advert takes the place of another one of its hub that is not equal to it.

    No hub says two things under one number. If somebody else has, one of the two goes round
    everywhere, the same one, until it reaches the hub itself, which then outdoes it.
    """
    is_same_life = advert.life == held.life and advert.incarnation == held.incarnation
    if is_same_life and advert.sequence != held.sequence:  # as most are
        return advert.sequence > held.sequence
    if advert.age != held.age:
        return is_later(advert.age, held.age)
    return _encoder.encode(advert) > _encoder.encode(held)


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
        and (advert.hub not in ages or is_later(advert.age, ages[advert.hub]))
    )
    known = {advert.hub: advert.age for advert in ours}
    is_lacking = any(hub not in known or is_later(age, known[hub]) for hub, age in ages.items())
    return Comparison(lacking, is_lacking)
