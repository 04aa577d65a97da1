"""The open links to other hubs: who is at the other end, over what, and is it alive.

A hub may be linked over a WebSocket and over a data channel at the same time, for as long as one
takes over from the other. The rest of the core sees one neighbour and does not know the carrier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import LinkId, PeerId
from peerpigeon.core.wire.hub_frames import Carrier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from peerpigeon.core.mesh.limits import MeshLimits


class Link(msgspec.Struct, frozen=True):
    """One open connection; it is not known yet which hub is at the other end."""

    id: LinkId
    carrier: Carrier
    opening: int
    """The ``Dial`` or channel of ours that led to it; 0 if the other hub opened it."""
    opened_at: float
    address: str
    """The IP address that the other hub has opened it from; else empty."""


class NeighbourLink(Link, frozen=True):
    """One open connection to a hub that has been let in."""

    hub: PeerId
    life: int
    """As in the hub's adverts."""


class Parting(msgspec.Struct, frozen=True):
    """What the end of a link to a neighbour means."""

    hub: PeerId
    was_last: bool
    """Whether the hub is no longer a neighbour."""
    was_last_channel: bool
    """Whether the hub was linked by data channel and is not any more."""


class Links:
    """All open links of one hub, by number and by hub."""

    def __init__(self, limits: MeshLimits) -> None:
        self.missed_heartbeats = limits.missed_heartbeats
        """After so many a link counts as silent."""
        self._links: dict[LinkId, Link] = {}
        self._last_heard: dict[LinkId, float] = {}
        self._by_hub: dict[PeerId, dict[Carrier, NeighbourLink]] = {}
        self._counts = dict.fromkeys(Carrier, 0)
        self.version = 0
        """Changes whenever a hub becomes a neighbour or is no longer one."""

    def __len__(self) -> int:
        """Return how many connections are open."""
        return len(self._links)

    def __iter__(self) -> Iterator[Link]:
        """Go over all open connections, oldest first."""
        return iter(list(self._links.values()))

    @property
    def neighbours(self) -> AbstractSet[PeerId]:
        """The hubs that are linked, in the order in which they came to be."""
        return self._by_hub.keys()

    def get(self, link: LinkId) -> Link | None:
        """Return an open connection by its number."""
        return self._links.get(link)

    def to_neighbours(self) -> list[NeighbourLink]:
        """Return all open connections to hubs that have been let in, oldest first."""
        return [link for link in self._links.values() if isinstance(link, NeighbourLink)]

    # Changes

    def open(
        self, number: LinkId, carrier: Carrier, opening: int, now: float, address: str = ""
    ) -> Link:
        """Add a new connection; who is there is not known yet."""
        link = self._links[number] = Link(number, carrier, opening, now, address)
        self._last_heard[number] = now
        return link

    def identify(self, link: Link, hub: PeerId, life: int) -> NeighbourLink:
        """Note who is at the other end, and send by this link from now on."""
        named = NeighbourLink(
            link.id, link.carrier, link.opening, link.opened_at, link.address, hub, life
        )
        self._links[link.id] = named
        if hub not in self._by_hub:
            self._by_hub[hub] = {}
            self.version += 1
        if link.carrier not in self._by_hub[hub]:
            self._counts[link.carrier] += 1
        self._by_hub[hub][link.carrier] = named
        return named

    def close(self, link: Link) -> Parting | None:
        """Remove a connection; return what that means if it was known who is there."""
        closed = self._links.pop(link.id)
        del self._last_heard[link.id]
        if not isinstance(closed, NeighbourLink):
            return None
        was_last = self._detach(closed)
        is_channel = closed.carrier is Carrier.P2P
        return Parting(
            closed.hub, was_last, is_channel and self.over(Carrier.P2P, closed.hub) is None
        )

    def _detach(self, link: NeighbourLink) -> bool:
        """Send no more by a link; return whether its hub is no neighbour any more."""
        ways = self._by_hub.get(link.hub, {})
        if ways.get(link.carrier) is not link:
            return False  # another one has taken its place
        del ways[link.carrier]
        self._counts[link.carrier] -= 1
        if ways:
            return False
        del self._by_hub[link.hub]
        self.version += 1
        return True

    # Ways to a hub

    def to(self, hub: PeerId) -> NeighbourLink | None:
        """Return the link to send by: the cheapest that there is."""
        ways = self._by_hub.get(hub)
        if not ways:
            return None
        return ways.get(Carrier.LOCAL) or ways.get(Carrier.P2P) or ways.get(Carrier.WEBSOCKET)

    def over(self, carrier: Carrier, hub: PeerId) -> NeighbourLink | None:
        """Return the link to ``hub`` over ``carrier``."""
        return self._by_hub.get(hub, {}).get(carrier)

    def over_carrier(self, carrier: Carrier) -> list[PeerId]:
        """Return the hubs that are linked over ``carrier``."""
        if not self._counts[carrier]:
            return []
        return [hub for hub, ways in self._by_hub.items() if carrier in ways]

    def needs_no_socket(self, hub: PeerId) -> bool:
        """Tell whether there is a link to ``hub`` that is better than a WebSocket."""
        ways = self._by_hub.get(hub, {})
        return Carrier.P2P in ways or Carrier.LOCAL in ways

    def count(self, carrier: Carrier) -> int:
        """Return how many hubs are linked over ``carrier``."""
        return self._counts[carrier]

    def nameless(self, carrier: Carrier) -> int:
        """Return how many connections are open whose other end has not been let in yet."""
        return sum(
            1
            for link in self._links.values()
            if link.carrier is carrier and not isinstance(link, NeighbourLink)
        )

    # Signs of life

    def heard(self, link: Link, now: float) -> None:
        """Note that something has come over a connection."""
        self._last_heard[link.id] = now

    def silent(self, interval: float, now: float) -> list[Link]:
        """Return the connections that have missed too many heartbeats."""
        limit = interval * self.missed_heartbeats
        return [self._links[link] for link, at in self._last_heard.items() if now >= at + limit]

    def silent_at(self, interval: float, now: float) -> float:
        """Return when a connection may have missed too many heartbeats; no earlier for new ones."""
        heard = min(self._last_heard.values(), default=now)
        return heard + interval * self.missed_heartbeats
