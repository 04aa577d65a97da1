"""Which offers a client has made and got of late: two that offer at once are a special case."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

OFFERS = 64
OFFER_MEMORY = 30.0
"""How many offers of a client are remembered, and for how many seconds."""


class RecentOffers:
    """The latest offers of one client to others, or of others to it."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: dict[str, float] = {}  # by the other's id in lower case, oldest first

    def note(self, other: PeerId, now: float) -> None:
        """Remember an offer."""
        name, times = other.lower(), self._times
        times.pop(name, None)
        times[name] = now
        if len(times) > OFFERS:
            del times[next(iter(times))]

    def has(self, other: PeerId, now: float) -> bool:
        """Tell whether there was an offer of late."""
        return now < self._times.get(other.lower(), float("-inf")) + OFFER_MEMORY
