"""How much a hub keeps for others, in bytes: one account for the whole process.

What is done within the turn of the event loop in which it came is not counted, and costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class MemoryAccount:
    """What is kept beyond its turn, under one limit, the option ``max_memory``.

    Half of it is for the connections, half for what waits in the hub, so that who fills one half
    takes nothing from the other.
    """

    limit: int
    buffered: int = 0
    """What connections keep: messages that are not whole, and what is not sent yet. The shell's."""
    waiting: int = 0
    """What waits in the hub, and for other hubs."""

    @property
    def share(self) -> int:
        """How many bytes either half may be."""
        return self.limit // 2

    @property
    def kept(self) -> int:
        """How many bytes are kept in all."""
        return self.buffered + self.waiting

    def has_room(self, size: int) -> bool:
        """Tell whether so many bytes more may wait in the hub."""
        return self.waiting + size <= self.limit // 2
