"""How many sockets each address has: one alone cannot take all places (``ip_addresses``)."""

from __future__ import annotations

from peerpigeon.core.ip_addresses import THIS_MACHINE, subscriber


class Addresses:
    """The sockets of one hub's clients, counted by where they come from."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}

    def is_full(self, address: str) -> bool:
        """Tell whether an address has as many sockets as one may have."""
        key = subscriber(address)
        return key not in THIS_MACHINE and self._counts.get(key, 0) >= self._most

    def add(self, address: str) -> None:
        """Count a socket."""
        key = subscriber(address)
        self._counts[key] = self._counts.get(key, 0) + 1

    def remove(self, address: str) -> None:
        """Count a socket no more that was counted."""
        key = subscriber(address)
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]
