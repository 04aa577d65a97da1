"""A rendezvous hub introduces members to each other, however many come at once, in pieces.

When a hub dies, its clients come back within seconds, and thousands of ids become free at one
moment. All are stored and granted their ids at once. To introduce them to each other takes a
hundred times as long, in which nobody else is heard, so between two pieces of that all others have
their turn.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.dialects.names import is_of_dialect
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.discovery import introductions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from random import Random

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.namespaces.dropping import Dropping
    from peerpigeon.core.namespaces.handover import Handover
    from peerpigeon.core.namespaces.record_table import RecordTable
    from peerpigeon.core.namespaces.records import NamespaceRecords, Record

_Queue: TypeAlias = tuple[str, PeerId]

PIECE = 1024
"""Members that others are told of before all else has its turn, about: at some 5 microseconds each,
with all that follows, that is 5 ms."""

LARGE = 256
"""Bytes of what a member says of itself for which it counts once more: others are told of it, and
it is told of others that may say as much."""


class _Newcomers:
    """Those of one namespace and hub that wait, each with whether it knows enough others.

    They are taken in order of their ids, so that those who have the same neighbours are introduced
    to them together: each is named once in a message, and told of all of them in one write. Who
    comes meanwhile is taken when all before have been.
    """

    __slots__ = ("_come", "_next")

    def __init__(self) -> None:
        self._come: dict[Record, bool] = {}
        self._next: dict[Record, bool] = {}  # the last one is the next

    def __bool__(self) -> bool:
        return bool(self._next or self._come)

    def add(self, record: Record, *, knows_enough: bool) -> None:
        """Let one wait; if it waits already, it knows enough only if it did so then too."""
        waiting = self._next if record in self._next else self._come
        waiting[record] = knows_enough and waiting.get(record, True)

    def __iter__(self) -> Iterator[Record]:
        """Return all who wait."""
        yield from self._next
        yield from self._come

    def take(self) -> tuple[Record, bool]:
        """Take out the next one."""
        if not self._next:
            self._next = dict(sorted(self._come.items(), key=_number, reverse=True))
            self._come = {}
        return self._next.popitem()


def _number(item: tuple[Record, bool]) -> int:
    return item[0].number


class Introducing:
    """Who has come to the namespaces of one hub and is still to be introduced there.

    Each hub's newcomers wait for themselves: what is said of them is said to that hub, mostly.
    While it lags behind, they stay here, where one takes a place in a table, and not a hundred
    introductions that are under way.
    """

    def __init__(
        self,
        table: RecordTable,
        limit: int,
        rng: Random,
        effects: Effects,
        *,
        dropping: Dropping,
        handover: Handover,
    ) -> None:
        self._table = table
        self._handover = handover
        self._dropping = dropping  # nobody is introduced to whom is about to be dropped
        self._limit = limit
        self._rng = rng
        self._effects = effects
        self._lagging = effects.lagging
        self._waiting: dict[_Queue, _Newcomers] = {}
        self._turns: dict[_Queue, None] = {}  # all whose turn comes
        self._held: dict[PeerId, dict[_Queue, None]] = {}  # all others, by whom they wait for
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
        if is_of_dialect(kept.name):
            return  # what is said there is published, drawn, or for the one member that there is
        for record in newcomers:
            knows_enough = record.located.member.session in has_enough
            self._let_wait(kept, record, knows_enough=knows_enough)
        if newcomers:
            self._go_on(now)

    def _let_wait(self, kept: NamespaceRecords, record: Record, *, knows_enough: bool) -> None:
        queue = kept.name, record.located.hub
        waiting = self._waiting.get(queue)
        if waiting is None:
            waiting = self._waiting[queue] = _Newcomers()
            self._turns[queue] = None
        waiting.add(record, knows_enough=knows_enough)

    def expire(self, now: float) -> None:
        """Do one more piece, if there is something to do."""
        self._left = PIECE
        for namespace in self._handover.settled():
            self._introduce_to_more(namespace)
        for hub in list(self._held):
            if not self._is_behind(hub, now):
                self._turns |= self._held.pop(hub)
        self._go_on(now)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do: at once, if no hub is waited for."""
        if self._dropping:  # which is due by itself
            return None
        if self._due is not None or not self._held:
            return self._due
        return min(
            -inf if (until := self._lagging.until(hub)) is None else until for hub in self._held
        )

    def _go_on(self, now: float) -> None:
        while self._turns and self._left > 0 and not self._dropping:
            queue = next(iter(self._turns))
            del self._turns[queue]
            namespace, hub = queue
            kept = self._table.get(namespace)
            if kept is None:
                del self._waiting[queue]
                continue
            slow = self._whom_to_wait_for(kept, hub, now)
            if slow is not None:
                self._held.setdefault(slow, {})[queue] = None
                continue
            waiting = self._waiting[queue]
            self._introduce(kept, waiting)
            if waiting:
                self._turns[queue] = None
            else:
                del self._waiting[queue]
        self._due = now if self._turns else None

    def _whom_to_wait_for(self, kept: NamespaceRecords, hub: PeerId, now: float) -> PeerId | None:
        """Return the hub that newcomers of ``hub`` wait for, if there is one."""
        if self._is_behind(hub, now):
            return hub
        for other in self._lagging.far_behind():
            if other in kept.served and self._is_behind(other, now):
                return other
        return None

    def _is_behind(self, hub: PeerId, now: float) -> bool:
        until = self._lagging.until(hub)
        return until is not None and now < until

    def _introduce(self, kept: NamespaceRecords, waiting: _Newcomers) -> None:
        """Take out as many as there is time for, and introduce those that are still there."""
        each = 1 + min(self._limit, len(kept.firsts))
        newcomers: list[Record] = []
        has_enough: set[int] = set()
        while waiting and self._left > 0:
            record, knows_enough = waiting.take()
            said = len(record.located.member.introduction)
            self._left -= each * (1 + said // LARGE)
            hub, session = record.located.hub, record.located.member.session
            if kept.find(hub, session) is record:
                newcomers.append(record)
                if knows_enough:
                    has_enough.add(session)
        self._note_growth(kept, newcomers)
        chosen = introductions(kept, newcomers, frozenset(has_enough), self._limit, self._rng)
        for hub, meet in chosen:
            self._effects.tell_hub(hub, meet)

    def _note_growth(self, kept: NamespaceRecords, newcomers: list[Record]) -> None:
        """Have the first ones of a namespace introduced again if it has outgrown them in a crowd.

        Where they come one by one, all get to know each other until there are as many as anybody is
        to know. Of a crowd that waits each is introduced to those that are close to it, and the few
        who were there before would know no more than each other, and whom chance brings them.
        """
        was_large, kept.is_large = kept.is_large, len(kept.firsts) - 1 > self._limit
        if was_large or not kept.is_large:
            return
        due = set(newcomers)
        for hub in kept.served:
            due.update(self._waiting.get((kept.name, hub), ()))
        first = [one for one in kept.everybody() if one.is_introduced and one not in due]
        if len(first) < len(kept.firsts) - 1:
            for record in first:
                self._let_wait(kept, record, knows_enough=False)

    def _introduce_to_more(self, namespace: str) -> None:
        """Have those introduced again who know few: by now nobody there waits for its id."""
        kept = self._table.get(namespace)
        if kept is not None and kept.too_few is not None:
            few, kept.too_few = kept.too_few, None
            for record in few:
                self._let_wait(kept, record, knows_enough=False)
