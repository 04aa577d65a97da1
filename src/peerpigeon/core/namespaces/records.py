"""The members of one namespace, as a keeper has them."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.wire.hub_frames import Located


def stay_of(record: Record) -> tuple[PeerId, PeerId, int]:
    """Return what names one stay of a member: hub, peer and session."""
    member = record.located.member
    return record.located.hub, member.peer, member.session


@dataclass(slots=True, eq=False)
class Record:
    """One stay of a member."""

    located: Located
    key: int
    is_introduced: bool = False
    introductions: int = 0
    """With how many members it was introduced, as far as this hub knows."""


@dataclass(slots=True, eq=False)
class Claim:
    """A newcomer whose id another hub's client has, while that one is asked for life."""

    newcomer: Record
    rival: Record


@dataclass(slots=True, eq=False)
class Tombstone:
    """A stay that is over."""

    peer: PeerId
    is_told: bool = False
    """Whether this hub has told the others."""


@dataclass(slots=True, eq=False)
class Records:
    """The members of one namespace, and who was one until shortly ago."""

    name: str
    keys: list[int] = field(default_factory=list)
    records: dict[int, list[Record]] = field(default_factory=dict)
    """By the number of the id. More than one: the same id at several hubs."""
    served: dict[PeerId, dict[int, Record]] = field(default_factory=dict)
    """By serving hub and session."""
    claims: dict[int, Claim] = field(default_factory=dict)
    departed: dict[tuple[PeerId, int], Tombstone] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Store a member."""
        alike = self.records.setdefault(record.key, [])
        if not alike:
            insort(self.keys, record.key)
        alike.append(record)
        hub = record.located.hub
        self.served.setdefault(hub, {})[record.located.member.session] = record

    def remove(self, record: Record) -> None:
        """Forget a member."""
        alike = self.records[record.key]
        alike.remove(record)
        if not alike:
            del self.records[record.key]
            del self.keys[bisect_left(self.keys, record.key)]
        hub = record.located.hub
        del self.served[hub][record.located.member.session]
        if not self.served[hub]:
            del self.served[hub]

    def find(self, hub: PeerId, session: int) -> Record | None:
        """Return one stay of a member."""
        return self.served.get(hub, {}).get(session)

    def elsewhere(self, record: Record) -> list[Record]:
        """Return the records of the same id at other hubs."""
        hub = record.located.hub
        return [other for other in self.records.get(record.key, ()) if other.located.hub != hub]

    def claimed(self, hub: PeerId, key: int, session: int) -> Claim | None:
        """Return what a newcomer waits for, if it does."""
        claim = self.claims.get(key)
        if claim is None or stay_of(claim.newcomer)[::2] != (hub, session):
            return None
        return claim
