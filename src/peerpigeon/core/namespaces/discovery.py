"""Whom a keeper introduces a member to, and in how few messages.

In a small namespace everybody gets to know everybody. In a larger one a newcomer gets to know
mostly the XOR-closest, and some drawn at random, so that the clients' own mesh does not fall into
islands of similar ids; a join then costs O(limit), where the reference costs O(members).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.placement import nearest
from peerpigeon.core.namespaces.records import Record, Records, stay_of
from peerpigeon.core.namespaces.retention import MEMBER_BYTES, MESSAGE_BYTES
from peerpigeon.core.wire.hub_frames import Gone, Meet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from peerpigeon.core.ids import PeerId

RANDOM_SHARE = 8
"""One introduction of so many is drawn at random."""

STAYS_PER_MESSAGE = 512

SATURATION = 4
"""A member introduced so many times the limit is spared."""


def choose(
    place: Records, record: Record, limit: int, rng: Random, *, is_sated: bool
) -> list[Record]:
    """Return the members to introduce one to: all, or some close and some random ones."""
    total = len(place.keys)
    if total - 1 <= limit:
        return [r for alike in place.records.values() for r in alike if r.key != record.key]
    drawn = _draw(place, rng, max(1, limit // RANDOM_SHARE))
    if is_sated:
        # It knows its close ones; but in two halves of a mesh that become one nobody knows
        # anybody of the other half.
        return _records(place, drawn, record)
    near = nearest(place.keys, record.key, min(total, limit + 1 + limit // 4))
    keys = [*drawn, *(place.keys[index] for index in near)]
    found = _records(place, keys, record)
    saturation = SATURATION * limit
    if sum(r.introductions < saturation for r in found) < limit:
        found = _records(place, [*keys, *_draw(place, rng, 2 * limit)], record)
    # Members that very many newcomers are close to come last.
    return sorted(found, key=lambda r: r.introductions >= saturation)[:limit]


def _draw(place: Records, rng: Random, count: int) -> list[int]:
    return [place.keys[rng.randrange(len(place.keys))] for _ in range(count)]


def _records(place: Records, keys: list[int], but: Record) -> list[Record]:
    return [r for key in dict.fromkeys(keys) if key != but.key for r in place.records[key]]


def meets(namespace: str, circle: dict[Record, list[Record]]) -> Iterator[Meet]:
    """Return the introductions for one hub in messages of bounded size.

    ``circle``: for each of its members, whom it shall get to know.
    """
    if len(circle) == 1:
        ((learner, others),) = circle.items()
        for part in _parts(others):
            yield _meet(namespace, [learner], part, ())
        return
    rows: dict[Record, list[int]] = {}
    members: dict[Record, int] = {}
    size = 0
    for learner, others in circle.items():
        for other in others:
            if other not in members:
                size += _size(other)
                if size > MESSAGE_BYTES and members:
                    yield _tabulated(namespace, rows, members)
                    rows, members = {}, {}
                    size = _size(other)
            rows.setdefault(learner, []).append(members.setdefault(other, len(members)))
    yield _tabulated(namespace, rows, members)


def _parts(members: list[Record]) -> Iterator[list[Record]]:
    start = size = 0
    for number, member in enumerate(members):
        size += _size(member)
        if size > MESSAGE_BYTES and number > start:
            yield members[start:number]
            start, size = number, _size(member)
    yield members[start:]


def _size(member: Record) -> int:
    return MEMBER_BYTES + len(member.located.member.introduction)


def _tabulated(namespace: str, rows: dict[Record, list[int]], members: dict[Record, int]) -> Meet:
    places = tuple(tuple(row) for row in rows.values())
    everyone = tuple(range(len(members)))
    is_each_with_each = all(row == everyone for row in places)
    return _meet(namespace, rows, members, () if is_each_with_each else places)


def _meet(
    namespace: str,
    learners: Iterable[Record],
    members: Iterable[Record],
    rows: tuple[tuple[int, ...], ...],
) -> Meet:
    peers = tuple(stay_of(learner)[1:] for learner in learners)
    return Meet(namespace, peers, tuple([member.located for member in members]), rows)


def gones(
    namespace: str, stays: list[tuple[PeerId, PeerId, int]], *, has_said_goodbye: bool = False
) -> Iterator[Gone]:
    """Return the news that stays are over in messages of bounded size."""
    for start in range(0, len(stays), STAYS_PER_MESSAGE):
        part = tuple(stays[start : start + STAYS_PER_MESSAGE])
        yield Gone(namespace, part, has_said_goodbye)
