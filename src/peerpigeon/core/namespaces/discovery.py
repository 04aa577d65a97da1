"""Whom a rendezvous hub introduces a member to, and in how few messages.

In a small namespace everybody gets to know everybody. In a larger one a newcomer gets to know
mostly the XOR-closest, and some drawn at random, so that the clients' own mesh does not fall into
islands of similar ids; a join then costs O(limit), where the reference costs O(members).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.keys import nearest
from peerpigeon.core.namespaces.records import NamespaceRecords, Record, identity_of
from peerpigeon.core.wire.hub_news import Gone, Meet
from peerpigeon.core.wire.hub_sizes import MEMBER_BYTES, MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from peerpigeon.core.ids import PeerId

RANDOM_SHARE = 8
"""One introduction of so many is drawn at random."""

REGISTRATIONS_PER_MESSAGE = 512

SATURATION = 4
"""A member introduced so many times the limit is spared."""


def choose(
    kept: NamespaceRecords, record: Record, limit: int, rng: Random, *, has_enough: bool
) -> list[Record]:
    """Return the members to introduce one to: all, or some close and some random ones."""
    total = len(kept.firsts)
    if total - 1 <= limit:
        return [
            r
            for r in kept.everybody()
            if r.number != record.number and (r.is_introduced or not r.is_doubtful)
        ]
    drawn = _draw(kept, rng, max(1, limit // RANDOM_SHARE))
    if has_enough:
        # It knows its close ones; but in two halves of a mesh that become one nobody knows
        # anybody of the other half.
        return _records(kept, drawn, record)
    near = nearest(kept.numbers, record.number, min(total, limit + 1 + limit // 4))
    numbers = [*drawn, *(kept.numbers[index] for index in near)]
    found = _records(kept, numbers, record)
    saturation = SATURATION * limit
    if sum(r.introductions < saturation for r in found) < limit:
        found = _records(kept, [*numbers, *_draw(kept, rng, 2 * limit)], record)
    # Members that very many newcomers are close to come last.
    return sorted(found, key=lambda r: r.introductions >= saturation)[:limit]


def _draw(kept: NamespaceRecords, rng: Random, count: int) -> list[int]:
    return [kept.numbers[rng.randrange(len(kept.numbers))] for _ in range(count)]


def _records(kept: NamespaceRecords, numbers: list[int], but: Record) -> list[Record]:
    return [
        r
        for number in dict.fromkeys(numbers)
        if number != but.number
        for r in kept.with_id(number)
        if r.is_introduced or not r.is_doubtful
    ]


def introductions(
    kept: NamespaceRecords,
    newcomers: list[Record],
    has_enough: frozenset[int],
    limit: int,
    rng: Random,
) -> list[tuple[PeerId, Meet]]:
    """Introduce members and those chosen for them to each other, in few messages.

    ``has_enough`` has the sessions of newcomers that know enough others already. Returns the
    messages, each with the hub that it is for.
    """
    # For each hub: for each of its members, whom it shall get to know.
    circles: dict[PeerId, dict[Record, list[Record]]] = {}
    for newcomer in newcomers:
        hub, _, session = identity_of(newcomer)
        knows_enough = session in has_enough
        others = choose(kept, newcomer, limit, rng, has_enough=knows_enough)
        if len(others) < limit < len(kept.firsts) - 1 and not knows_enough:
            kept.too_few = kept.too_few or []
            kept.too_few.append(newcomer)
        if not others:
            continue
        newcomer.introductions += len(others)
        circles.setdefault(hub, {})[newcomer] = others
        for other in others:
            other.introductions += 1
            if other.located.hub != hub:
                circle = circles.setdefault(other.located.hub, {})
                circle.setdefault(other, []).append(newcomer)
    return [(hub, meet) for hub, circle in circles.items() for meet in meets(kept.name, circle)]


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
    indices = tuple(tuple(row) for row in rows.values())
    everyone = tuple(range(len(members)))
    is_each_with_each = all(row == everyone for row in indices)
    return _meet(namespace, rows, members, () if is_each_with_each else indices)


def _meet(
    namespace: str,
    learners: Iterable[Record],
    members: Iterable[Record],
    rows: tuple[tuple[int, ...], ...],
) -> Meet:
    peers = tuple(identity_of(learner)[1:] for learner in learners)
    return Meet(namespace, peers, tuple([member.located for member in members]), rows)


def gones(
    namespace: str,
    registrations: list[tuple[PeerId, PeerId, int]],
    *,
    has_said_goodbye: bool = False,
) -> Iterator[Gone]:
    """Return the news that registrations are over in messages of bounded size."""
    for start in range(0, len(registrations), REGISTRATIONS_PER_MESSAGE):
        part = tuple(registrations[start : start + REGISTRATIONS_PER_MESSAGE])
        yield Gone(namespace, part, has_said_goodbye)
