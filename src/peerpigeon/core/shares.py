"""Room that many share, so that nobody takes it from the others.

With what is let in its owner has no more than there is room left (so do switches share a buffer:
Choudhury and Hahne, 1998). Who is alone thus gets half of the room; *n* that want all get an
*n + 1*-th each, and who comes next finds as much. No room is set apart for anybody, and nobody has
to be known before.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Owner = TypeVar("Owner")


class Shares(Generic[Owner]):
    """Who has how many bytes of a room of ``most``. Nothing is kept of those who have none."""

    __slots__ = ("_held", "most", "size")

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        """How many bytes are taken."""
        self._held: dict[Owner, int] = {}

    def __contains__(self, owner: Owner) -> bool:
        """Tell whether somebody has any."""
        return owner in self._held

    def held(self, owner: Owner) -> int:
        """Return how many bytes somebody has."""
        return self._held.get(owner, 0)

    def left_to(self, owner: Owner) -> int:
        """Return by how much more there is room left than somebody has."""
        return self.most - self.size - self._held.get(owner, 0)

    def has_room(self, owner: Owner, size: int) -> bool:
        """Tell whether somebody may have so many bytes more."""
        return 2 * size <= self.left_to(owner)

    def take(self, owner: Owner, size: int) -> None:
        """Give somebody bytes, at least 1."""
        self._held[owner] = self._held.get(owner, 0) + size
        self.size += size

    def give_back(self, owner: Owner, size: int) -> None:
        """Take back bytes that somebody has."""
        left = self._held[owner] - size
        if left:
            self._held[owner] = left
        else:
            del self._held[owner]
        self.size -= size
