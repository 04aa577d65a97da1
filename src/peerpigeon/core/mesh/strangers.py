"""Links whose other end has not proved itself: who has a place, for how long, who makes room.

A stranger costs nothing to be, so that strangers have places of their own, apart from those of
hubs that are let in, and a new one is never turned away: a hub of the mesh looks like any other
until it has proved itself, which takes it a round trip. When all places are taken, the address
that has most of them loses its oldest link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.ip_addresses import subscriber

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId
    from peerpigeon.core.mesh.limits import MeshLimits


class Strangers:
    """The links of one hub over which nobody has been let in yet."""

    def __init__(self, limits: MeshLimits) -> None:
        self._places = limits.strangers
        self._proof_timeout = limits.proof_timeout
        self._addresses: dict[LinkId, str] = {}
        self._by_address: dict[str, dict[LinkId, None]] = {}  # oldest first
        self._timeouts: TimerQueue[LinkId] = TimerQueue()

    def __len__(self) -> int:
        """Return how many have come by themselves."""
        return len(self._addresses)

    def expect(self, link: LinkId, now: float) -> None:
        """Note a link that this hub has opened: it needs no place, and has as long as any."""
        self._timeouts.set(link, now + self._proof_timeout)

    def admit(self, link: LinkId, address: str, now: float) -> LinkId | None:
        """Note a link that somebody else has opened; return the one that is to make room for it.

        That one is forgotten already. ``address`` is the IP address that the new one comes from;
        all addresses of one subscriber count as one.
        """
        address = subscriber(address)
        self.expect(link, now)
        evicted = self._greediest() if len(self._addresses) >= self._places else None
        if evicted is not None:
            self.forget(evicted)
        self._addresses[link] = address
        self._by_address.setdefault(address, {})[link] = None
        return evicted

    def _greediest(self) -> LinkId:
        """Return the oldest link of the address that has most."""
        address = max(self._by_address, key=lambda each: len(self._by_address[each]))
        return next(iter(self._by_address[address]))

    def forget(self, link: LinkId) -> None:
        """Forget a link, which has ended or whose other end is let in."""
        self._timeouts.drop(link)
        address = self._addresses.pop(link, None)
        if address is not None:
            links = self._by_address[address]
            del links[link]
            if not links:
                del self._by_address[address]

    def expire(self, now: float) -> list[LinkId]:
        """Take out and return the links over which nobody has proved anything in time."""
        late = self._timeouts.expire(now)
        for link in late:
            self.forget(link)
        return late

    def deadline(self) -> float | None:
        """Return when ``expire`` is due."""
        return self._timeouts.deadline()
