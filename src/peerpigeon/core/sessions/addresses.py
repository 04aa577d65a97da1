"""How many sockets each address has: one alone cannot take all places (``ip_addresses``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.ip_addresses import THIS_MACHINE, subscriber

if TYPE_CHECKING:
    from collections.abc import Callable

A_LOT = 16
"""One in so many of those that an address may have: so few that others need not be told."""


class Addresses:
    """The sockets of one hub's clients, counted by where they come from."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}
        self._least = max(1, most // A_LOT)
        self.lots: dict[str, int] = {}
        """Those that have a lot of sockets, and how many."""
        self.elsewhere: Callable[[str], int] = lambda _: 0
        """Returns how many an address has at other workers of the same command."""

    def is_full(self, address: str) -> bool:
        """Tell whether an address has as many sockets as one may have."""
        key = subscriber(address)
        if key in THIS_MACHINE:
            return False
        return self._counts.get(key, 0) + self.elsewhere(key) >= self._most

    def add(self, address: str) -> None:
        """Count a socket."""
        key = subscriber(address)
        self._counts[key] = count = self._counts.get(key, 0) + 1
        if count >= self._least:
            self.lots[key] = count

    def remove(self, address: str) -> None:
        """Count a socket no more that was counted."""
        key = subscriber(address)
        self._counts[key] -= 1
        if key in self.lots:
            self.lots[key] -= 1
            if self.lots[key] < self._least:
                del self.lots[key]
        if not self._counts[key]:
            del self._counts[key]
