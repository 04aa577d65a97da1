"""Which publications of other hubs were heard lately, so that none is told twice.

One may come twice when the lead of its topic changes: from the former and the new one, or because
its origin has not heard that the former one has handed it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId

REMEMBERED = 30.0
"""Seconds for which a publication is remembered: longer than one is under way."""

MOST = 20_000
"""How many are, about 5 MiB; of more the oldest are forgotten earlier."""


class Heard:
    """The publications that one hub has heard of others."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._until: dict[tuple[str, PeerId, int], float] = {}  # in order of time

    def __len__(self) -> int:
        """Return how many are remembered, some perhaps whose time is over."""
        return len(self._until)

    def is_new(self, namespace: str, origin: PeerId, number: int, now: float) -> bool:
        """Note a publication; tell whether it was not heard before."""
        until, key = self._until, (namespace, origin, number)
        if key in until:
            return False
        until[key] = now + REMEMBERED
        # Two at a time, so that all are gone soon that are not to be remembered.
        for _ in range(2):
            first = next(iter(until))
            if until[first] > now and len(until) <= self._most:
                break
            del until[first]
        return True
