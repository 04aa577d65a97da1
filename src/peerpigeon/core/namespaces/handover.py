"""Which namespaces this hub may have become the primary of a moment ago.

A primary that has just become one does not know yet whose ids its predecessor has granted: each
serving hub says so when it publishes its members anew, as soon as it sees the change itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core.dialects.names import is_of_dialect
from peerpigeon.core.namespaces.keys import namespace_key
from peerpigeon.core.namespaces.retention import due

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.placement import Placement

Registration: TypeAlias = "tuple[str, PeerId, int]"
"""Of a member: its namespace, its hub and its session there."""

HANDOVER = 2.0
"""Seconds in which a new primary grants no id anew. Hubs see a change within about one of each
other, on a network that loses packets too, and publish their members a fraction later."""


class Handover:
    """The changes of late by which one hub has become a primary, and the newcomers that wait."""

    def __init__(self, own: PeerId, placement: Placement) -> None:
        self._own = own
        self._placement = placement
        self._left: dict[int, float] = {}
        """The hubs that have left, as numbers, and until when that matters; the first first."""
        self._arrived_until = self._begun_until = float("-inf")
        # By namespace, hub and session, in the order in which they came. Where that is not the
        # order of time, one waits for another, by less than ``HANDOVER``.
        self._waiting: dict[Registration, float] = {}
        self._in: Counter[str] = Counter()  # how many of these are in each namespace
        self._settled: list[str] = []
        # Those that have waited for a hub that is not their primary by its own view.
        self._parked: dict[Registration, None] = {}

    def note_left(self, hubs: Iterable[PeerId], now: float) -> None:
        """Take hubs that are there no more: they were primaries of some namespaces."""
        for hub in hubs:
            self._left.pop(int(hub, 16), None)
            self._left[int(hub, 16)] = now + HANDOVER

    def note_arrival(self, now: float) -> None:
        """Note that this hub has come to others, or has come back: it must hear of them first."""
        self._arrived_until = now + HANDOVER
        self._waiting = dict.fromkeys(self._waiting, self._arrived_until)

    def end_arrival(self) -> None:
        """Note that those to whom this hub has come have nothing to say; nobody waits here yet."""
        self._arrived_until = float("-inf")

    def note_start(self, now: float) -> None:
        """Note that this hub starts from others, which may have granted an id that is asked of it.

        This counts where an id is not taken back: clients of our own are asked for it again.
        """
        self._begun_until = now + HANDOVER

    def lasts_until(self, hub: PeerId, namespace: str, now: float) -> float | None:
        """Return until when others may not have said whose ids are granted; ``None``: they have.

        ``hub``: which one has just said that this one is the primary of a namespace.
        """
        if hub != self._own and len(self._placement) == 1:
            return now + HANDOVER  # it sees us, and we are yet to see it and all the others
        if self._placement.primary(namespace) != self._own:
            return now + HANDOVER
        until = max(self._arrived_until, self._left_until(namespace, now))
        if now < self._begun_until and is_of_dialect(namespace):
            until = max(until, self._begun_until)
        return until if now < until else None

    def _left_until(self, namespace: str, now: float) -> float:
        """Return until when it matters that hubs have left that were nearer to a namespace."""
        while self._left and next(iter(self._left.values())) <= now:
            del self._left[next(iter(self._left))]
        if not self._left or len(self._placement) == 1:
            return now  # whoever is the only one left has nobody to hear it from
        place = namespace_key(namespace)
        mine = int(self._own, 16) ^ place
        return max((end for left, end in self._left.items() if left ^ place < mine), default=now)

    # Newcomers

    def wait(self, registration: Registration, until: float) -> None:
        """Let somebody wait for its id until the others have been heard of, if it does not yet."""
        if registration not in self._waiting:
            self._waiting[registration] = until
            self._in[registration[0]] += 1

    def park(self, registration: Registration) -> None:
        """Let somebody wait until this hub is the primary by its own view, if it ever is.

        The hub of the newcomer is ahead of this view, or has turned to another primary since.
        """
        self._parked[registration] = None

    def resume(self, now: float) -> None:
        """Let those wait as newcomers whose primary this hub is by now; O(all that are parked)."""
        primary = self._placement.primary
        for registration in [one for one in self._parked if primary(one[0]) == self._own]:
            del self._parked[registration]
            self.wait(registration, now + HANDOVER)

    def forget(self, namespace: str) -> None:
        """Let nobody wait in a namespace; O(all that wait)."""
        del self._in[namespace]
        for table in (self._waiting, self._parked):
            for registration in [one for one in table if one[0] == namespace]:
                del table[registration]

    def over(self, now: float) -> Iterator[Registration]:
        """Take out and return those that have waited for long enough."""
        for registration in due(self._waiting, now):
            namespace = registration[0]
            until = self._left_until(namespace, now)
            if now < until:  # another hub has left meanwhile
                self._waiting[registration] = until
                continue
            self._in[namespace] -= 1
            if not self._in[namespace]:
                del self._in[namespace]
                self._settled.append(namespace)
            yield registration

    def settled(self) -> list[str]:
        """Take out and return the namespaces in which nobody waits any more."""
        settled, self._settled = self._settled, []
        return settled

    def deadline(self) -> float | None:
        """Return when ``over`` has something to say."""
        return next(iter(self._waiting.values()), None)
