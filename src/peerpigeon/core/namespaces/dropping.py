"""What was of a hub that is gone is dropped in pieces, and others have their turn between two.

A hub may leave thousands of records behind, and thousands of members of whom clients have to be
told that they are gone. The order within a namespace stays as if all were dropped at once: whoever
hears of the hub again has the rest dropped first (``finish``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.ids import PeerId

PIECE = 1024
"""Records that are dropped, or clients that are told, before all else has its turn, about: at some
3 microseconds each that is 3 ms."""


class Dropping:
    """The hubs of which one part of this hub has still to drop something.

    Each has an iterator that does a step whenever it is asked, and says how much that was.
    """

    def __init__(self) -> None:
        self._rests: dict[PeerId, Iterator[int]] = {}
        self._left = PIECE
        self._due: float | None = None

    def __len__(self) -> int:
        """Return of how many hubs something is left."""
        return len(self._rests)

    def __contains__(self, hub: PeerId) -> bool:
        """Tell whether something of a hub is left."""
        return hub in self._rests

    def begin(self, hub: PeerId, rest: Iterator[int], now: float) -> None:
        """Drop what is of a hub: as much as there is time for, and the rest when it is due."""
        self.finish(hub)
        self._rests[hub] = rest
        self._go_on(now)

    def finish(self, hub: PeerId) -> None:
        """Drop all that is left of a hub now."""
        for _ in self._rests.pop(hub, ()):
            pass

    def finish_all(self) -> None:
        """Drop all that is left now, as its room is wanted."""
        for hub in list(self._rests):
            self.finish(hub)

    def expire(self, now: float) -> None:
        """Do one more piece, if there is something to do."""
        self._left = PIECE
        self._go_on(now)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do: at once, if it has."""
        return self._due if self._rests else None

    def _go_on(self, now: float) -> None:
        while self._rests and self._left > 0:
            hub, rest = next(iter(self._rests.items()))
            step = next(rest, None)
            if step is None:
                del self._rests[hub]
            else:
                self._left -= step
        self._due = now
