"""Others that speak under this hub's id: earlier lives of it, and hubs that have the same id.

What is still about of an earlier life may have a higher incarnation than this one: then the clock
was behind at this start, or ahead at that. As SWIM has a member refute what is wrongly said of it
(Das, Gupta and Motivala 2002), the hub rises above whatever it hears, and is believed from then on.
A hub that has the id by mistake, as a cloned image does, does the same; so the two outdo each other
for as long as both live, not faster than ``rise_pause``, and who remains is the last to rise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.changes import LifeRaised
from peerpigeon.core.interface.actions import Tell
from peerpigeon.core.interface.notices import ErrorOccurred

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.wire.hub_frames import Advert

SHARED = "another hub uses our id, {id}{place}; give one of the two another hub_peer_id (HUB_ID)"

USED_UP = (
    "the mesh knows a hub under our id, {id}, with the last incarnation that there is, and takes\
 us for an earlier life of it; give this hub another hub_peer_id (HUB_ID)"
)


class Namesakes:
    """What one hub hears under its own id, and when it rises above it."""

    def __init__(
        self, membership: Membership, effects: Effects, limits: MeshLimits, now: float
    ) -> None:
        self._membership = membership
        self._effects = effects
        self._limits = limits
        self._heard = 0  # the highest incarnation of another life
        self._rise_at = now
        self._heard_of: tuple[int, int] | None = None  # the last other life, and its incarnation
        self._said: set[str] = set()

    def hear(self, advert: Advert) -> None:
        """Take an advert under our id, which may be ours."""
        own = self._membership.own
        if advert.life == own.life:
            return
        life, incarnation = self._heard_of or (advert.life, advert.incarnation)
        if advert.life == life and advert.incarnation > incarnation:
            self.meet(advert.addresses)  # it rises, so it lives
        if advert.incarnation >= own.incarnation:
            self._heard_of = advert.life, advert.incarnation
            self._heard = max(self._heard, advert.incarnation)

    def meet(self, addresses: Iterable[str] = ()) -> None:
        """Tell people, once, that a hub lives that has our id; ``addresses`` are where it is."""
        self._say(SHARED, "".join(f", at {address}" for address in addresses))

    def _say(self, text: str, place: str = "") -> None:
        if text not in self._said:
            self._said.add(text)
            message = text.format(id=self._membership.own.hub, place=place)
            self._effects.act(Tell(ErrorOccurred(message)))

    @property
    def _must_rise(self) -> bool:
        own = self._membership.own
        return self._heard >= own.incarnation and not own.is_draining

    def deadline(self) -> float | None:
        """Return when to ``rise``."""
        return self._rise_at if self._must_rise else None

    def rise(self, now: float) -> bool:
        """Rise above what was heard, if it is time; return whether that was done."""
        if not self._must_rise or now < self._rise_at:
            return False
        self._rise_at = now + self._limits.rise_pause
        if not self._membership.rise_above(self._heard):
            self._heard = 0
            self._say(USED_UP)
            return False
        self._effects.report(LifeRaised(self._membership.own.incarnation))
        return True
