"""The hubs that are gone and not forgotten: their addresses are where to look for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.mesh.limits import MeshLimits


class MissingHubs:
    """Since when each hub is missing, and which of them need not be looked for."""

    def __init__(self, limits: MeshLimits) -> None:
        self._most, self._lease = limits.missing_hubs, limits.missing_lease
        self._since: dict[PeerId, float] = {}  # oldest first
        self._stopped: set[PeerId] = set()

    def __contains__(self, hub: PeerId) -> bool:
        """Tell whether a hub is missing."""
        return hub in self._since

    def __iter__(self) -> Iterator[PeerId]:
        """Go over the missing hubs, longest missing first."""
        return iter(self._since)

    def since(self) -> Mapping[PeerId, float]:
        """Return since when each hub is missing, longest missing first."""
        return self._since

    def sought(self) -> list[PeerId]:
        """Return the missing hubs that have not said that they stop, longest missing first."""
        return [hub for hub in self._since if hub not in self._stopped]

    def has_stopped(self, hub: PeerId) -> bool:
        """Tell whether a missing hub has said that it stops."""
        return hub in self._stopped

    def add(self, hub: PeerId, now: float) -> None:
        """Note that a hub is missing from now on."""
        self._since[hub] = now

    def stopped(self, hub: PeerId) -> None:
        """Note that a hub has said that it stops, if it is missing."""
        if hub in self._since:
            self._stopped.add(hub)

    def remove(self, hub: PeerId) -> None:
        """Note that a hub is missing no longer, or forget it."""
        del self._since[hub]
        self._stopped.discard(hub)

    def expire(self, now: float) -> list[PeerId]:
        """Forget, and return, those that are missing for too long or too many."""
        expired: list[PeerId] = []
        while self._since:
            hub, since = next(iter(self._since.items()))
            if len(self._since) <= self._most and now < since + self._lease:
                break
            self.remove(hub)
            expired.append(hub)
        return expired

    def deadline(self) -> float | None:
        """Return when ``expire`` is due."""
        since = next(iter(self._since.values()), None)
        return None if since is None else since + self._lease
