"""The open links to other hubs: who is at the other end, over what, and is it alive.

A hub may be linked over a WebSocket and over a data channel at the same time, for as long as one
takes over from the other. The rest of the core sees one neighbour and does not know the carrier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peerpigeon.core.wire.hub_frames import Carrier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.ids import LinkId, PeerId
    from peerpigeon.core.wire.hub_frames import Hello

MISSED_HEARTBEATS = 3.5
"""A link is dead when it has been silent for so many heartbeats: three, and half a one for the
fourth to be late. ICE takes half a minute."""

DIGEST_PATIENCE = 3
RESTLESS_PATIENCE = 8
"""Heartbeats in a row in which a neighbour's table differs from ours until tables are compared:
while ours stands still, and while it does not. A single one may have crossed an advert."""


@dataclass(slots=True, eq=False)
class Link:
    """One open connection to another hub."""

    link: LinkId
    carrier: Carrier
    opening: int
    """The ``Dial`` or channel of ours that led to it; 0 if the other hub opened it."""
    opened_at: float
    last_heard: float
    hub: PeerId | None = None
    """Who is there; ``None`` until its ``Hello``."""
    incarnation: int = 0
    uri: str = ""
    """The address we dialled; empty for a data channel and for a socket we accepted."""
    nonce: bytes = b""
    """What the other end is to prove itself with."""
    hello: Hello | None = None
    """What the other end has said first."""
    is_leaving: bool = False
    """Whether its end has been announced, by either side."""
    differing: int = 0
    """Heartbeats in a row that told of another table than ours."""


class Links:
    """All open links of one hub, by number and by hub."""

    def __init__(self) -> None:
        self._links: dict[LinkId, Link] = {}
        self._by_hub: dict[PeerId, dict[Carrier, Link]] = {}
        self._counts = dict.fromkeys(Carrier, 0)
        self.neighbours: dict[PeerId, None] = {}
        """The hubs that are linked. Not to be changed."""
        self.version = 0
        """Changes whenever a hub comes to be linked or ceases to be."""

    def __len__(self) -> int:
        """Return how many connections are open."""
        return len(self._links)

    def __iter__(self) -> Iterator[Link]:
        """Go over all open connections, oldest first."""
        return iter(list(self._links.values()))

    def get(self, link: LinkId) -> Link | None:
        """Return an open connection by its number."""
        return self._links.get(link)

    def open(self, link: LinkId, carrier: Carrier, opening: int, now: float) -> Link:
        """Take note of a new connection; who is there is not known yet."""
        opened = Link(link, carrier, opening, now, last_heard=now)
        self._links[link] = opened
        return opened

    def identify(self, link: Link, hub: PeerId, incarnation: int) -> None:
        """Note who is at the other end, and send by this link from now on."""
        link.hub, link.incarnation = hub, incarnation
        if hub not in self._by_hub:
            self._by_hub[hub] = {}
            self.neighbours[hub] = None
            self.version += 1
        if link.carrier not in self._by_hub[hub]:
            self._counts[link.carrier] += 1
        self._by_hub[hub][link.carrier] = link

    def close(self, link: Link) -> bool:
        """Forget a connection; return whether its hub is no longer linked by that."""
        del self._links[link.link]
        if link.hub is None:
            return False
        ways = self._by_hub.get(link.hub, {})
        if ways.get(link.carrier) is not link:
            return False  # another one has taken its place
        del ways[link.carrier]
        self._counts[link.carrier] -= 1
        if ways:
            return False
        del self.neighbours[link.hub]
        del self._by_hub[link.hub]
        self.version += 1
        return True

    def to(self, hub: PeerId) -> Link | None:
        """Return the link to send by: the data channel if there is one."""
        ways = self._by_hub.get(hub)
        return ways.get(Carrier.P2P) or ways.get(Carrier.WEBSOCKET) if ways else None

    def over(self, carrier: Carrier, hub: PeerId) -> Link | None:
        """Return the link to ``hub`` over ``carrier``."""
        return self._by_hub.get(hub, {}).get(carrier)

    def has_dialled(self, uri: str) -> bool:
        """Tell whether a link that came from dialling an address is open."""
        return any(link.uri == uri for link in self._links.values())

    def count(self, carrier: Carrier) -> int:
        """Return how many hubs are linked over ``carrier``."""
        return self._counts[carrier]

    def nameless(self, carrier: Carrier) -> int:
        """Return how many connections are open whose other end has not said who it is."""
        return sum(
            1 for link in self._links.values() if link.hub is None and link.carrier is carrier
        )

    def silent(self, interval: float, now: float) -> list[Link]:
        """Return the connections that have missed too many heartbeats."""
        limit = interval * MISSED_HEARTBEATS
        return [link for link in self._links.values() if now >= link.last_heard + limit]

    def silent_at(self, interval: float, now: float) -> float:
        """Return when a connection may have missed too many heartbeats; no earlier for new ones."""
        heard = min((link.last_heard for link in self._links.values()), default=now)
        return heard + interval * MISSED_HEARTBEATS
