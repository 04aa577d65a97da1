"""The members of one namespace, as a rendezvous hub has them."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.owners import NOBODY
from peerpigeon.core.wire.hub_news import Located, Member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.core.ids import PeerId


def identity_of(record: Record) -> tuple[PeerId, PeerId, int]:
    """Return what names one registration of a member: hub, peer and session."""
    member = record.located.member
    return record.located.hub, member.peer, member.session


@dataclass(slots=True, eq=False)
class Record:
    """One registration of a member."""

    located: Located
    number: int
    """Its peer id as a number."""
    owner: bytes = NOBODY
    """What shows whose the id is; see ``owners.py``."""
    is_introduced: bool = False
    is_doubtful: bool = False
    """Whether somebody else may have the id: not introduced to anybody until that is clear."""
    is_waiting: bool = False
    """Whether it wants the id for the first time, and this hub is yet to hear who has it."""
    fresh_until: float = 0.0
    """Until when one that was granted the id before may turn up: views differ for moments."""
    introductions: int = 0
    """With how many members it was introduced, as far as this hub knows."""


RECORD_BYTES = 768
"""About what a record takes besides its introduction, with its places in the tables."""


def size_of_record(located: Located) -> int:
    """Return about how many bytes the record of a member takes."""
    return RECORD_BYTES + len(located.member.introduction)


@dataclass(slots=True, eq=False)
class IdConflict:
    """A newcomer whose id another hub's client has, while that hub is asked whether it lives."""

    newcomer: Record
    holder: Record


@dataclass(slots=True, eq=False)
class Tombstone:
    """A registration that is over."""

    peer: PeerId
    is_told: bool = False
    """Whether this hub has told the others."""


@dataclass(slots=True, eq=False)
class NamespaceRecords:
    """The members of one namespace, and who was one until recently."""

    name: str
    numbers: list[int] = field(default_factory=list)
    """The ids as numbers, in rising order."""
    records: dict[int, tuple[Record, ...]] = field(default_factory=dict)
    """By the number of the id. More than one: the same id at several hubs."""
    served: dict[PeerId, dict[int, Record]] = field(default_factory=dict)
    """By serving hub and session."""
    conflicts: dict[int, IdConflict] = field(default_factory=dict)
    """By the number of the id."""
    departed: dict[tuple[PeerId, int], Tombstone] = field(default_factory=dict)
    size: int = 0
    """About how many bytes the records take."""

    def __len__(self) -> int:
        """Return how many members are stored."""
        return sum(len(sessions) for sessions in self.served.values())

    def add(self, record: Record) -> None:
        """Store a member."""
        others = self.records.get(record.number, ())
        if not others:
            insort(self.numbers, record.number)
        alike = self.records[record.number] = (*others, record)
        if len(alike) > 1:
            for one in alike:
                one.is_doubtful = True
        hub = record.located.hub
        self.served.setdefault(hub, {})[record.located.member.session] = record
        self.size += size_of_record(record.located)

    def remove(self, record: Record) -> None:
        """Forget a member."""
        alike = tuple(one for one in self.records[record.number] if one is not record)
        if alike:
            self.records[record.number] = alike
        else:
            del self.records[record.number]
            del self.numbers[bisect_left(self.numbers, record.number)]
        hub = record.located.hub
        del self.served[hub][record.located.member.session]
        if not self.served[hub]:
            del self.served[hub]
        self.size -= size_of_record(record.located)

    def renew(self, record: Record, located: Located) -> None:
        """Take what a member has announced anew."""
        self.size += size_of_record(located) - size_of_record(record.located)
        record.located = located

    def renumber(self, hub: PeerId, sessions: Mapping[int, int]) -> None:
        """Give members at a hub the sessions that ``sessions`` has for theirs; newcomers too."""
        served = self.served.get(hub, {})
        for record in (*served.values(), *self.newcomers(hub)):
            member = record.located.member
            session = sessions.get(member.session, member.session)
            record.located = Located(hub, Member(member.peer, session, member.introduction))
            if served.pop(member.session, None) is not None:
                served[session] = record

    def find(self, hub: PeerId, session: int) -> Record | None:
        """Return one registration of a member."""
        return self.served.get(hub, {}).get(session)

    def elsewhere(self, record: Record) -> list[Record]:
        """Return the records of the same id at other hubs."""
        hub = record.located.hub
        return [other for other in self.records.get(record.number, ()) if other.located.hub != hub]

    def newcomers(self, hub: PeerId) -> list[Record]:
        """Return the members at a hub that are not stored yet because another hub has their id."""
        newcomers = (conflict.newcomer for conflict in self.conflicts.values())
        return [newcomer for newcomer in newcomers if newcomer.located.hub == hub]

    def conflict_of(self, hub: PeerId, number: int, session: int) -> IdConflict | None:
        """Return what a newcomer waits for, if it does."""
        conflict = self.conflicts.get(number)
        if conflict is None or identity_of(conflict.newcomer)[::2] != (hub, session):
            return None
        return conflict

    @property
    def is_empty(self) -> bool:
        """Whether nobody is there, nor was recently."""
        return not (self.numbers or self.departed)
