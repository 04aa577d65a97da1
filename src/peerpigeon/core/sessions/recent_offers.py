"""The offers that a client has recently made or received: two that offer at once cross (glare)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ids import key_of

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId, PeerKey

OFFERS = 64
OFFER_MEMORY = 30.0
"""How many offers of a client are remembered, and for how many seconds."""


class RecentOffers:
    """The latest offers of one client to others, or of others to it."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[PeerKey, float] = {}  # oldest first

    def note(self, other: PeerId, now: float) -> None:
        """Remember an offer."""
        key, times = key_of(other), self._times
        times.pop(key, None)
        times[key] = now
        if len(times) > OFFERS:
            del times[next(iter(times))]

    def has(self, other: PeerId, now: float) -> bool:
        """Tell whether there was an offer recently."""
        return now < self._times.get(key_of(other), float("-inf")) + OFFER_MEMORY
