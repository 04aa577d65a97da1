"""Links to the other workers of the same command: there at all times, whatever the plan says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.config import ServerConfig

PAUSE = 0.25
"""Seconds until a worker is dialled again that could not be had: it takes as long to start."""


class Siblings:
    """The workers that one of them has to dial, and when it does so next.

    Of two workers one dials: the one that has the address of the other.
    """

    def __init__(self, config: ServerConfig, now: float) -> None:
        self._addresses = frozenset(config.siblings)
        self._missing = set(config.siblings)
        self._dial_at: float | None = now if self._missing else None

    def __contains__(self, uri: str) -> bool:
        """Tell whether an address is that of a worker."""
        return uri in self._addresses

    def found(self, uri: str) -> None:
        """Note that an address has led to a link; another one is nothing to us."""
        self._missing.discard(uri)

    def lost(self, uri: str, now: float) -> None:
        """Note that an address has led to nothing, or to a link that has ended."""
        if uri in self._addresses:
            self._missing.add(uri)
            self._dial_at = now + PAUSE

    def next_round(self, now: float) -> Iterable[str]:
        """Return the addresses to dial now. Each is then to be ``found`` or ``lost``."""
        if self._dial_at is None or now < self._dial_at:
            return ()
        self._dial_at = None
        return sorted(self._missing)

    def deadline(self) -> float | None:
        """Return when ``next_round`` has something to return."""
        return self._dial_at
