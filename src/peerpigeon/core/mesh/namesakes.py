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
from peerpigeon.core.mesh.table_comparison import supersedes
from peerpigeon.core.wire.ranges import is_later_life

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.mesh.limits import MeshLimits
    from peerpigeon.core.mesh.membership import Membership
    from peerpigeon.core.wire.hub_frames import Advert

SHARED = "another hub uses our id, {id}{place}; give one of the two another hub_peer_id (HUB_ID)"

LAST_SEQUENCE = 2**62
"""The highest that is outdone by a higher one; above what lies higher a hub rises, for there it
would come to the end of all numbers."""


class Namesakes:
    """What one hub hears under its own id, and when it rises above it."""

    def __init__(
        self, membership: Membership, effects: Effects, limits: MeshLimits, now: float
    ) -> None:
        self._membership = membership
        self._effects = effects
        self._limits = limits
        self._heard = 0  # the latest incarnation that is not ours
        self._rise_at = now
        self._heard_of: tuple[int, int] | None = None  # the last other life, and its incarnation
        self._has_said = False

    def hear(self, advert: Advert, now: float) -> bool:
        """Take an advert under our id, which may be ours.

        Returns whether it was one of this life that we have never published, and our own one is to
        go to all under a higher number.
        """
        own = self._membership.own
        if advert.life == own.life:
            return self._hear_of_this_life(advert, now)
        life, incarnation = self._heard_of or (advert.life, advert.incarnation)
        if advert.life == life and is_later_life(advert.incarnation, incarnation):
            self.meet(advert.addresses)  # it rises, so it lives
        if not is_later_life(own.incarnation, advert.incarnation):
            self._heard_of = advert.life, advert.incarnation
            self._note(advert.incarnation)
        return False

    def _hear_of_this_life(self, advert: Advert, now: float) -> bool:
        own = self._membership.own
        if advert == own or not supersedes(advert, own):
            return False
        if advert.incarnation == own.incarnation and advert.sequence < LAST_SEQUENCE:
            self._membership.outdo(advert.sequence, now)
            return True
        self._note(advert.incarnation)
        return False

    def _note(self, incarnation: int) -> None:
        if not is_later_life(self._heard, incarnation):
            self._heard = incarnation

    def meet(self, addresses: Iterable[str] = ()) -> None:
        """Tell people, once, that a hub lives that has our id; ``addresses`` are where it is."""
        if not self._has_said:
            self._has_said = True
            place = "".join(f", at {address}" for address in addresses)
            message = SHARED.format(id=self._membership.own.hub, place=place)
            self._effects.act(Tell(ErrorOccurred(message)))

    @property
    def _must_rise(self) -> bool:
        if not self._heard or self._membership.is_leaving:
            return False
        return not is_later_life(self._membership.own.incarnation, self._heard)

    def deadline(self) -> float | None:
        """Return when to ``rise``."""
        return self._rise_at if self._must_rise else None

    def rise(self, now: float) -> bool:
        """Rise above what was heard, if it is time; return whether that was done."""
        if not self._must_rise or now < self._rise_at:
            return False
        self._rise_at = now + self._limits.rise_pause
        self._membership.rise_above(self._heard)
        self._effects.report(LifeRaised(self._membership.own.incarnation))
        return True
