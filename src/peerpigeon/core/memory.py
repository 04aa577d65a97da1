"""How much a hub keeps for others, in bytes: one account for the whole process.

What is done within the turn of the event loop in which it came is not counted, and costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BY_ITSELF = 1 << 30
"""Bytes that may be kept where nobody says how many, at most."""


class Pot:
    """A part of the account that components of the hub share, of at most ``limit`` bytes.

    Each of them knows the size of what it keeps, and tells it by a gauge. To read all gauges takes
    some time, so what is added is reckoned up, and they are read when that comes to the limit: once
    in a turn of the event loop at most.
    """

    __slots__ = ("_looked", "_reckoned", "gauges", "limit")

    def __init__(self, limit: int, looked: set[Pot]) -> None:
        self.limit = limit
        self._looked = looked  # whose gauges were read in this turn
        self.gauges: list[Callable[[], int]] = []
        """Each returns the bytes that one component keeps."""
        self._reckoned = 0  # at least as many as are kept

    @property
    def size(self) -> int:
        """How many bytes are kept; reads all gauges."""
        return sum(gauge() for gauge in self.gauges)

    def is_spacious(self, size: int) -> bool:
        """Tell, without a look at the gauges, that so many bytes more may be kept for certain."""
        return self._reckoned + size <= self.limit

    def has_room(self, size: int) -> bool:
        """Tell whether so many bytes more may be kept; whoever asks keeps them then."""
        if self._reckoned + size > self.limit and self not in self._looked:
            self._looked.add(self)
            self._reckoned = self.size
        if self._reckoned + size > self.limit:
            return False
        self._reckoned += size
        return True


class MemoryAccount:
    """What is kept beyond its turn, under one limit, the option ``max_memory``.

    Half of it is for connections, a quarter for signals and a quarter for records. Who fills one
    part takes nothing from the others.
    """

    __slots__ = ("buffered", "limit", "looked", "most_buffered", "records", "signals")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.most_buffered = limit // 2
        self.buffered = 0
        """What connections keep: messages that are not whole, and what is not sent yet. The
        shell's, which sees to it that it is not more than ``most_buffered``."""
        self.looked: set[Pot] = set()
        """The parts whose gauges were read in this turn; to be cleared at its end."""
        self.signals = Pot(limit // 4, self.looked)
        """What waits in the hub, and for other hubs."""
        self.records = Pot(limit // 4, self.looked)
        """Who is in a namespace, at its rendezvous hubs."""

    @property
    def kept(self) -> int:
        """How many bytes are kept in all; reads all gauges."""
        return self.buffered + self.signals.size + self.records.size
