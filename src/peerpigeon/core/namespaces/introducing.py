"""A rendezvous hub introduces members to each other, however many come at once, in pieces.

When a hub dies, its clients come back within seconds, and thousands of ids become free at one
moment. All are stored and granted their ids at once. To introduce them to each other takes a
hundred times as long, in which nobody else is heard, so between two pieces of that all others have
their turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.discovery import introductions

if TYPE_CHECKING:
    from collections.abc import Collection
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.namespaces.record_table import RecordTable
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record

PIECE = 1024
"""Members that others are told of before all else has its turn, about: at some 5 microseconds each,
with all that follows, that is 5 ms."""

LARGE = 256
"""Bytes of what a member says of itself for which it counts once more: others are told of it, and
it is told of others that may say as much."""


class Introducing:
    """Who has come to the namespaces of one hub and is still to be introduced there."""

    def __init__(self, table: RecordTable, limit: int, rng: Random, effects: Effects) -> None:
        self._table = table
        self._limit = limit
        self._rng = rng
        self._effects = effects
        # By namespace, which take turns: those who have come, and whether they know enough others.
        self._waiting: dict[str, dict[Record, bool]] = {}
        self._left = PIECE
        self._due: float | None = None

    def add(
        self,
        kept: NamespaceRecords,
        newcomers: list[Record],
        has_enough: Collection[int],
        now: float,
    ) -> None:
        """Introduce members of a namespace, now or as soon as it is their turn.

        ``has_enough`` has the sessions of those that know enough others.
        """
        if newcomers:
            waiting = self._waiting.setdefault(kept.name, {})
            for record in newcomers:
                knows_enough = record.located.member.session in has_enough
                waiting[record] = knows_enough and waiting.get(record, True)
            self._go_on(now)

    def expire(self, now: float) -> None:
        """Do one more piece, if there is something to do."""
        self._left = PIECE
        self._go_on(now)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do: at once, if it has."""
        return self._due

    def _go_on(self, now: float) -> None:
        while self._waiting and self._left > 0:
            namespace = next(iter(self._waiting))
            waiting = self._waiting.pop(namespace)
            kept = self._table.get(namespace)
            if kept is not None:
                self._introduce(kept, waiting)
                if waiting:
                    self._waiting[namespace] = waiting
        self._due = now if self._waiting else None

    def _introduce(self, kept: NamespaceRecords, waiting: dict[Record, bool]) -> None:
        """Take out as many as there is time for, and introduce those that are still there."""
        each = 1 + min(self._limit, len(kept.numbers))
        newcomers: list[Record] = []
        has_enough: set[int] = set()
        while waiting and self._left > 0:
            record, knows_enough = next(iter(waiting.items()))
            del waiting[record]
            said = len(record.located.member.introduction)
            self._left -= each * (1 + said // LARGE)
            hub, session = record.located.hub, record.located.member.session
            if kept.find(hub, session) is record:
                newcomers.append(record)
                if knows_enough:
                    has_enough.add(session)
        chosen = introductions(kept, newcomers, frozenset(has_enough), self._limit, self._rng)
        for hub, meet in chosen:
            self._effects.tell_hub(hub, meet)
