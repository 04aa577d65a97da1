"""Signals that wait until their stream has room, in turns between the clients that sent them.

The turns go by bytes: self-clocked fair queueing (Golestani, 1994). Each signal has a tag: its size
beyond the tag of its client's last one, or beyond the tag of the signal that has left last if none
of its client waits. The lowest tag goes first. So what is small goes before the heap of one who has
sent much and before what is large, and the signals of each client keep their order.

Of the room, in signals and in bytes, no client has more than it leaves free (``Shares``). So it is
with the bytes that all such queues of a hub may have together.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from peerpigeon.core.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from peerpigeon.core.wire.hub_news import News


class Queued(NamedTuple):
    """A signal that waits."""

    news: News
    size: int
    expires_at: float
    flow: Hashable
    """Whose it is: signals of one flow keep their order, and share its part of the room."""


class FairQueue:
    """What waits for one stream: at most ``most`` signals, of ``most_bytes`` together."""

    __slots__ = (
        "_bytes", "_count", "_ends", "_everywhere", "_expiry", "_items", "_last", "_order",
        "_position",
    )  # fmt: skip

    def __init__(self, most: int, most_bytes: int, everywhere: Shares[Hashable]) -> None:
        """``everywhere``: the bytes of all such queues."""
        self._everywhere = everywhere
        self._count: Shares[Hashable] = Shares(most)
        self._bytes: Shares[Hashable] = Shares(most_bytes)
        self._items: dict[int, Queued] = {}  # by number, in the order in which they came
        self._last = 0  # number
        self._position = 0  # the tag of what has left last
        self._ends: dict[Hashable, int] = {}  # the tag of each client's last one
        # Heaps; what has left meanwhile is skipped.
        self._order: list[tuple[int, int]] = []  # tag and number
        self._expiry: list[tuple[float, int]] = []

    def __len__(self) -> int:
        """Return how many signals wait."""
        return len(self._items)

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return self._bytes.size

    def news(self) -> list[News]:
        """Return what waits, in the order in which it came."""
        return [item.news for item in self._items.values()]

    def add(self, item: Queued) -> bool:
        """Let a signal wait; return whether there is room for one of its flow.

        One that is larger than the whole room may wait alone: its size was judged before.
        """
        flow, size = item.flow, item.size
        everywhere = self._everywhere
        is_let_in = self._count.has_room(flow, 1) and self._bytes.has_room(flow, size)
        if self._items and not is_let_in:
            return False
        if everywhere.size and not everywhere.has_room(flow, size):
            return False
        everywhere.take(flow, size)
        self._count.take(flow, 1)
        self._bytes.take(flow, size)
        self._last = number = self._last + 1
        self._items[number] = item
        self._ends[flow] = tag = self._ends.get(flow, self._position) + size
        heappush(self._order, (tag, number))
        heappush(self._expiry, (item.expires_at, number))
        self._tidy()
        return True

    def _tidy(self) -> None:
        """Drop what the heaps still have of those that have left, if that is the most of them."""
        items = self._items
        most = 2 * len(items) + 64
        if len(self._order) > most:
            self._order = [entry for entry in self._order if entry[1] in items]
            heapify(self._order)
        if len(self._expiry) > most:
            self._expiry = [entry for entry in self._expiry if entry[1] in items]
            heapify(self._expiry)

    def first(self) -> Queued | None:
        """Return the signal whose turn it is, without taking it out; ``None`` if none waits."""
        order, items = self._order, self._items
        while order and order[0][1] not in items:
            heappop(order)
        return items[order[0][1]] if order else None

    def pop(self) -> None:
        """Take out the signal that ``first`` has just returned."""
        self._position, number = heappop(self._order)
        self._remove(number)

    def _remove(self, number: int) -> News:
        item = self._items.pop(number)
        self._everywhere.give_back(item.flow, item.size)
        self._bytes.give_back(item.flow, item.size)
        self._count.give_back(item.flow, 1)
        if item.flow not in self._count:
            del self._ends[item.flow]
        return item.news

    def close(self) -> None:
        """Take what waits out of the account of all queues; nothing leaves this one any more."""
        for item in self._items.values():
            self._everywhere.give_back(item.flow, item.size)

    def renew(self, renewed: Callable[[News], News]) -> None:
        """Have what waits say what ``renewed`` makes of it, of the same size."""
        for number, item in self._items.items():
            self._items[number] = item._replace(news=renewed(item.news))

    def expire(self, now: float, margin: float) -> list[News]:
        """Take out and return what expires within ``margin`` seconds from now.

        The sum is the one that ``deadline`` is made known with: rounded otherwise, it could be due
        and not be taken out.
        """
        late: list[News] = []
        while self.deadline() - margin <= now:
            late.append(self._remove(heappop(self._expiry)[1]))
        return late

    def deadline(self) -> float:
        """Return when the first of them expires; ``inf`` if none waits."""
        while self._expiry and self._expiry[0][1] not in self._items:
            heappop(self._expiry)
        return self._expiry[0][0] if self._expiry else inf
