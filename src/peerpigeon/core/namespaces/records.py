"""The members of one namespace, as a rendezvous hub has them."""

from __future__ import annotations

from bisect import bisect_left, insort
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.owners import NOBODY
from peerpigeon.core.wire.hub_news import Located, Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def identity_of(record: Record) -> tuple[PeerId, PeerId, int]:
    """Return what names one registration of a member: hub, peer and session."""
    member = record.located.member
    return record.located.hub, member.peer, member.session


class Record(msgspec.Struct, eq=False):
    """One registration of a member."""

    located: Located
    number: int
    """Its peer id as a number."""
    owner: bytes = NOBODY
    """What shows whose the id is; see ``owners.py``."""
    is_introduced: bool = False
    """Whether it has its id, as far as this hub knows as the primary: then it is introduced to
    others, or will be when its turn comes."""
    is_doubtful: bool = False
    """Whether somebody else may have the id: not introduced to anybody until that is clear."""
    is_waiting: bool = False
    """Whether it wants the id for the first time, and this hub is yet to hear who has it."""
    granted_at: float = -inf
    """When this hub has granted it the id: for a while one may turn up that was granted it before,
    as views differ for moments."""
    introductions: int = 0
    """With how many members it was introduced, as far as this hub knows."""


_FLAGGED = b',"flagged":true}'

RECORD_BYTES = 768
"""About what a record takes besides its introduction, with its places in the tables."""


def size_of_record(located: Located) -> int:
    """Return about how many bytes the record of a member takes."""
    return RECORD_BYTES + len(located.member.introduction)


def _is_flagged(located: Located) -> bool:
    return located.member.introduction.endswith(_FLAGGED)


class IdConflict(msgspec.Struct, eq=False):
    """A newcomer whose id another hub's client has, while it is asked whether one of them lives."""

    newcomer: Record
    holder: Record
    is_return: bool = False
    """Whether the newcomer had the id before the holder, which got it a moment ago: it is asked."""

    @property
    def asked(self) -> Record:
        """The one that had the id first, and is to show that it lives."""
        return self.newcomer if self.is_return else self.holder


class Tombstone(msgspec.Struct, eq=False):
    """A registration that is over."""

    peer: PeerId
    is_told: bool = False
    """Whether this hub has told the others."""


_NOTHING = cast("dict[Any, Any]", MappingProxyType({}))
"""In place of a table while nothing is in it: there are thousands of small namespaces."""


class NamespaceRecords(msgspec.Struct, eq=False):
    """The members of one namespace, and who was one until recently."""

    name: str
    by_hub: NamesByHub
    """Where the members of all namespaces are."""
    firsts: dict[int, Record] = msgspec.field(default_factory=dict)
    """The first one of each id, by its number."""
    rivals: dict[int, tuple[Record, ...]] = msgspec.field(default_factory=lambda: _NOTHING)
    """The others, where an id is at several hubs."""
    served: dict[PeerId, dict[int, Record]] = msgspec.field(default_factory=dict)
    """By serving hub and session."""
    conflicts: dict[int, IdConflict] = msgspec.field(default_factory=lambda: _NOTHING)
    """By the number of the id."""
    departed: dict[tuple[PeerId, int], Tombstone] = msgspec.field(default_factory=lambda: _NOTHING)
    size: int = 0
    """About how many bytes the records take."""
    flagged: int = 0
    """How many of the members say that they are flagged, as those of swarms may."""
    is_large: bool = False
    """Whether there were more, when one was introduced last, than any of them is to know."""
    too_few: list[Record] | None = None
    """Those who were introduced to few, as too many others were still to get their ids."""
    _numbers: list[int] | None = None

    def __len__(self) -> int:
        """Return how many members are stored."""
        rivals = sum(map(len, self.rivals.values())) if self.rivals else 0
        return len(self.firsts) + rivals

    @property
    def numbers(self) -> list[int]:
        """The ids as numbers, in rising order: kept only where they are asked for."""
        if self._numbers is None:
            self._numbers = sorted(self.firsts)
        return self._numbers

    def with_id(self, number: int) -> tuple[Record, ...]:
        """Return the members that have an id; more than one if it is at several hubs."""
        first = self.firsts.get(number)
        return () if first is None else (first, *self.rivals.get(number, ()))

    def everybody(self) -> Iterable[Record]:
        """Return all members."""
        rivals = (record for alike in self.rivals.values() for record in alike)
        return (*self.firsts.values(), *rivals) if self.rivals else self.firsts.values()

    def add(self, record: Record) -> None:
        """Store a member."""
        number = record.number
        others = self.with_id(number)
        if others:
            self.rivals = self.rivals or {}
            self.rivals[number] = (*others[1:], record)
            for one in (*others, record):
                one.is_doubtful = True
        else:
            self.firsts[number] = record
            if self._numbers is not None:
                insort(self._numbers, number)
        hub = record.located.hub
        sessions = self.served.get(hub)
        if sessions is None:
            sessions = self.served[hub] = {}
            self.by_hub.add(hub, self.name)
        sessions[record.located.member.session] = record
        self.size += size_of_record(record.located)
        self.flagged += _is_flagged(record.located)

    def remove(self, record: Record) -> None:
        """Forget a member."""
        number = record.number
        alike = [one for one in self.with_id(number) if one is not record]
        if alike[1:]:
            self.rivals[number] = tuple(alike[1:])
        elif number in self.rivals:
            del self.rivals[number]
            self.rivals = self.rivals or _NOTHING
        if alike:
            self.firsts[number] = alike[0]
        else:
            del self.firsts[number]
            if self._numbers is not None:
                del self._numbers[bisect_left(self._numbers, number)]
        hub = record.located.hub
        del self.served[hub][record.located.member.session]
        if not self.served[hub]:
            del self.served[hub]
            self.by_hub.remove(hub, self.name)
        self.size -= size_of_record(record.located)
        self.flagged -= _is_flagged(record.located)

    def hold_aside(self, conflict: IdConflict) -> None:
        """Note that a newcomer waits for its id."""
        self.conflicts = self.conflicts or {}
        self.conflicts[conflict.newcomer.number] = conflict

    def decide(self, conflict: IdConflict) -> None:
        """Note that a newcomer does not wait any more."""
        del self.conflicts[conflict.newcomer.number]
        self.conflicts = self.conflicts or _NOTHING

    def note_departure(self, hub: PeerId, session: int, peer: PeerId) -> Tombstone:
        """Remember that a registration is over."""
        self.departed = self.departed or {}
        return self.departed.setdefault((hub, session), Tombstone(peer))

    def forget_departure(self, hub: PeerId, session: int) -> None:
        """Remember that no longer."""
        del self.departed[hub, session]
        self.departed = self.departed or _NOTHING

    def renew(self, record: Record, located: Located) -> None:
        """Take what a member has announced anew."""
        self.size += size_of_record(located) - size_of_record(record.located)
        self.flagged += _is_flagged(located) - _is_flagged(record.located)
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
        return [other for other in self.with_id(record.number) if other.located.hub != hub]

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
        return not (self.firsts or self.departed)
