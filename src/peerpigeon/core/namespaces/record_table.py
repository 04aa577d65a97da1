"""The namespaces whose records a hub keeps, with a bound on how many members these have in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.namespaces.records import RECORD_BYTES, NamespaceRecords, size_of_record
from peerpigeon.core.namespaces.regions import Regions, Round
from peerpigeon.core.namespaces.retention import due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.memory import Pot
    from peerpigeon.core.namespaces.placement import Placement
    from peerpigeon.core.namespaces.records import Record
    from peerpigeon.core.wire.hub_news import Member

MAX_RECORDS = 200_000

RESIGNATION = 60.0
"""Seconds for which a hub that is no rendezvous hub any more keeps its records: views agree within
seconds, and what outlives a change of views by this much is not needed for it."""


class RecordTable:
    """The records of each namespace that one hub keeps, by the namespace's name."""

    def __init__(self, own: PeerId, placement: Placement, max_records: int, memory: Pot) -> None:
        self._own = own
        self._placement = placement
        self._max_records = max_records
        self._memory = memory
        memory.gauges.append(lambda: sum(kept.size for kept in self._kept.values()))
        self._kept: dict[str, NamespaceRecords] = {}
        self.get: Callable[[str], NamespaceRecords | None] = self._kept.get
        """Return what is kept of a namespace. The dict's own method, as each announce asks."""
        self._names = Regions()
        self._by_hub = NamesByHub()
        self.at = self._by_hub.at
        """Return the names of the namespaces with members at a hub."""
        self._moving = Round(self._names, self._move)
        placement.watch(self._names)
        self._records = 0
        # In order of time, because the grace is the same for all.
        self._resigned: dict[str, float] = {}
        self.refused = 0
        """Members not stored because there was no room."""

    def __len__(self) -> int:
        """Return how many members are stored."""
        return self._records

    def all(self) -> list[NamespaceRecords]:
        """Return what is kept of each namespace."""
        return list(self._kept.values())

    def keep(self, namespace: str, now: float) -> NamespaceRecords:
        """Return what is kept of a namespace, from now on if nothing was."""
        kept = self._kept.get(namespace)
        if kept is None:
            kept = self._kept[namespace] = NamespaceRecords(namespace, self._by_hub)
            self._names.add(namespace)
            if not self._is_ours(namespace):
                self._resigned[namespace] = now + RESIGNATION
        return kept

    # Members

    def is_spacious(self, members: Iterable[Member]) -> bool:
        """Tell, at little cost, that there is room for some members for certain."""
        sizes = [RECORD_BYTES + len(member.introduction) for member in members]
        is_within = self._records + len(sizes) <= self._max_records
        return is_within and self._memory.is_spacious(sum(sizes))

    def has_room(self, record: Record) -> bool:
        """Tell whether one more member can be stored; if not, it counts as refused."""
        size = size_of_record(record.located)
        if self._records < self._max_records and self._memory.has_room(size):
            return True
        self.refused += 1
        return False

    def add(self, kept: NamespaceRecords, record: Record) -> None:
        """Store a member."""
        kept.add(record)
        self._records += 1

    def remove(self, kept: NamespaceRecords, record: Record) -> None:
        """Forget a member."""
        kept.remove(record)
        self._records -= 1

    # Forgetting namespaces

    def assign(self, moved: Iterable[int], now: float) -> None:
        """Note of which namespaces this hub is a rendezvous hub by now, in pieces.

        ``moved``: the regions of those of which it may not have been, or may be no more.
        """
        self._moving.add(moved)
        self._moving.go_on(now)

    def _move(self, namespace: str, now: float) -> int:
        if self._is_ours(namespace):
            self._resigned.pop(namespace, None)
        else:
            self._resigned.setdefault(namespace, now + RESIGNATION)
        return 1

    def forget(self, kept: NamespaceRecords) -> None:
        """Forget a namespace, with all who are stored for it."""
        del self._kept[kept.name]
        self._names.remove(kept.name)
        for hub in kept.served:
            self._by_hub.remove(hub, kept.name)
        self._resigned.pop(kept.name, None)
        self._records -= len(kept)

    def resigned(self, now: float) -> Iterator[NamespaceRecords]:
        """Go over those that were kept for others long enough; each is to be forgotten."""
        for namespace in due(self._resigned, now):
            yield self._kept[namespace]

    def expire(self, now: float) -> None:
        """Go on with what is done in pieces."""
        self._moving.go_on(now)

    def deadline(self) -> float | None:
        """Return when there is more to do, or ``resigned`` has something to say."""
        return earliest(self._moving.deadline(), next(iter(self._resigned.values()), None))

    def _is_ours(self, namespace: str) -> bool:
        return self._own in self._placement.rendezvous_hubs(namespace)
