"""The connections that are in their handshake, by where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from peerpigeon.core.ip_addresses import subscriber

if TYPE_CHECKING:
    from collections.abc import Iterator

C = TypeVar("C")


class Waiter(Protocol):
    """A connection that may have to go for others."""

    def abort(self) -> None:
        """Drop it."""
        ...


class Waiting(Generic[C]):
    """Who waits, and who goes when there are too many: of the address with most, the oldest.

    So one stranger with many connections pays himself, and who comes from elsewhere does not.
    All that it does takes the same time, however many there are.
    """

    def __init__(self) -> None:
        self._addresses: dict[C, str] = {}  # longest first
        self._by_address: dict[str, dict[C, None]] = {}
        self._by_count: dict[int, dict[str, None]] = {}  # addresses that have so many
        self._most = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._addresses)

    def __iter__(self) -> Iterator[C]:
        """Go over all, the one that has waited longest first."""
        return iter(self._addresses)

    def address(self, connection: C) -> str:
        """Return where one that waits comes from; of IPv6 its /64."""
        return self._addresses[connection]

    def add(self, connection: C, address: str) -> None:
        """Let a connection wait."""
        key = self._addresses[connection] = subscriber(address)
        own = self._by_address.setdefault(key, {})
        own[connection] = None
        self._move(key, len(own) - 1, len(own))

    def discard(self, connection: C) -> None:
        """Let a connection wait no more, if it does."""
        key = self._addresses.pop(connection, None)
        if key is None:
            return
        own = self._by_address[key]
        del own[connection]
        if not own:
            del self._by_address[key]
        self._move(key, len(own) + 1, len(own))

    def greediest(self) -> C | None:
        """Return who is to go first."""
        if not self._addresses:
            return None
        key = next(iter(self._by_count[self._most]))
        return next(iter(self._by_address[key]))

    def _move(self, key: str, before: int, after: int) -> None:
        if before:
            peers = self._by_count[before]
            del peers[key]
            if not peers:
                del self._by_count[before]
        if after:
            self._by_count.setdefault(after, {})[key] = None
        if after > self._most or (before == self._most and before not in self._by_count):
            self._most = after
