"""Which life of each other hub is over, so that nobody is believed to be there who was in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.retention import MEMORY, STAYS_PER_MILLISECOND, due, keep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.ids import PeerId


class Incarnations:
    """What is known of the lives of other hubs besides the present view of the mesh."""

    def __init__(self) -> None:
        self._first: dict[PeerId, int] = {}  # the first life that is not over, as an incarnation
        self._gone: dict[PeerId, float] = {}  # hubs that are gone, until when that is remembered

    def begin(self, hub: PeerId, incarnation: int) -> None:
        """Note that a hub has begun a new life."""
        self._gone.pop(hub, None)
        keep(self._first, hub, incarnation)

    def end(self, hub: PeerId, incarnation: int, now: float) -> int:
        """Note that a hub is gone, so that its life with this incarnation is over.

        Of a later life others may have told us already: the lowest incarnation that such a one can
        have is returned.
        """
        self._gone.pop(hub, None)
        self._gone[hub] = now + MEMORY
        keep(self._first, hub, incarnation + 1)
        return incarnation + 1

    def resume(self, hub: PeerId) -> None:
        """Note that a hub was gone by mistake, if it was."""
        if self._gone.pop(hub, None) is not None:
            self._first.pop(hub, None)

    def show(self, hubs: Iterable[PeerId]) -> None:
        """Take the hubs that are there."""
        present = set(hubs)
        for hub in [hub for hub in self._gone if hub in present]:
            self.resume(hub)

    def first_session(self, hub: PeerId, shown: int) -> int:
        """Return the lowest session of a hub that can still be; ``shown`` is its incarnation."""
        return max(self._first.get(hub, 0), shown) * STAYS_PER_MILLISECOND

    def expire(self, now: float) -> None:
        """Forget who is gone for long; nobody speaks of it any more."""
        for hub in list(due(self._gone, now)):
            self._first.pop(hub, None)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return next(iter(self._gone.values()), None)
