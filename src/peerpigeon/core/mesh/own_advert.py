"""What this hub publishes of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.mesh.topology import Bar
    from peerpigeon.core.wire.hub_frames import Advert, LinkEnd

MARK_BITS = 64


class OwnAdvert:
    """The latest advert of this hub. Each one has a mark of its own."""

    def __init__(self, first: Advert, rng: Random) -> None:
        self._rng = rng
        self._latest = first
        self._addresses = first.addresses

    @property
    def latest(self) -> Advert:
        """What is published now."""
        return self._latest

    def move(self, addresses: tuple[str, ...]) -> None:
        """Publish these addresses from the next time on."""
        self._addresses = addresses

    def renew(self, links: tuple[LinkEnd, ...], bar: Bar | None, *, is_draining: bool) -> bool:
        """Publish this; return whether there is anything new in it."""
        own = self._latest
        if (links, bar, is_draining, self._addresses) == (
            own.links,
            own.bar,
            own.is_draining,
            own.addresses,
        ):
            return False
        self._latest = msgspec.structs.replace(
            own,
            sequence=own.sequence + 1,
            mark=self._rng.getrandbits(MARK_BITS),
            addresses=self._addresses,
            links=links,
            bar=bar,
            is_draining=is_draining,
        )
        return True

    def rise_above(self, advert: Advert) -> bool:
        """Take an advert under our own id; return whether it was not ours and we had to rise.

        It is of an earlier life of ours if the clock was set back since, or of a hub that has
        been given the same id. Ours must go before it, or all would ignore our adverts.
        """
        own = self._latest
        if (advert.incarnation, advert.sequence) <= (own.incarnation, own.sequence):
            return False
        mark = self._rng.getrandbits(MARK_BITS)
        self._latest = msgspec.structs.replace(own, incarnation=advert.incarnation + 1, mark=mark)
        return True
