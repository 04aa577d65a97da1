"""Which hubs are there, as far as namespaces are concerned, and which of their lives are over.

Membership tells of hubs at once; this view of them changes in steps, because moving namespaces to
other hubs costs much. In between, news may come from hubs that are not listed yet, or not any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.retention import RETENTION, due, keep
from peerpigeon.core.wire.ranges import SESSIONS_PER_INCARNATION, is_later_life

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def first_session(incarnation: int) -> int:
    """Return the lowest session that a member at a hub with an incarnation can have.

    Sessions are unique for ever, below 2**63, and tell which life of their hub they belong to.
    """
    return incarnation * SESSIONS_PER_INCARNATION


COME_OF_LATE = 10.0
"""Seconds for which a hub has just come: namespaces have been moved to it by then."""


class Reappeared(msgspec.Struct, frozen=True):
    """What a new view brings to light."""

    heard_of: list[tuple[PeerId, int]]
    """Hubs of which news came before they were listed, and the incarnation that they are listed
    with: the news may be from an earlier life."""
    forgotten: list[PeerId]
    """Hubs of which all was forgotten, because they were not listed for long."""
    resumed: list[PeerId]
    """Hubs that were taken for gone, and are not."""


class HubViews:
    """The hubs that one hub lists, and what it remembers of those that it does not."""

    def __init__(self, own: PeerId, incarnation: int) -> None:
        self._own = own
        self._listed: dict[PeerId, int] = {own: incarnation}
        self._ended: dict[PeerId, None] = {}  # listed, but gone since
        # All in order of time, because the grace is the same for all.
        self._unlisted: dict[PeerId, float] = {}  # until when news of them is kept
        self._gone: dict[PeerId, float] = {}  # until when it is remembered that they are gone
        self._returned: dict[PeerId, float] = {}  # until when it is remembered that they were gone
        self._forgotten: dict[PeerId, None] = {}
        self._come: dict[PeerId, float] = {}  # until when they have just been listed
        self._first_lives: dict[PeerId, int] = {}  # the first incarnation that is not over
        self._before: dict[PeerId, int] = {}  # the life in which each was listed that is not now

    def is_listed(self, hub: PeerId) -> bool:
        """Tell whether a hub is there as far as this hub knows."""
        return hub in self._listed and hub not in self._ended

    def hubs(self) -> Iterable[PeerId]:
        """Return those that are listed."""
        return self._listed

    def incarnation(self, hub: PeerId) -> int:
        """Return the number of a hub's life; 0 if it is not listed."""
        return self._listed.get(hub, 0)

    def has_come(self, hub: PeerId, now: float) -> bool:
        """Tell whether a hub was not listed until a moment ago."""
        return self._come.get(hub, now) > now

    def was_here(self, hub: PeerId) -> bool:
        """Tell whether a hub that is listed was so before in this life, and not meanwhile."""
        return hub in self._listed and self._before.get(hub) == self._listed[hub]

    def first_session(self, hub: PeerId) -> int:
        """Return the lowest session at a hub that can still be."""
        # The life of a hub that is gone is over, whatever those say that lag behind; if it does
        # come back, all is published again.
        first, listed = self._first_lives.get(hub, 0), self._listed.get(hub, 0)
        return first_session(listed if is_later_life(listed, first) else first)

    def note(self, hub: PeerId, now: float) -> None:
        """Note news of a hub: if it is not listed, it has to be within a time."""
        if not self.is_listed(hub):
            self._unlisted.setdefault(hub, now + RETENTION)

    def note_remains(self, hub: PeerId, now: float) -> None:
        """Note that something is still believed of a hub that is gone: others told it."""
        if not self.is_listed(hub):
            self._unlisted[hub] = now + RETENTION

    # What becomes of hubs

    def rise(self, incarnation: int) -> None:
        """Note that this hub goes on under another incarnation."""
        self._listed[self._own] = incarnation

    def end(self, hub: PeerId, now: float) -> int:
        """Note that a hub is gone; return the lowest incarnation that it can have again.

        0 if it was not listed: nothing of it is to be believed. Of a later life of a listed one
        others may have told already.
        """
        self._unlisted.pop(hub, None)
        if hub not in self._listed:
            return 0
        self._ended[hub] = None
        self._gone.pop(hub, None)
        self._gone[hub] = now + RETENTION
        incarnation = self._listed[hub] + 1
        keep(self._first_lives, hub, incarnation)
        return incarnation

    def restart(self, hub: PeerId, incarnation: int) -> None:
        """Note that a hub has begun a new life."""
        self._unlisted.pop(hub, None)
        self._gone.pop(hub, None)
        if hub in self._listed:  # under one that may have been made up, and seem to be later
            self._listed[hub] = incarnation
        keep(self._first_lives, hub, incarnation)

    def resume(self, hub: PeerId, now: float) -> None:
        """Note that a hub is back that was gone by mistake, if it was."""
        self._forgotten.pop(hub, None)
        self._returned.pop(hub, None)
        self._returned[hub] = now + RETENTION
        if self._gone.pop(hub, None) is not None:
            self._first_lives.pop(hub, None)

    def has_returned(self, hub: PeerId, now: float) -> bool:
        """Tell whether a hub was out of reach of late: who has left it since may not be known."""
        return self._returned.get(hub, now) > now

    def show(self, hubs: Mapping[PeerId, int], now: float) -> Reappeared:
        """List these hubs, this one included, with their incarnations, and no others."""
        self._come = {hub: until for hub, until in self._come.items() if until > now}
        self._come |= {hub: now + COME_OF_LATE for hub in hubs if not self.is_listed(hub)}
        for hub, incarnation in self._listed.items():
            if hub not in hubs:
                keep(self._before, hub, incarnation)
        self._listed = dict(hubs)
        self._ended.clear()
        heard_of = [(hub, hubs[hub]) for hub in self._unlisted if hub in hubs]
        for hub, incarnation in heard_of:
            self.restart(hub, incarnation)
        forgotten = [hub for hub in self._forgotten if hub in hubs]
        resumed = [hub for hub in self._gone if hub in hubs]
        for hub in (*resumed, *forgotten):
            self.resume(hub, now)
        return Reappeared(heard_of, forgotten, resumed)

    def expire(self, now: float) -> list[PeerId]:
        """Return the hubs of which all is to be forgotten, because they were not listed in time."""
        lost = list(due(self._unlisted, now))
        for hub in lost:
            keep(self._forgotten, hub, None)
        for hub in list(due(self._gone, now)):  # nobody speaks of it any more
            self._first_lives.pop(hub, None)
        for _ in due(self._returned, now):
            pass
        return lost

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        unlisted = next(iter(self._unlisted.values()), None)
        return earliest(unlisted, next(iter(self._gone.values()), None))
