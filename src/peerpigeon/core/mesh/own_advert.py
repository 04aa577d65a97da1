"""What this hub publishes of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.wire.ranges import LAST_INCARNATION

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from peerpigeon.core.mesh.topology import Bar
    from peerpigeon.core.wire.hub_frames import Advert, LinkEnd

MARK_BITS = 64

RISE = 2**16
"""How far to rise: a life needs room for its sessions below the next one, and one that is guessed
by a clock has as much as milliseconds have passed."""

LAST_GUESS = LAST_INCARNATION // 2 - 1
"""The highest incarnation that a clock can lead to, in the year 2109. So all of them are less than
half a round from each other, and the larger one is the later (``is_later_life``)."""


def first_incarnation(wall_time: float) -> int:
    """Return with which incarnation to begin, at a time in seconds since 1970.

    It is a guess: the mesh says so if it still holds another life that is not below it.
    """
    return min(LAST_GUESS, max(1, int(wall_time * 1000)))


class OwnAdvert:
    """The latest advert of this hub. Each one has a mark of its own."""

    def __init__(
        self, first: Advert, rng: Random, sign: Callable[[Advert], Advert] | None = None
    ) -> None:
        """``sign``: what makes an advert one that others take, in a mesh with identities."""
        self._rng = rng
        self._sign = sign or _as_it_is
        self._latest = self._sign(first)
        self._addresses = first.addresses
        self._clients = first.clients

    @property
    def latest(self) -> Advert:
        """What is published now."""
        return self._latest

    def move(self, addresses: tuple[str, ...]) -> None:
        """Publish these addresses from the next time on."""
        self._addresses = addresses

    def count(self, clients: int) -> None:
        """Publish so many clients from the next time on."""
        self._clients = clients

    def has_news(self, links: tuple[LinkEnd, ...], bar: Bar | None, *, is_draining: bool) -> bool:
        """Tell whether there is anything new in this."""
        own = self._latest
        said = own.links, own.bar, own.is_draining, own.addresses, own.clients
        return said != (links, bar, is_draining, self._addresses, self._clients)

    def renew(self, links: tuple[LinkEnd, ...], bar: Bar | None, *, is_draining: bool) -> None:
        """Publish this."""
        self._publish(
            sequence=self._latest.sequence + 1,
            addresses=self._addresses,
            links=links,
            bar=bar,
            is_draining=is_draining,
            clients=self._clients,
        )

    def rise_above(self, incarnation: int) -> None:
        """Take an incarnation above one that is in use under our id: they go round."""
        risen = (incarnation + RISE - 1) % LAST_INCARNATION + 1
        self._publish(incarnation=risen)

    def outdo(self, sequence: int) -> None:
        """Say what we say under a number above one that somebody else has used for this life."""
        self._publish(sequence=sequence + 1)

    def _publish(self, **changes: object) -> None:
        mark = self._rng.getrandbits(MARK_BITS)
        self._latest = self._sign(msgspec.structs.replace(self._latest, mark=mark, **changes))


def _as_it_is(advert: Advert) -> Advert:
    return advert
