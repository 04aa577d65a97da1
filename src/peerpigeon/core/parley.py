"""What two hubs say to each other about a channel between them, from and to their shells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.frames import Answer, Candidate, Decline, Offer
from peerpigeon.core.negotiation import Negotiation, Turn

if TYPE_CHECKING:
    from peerpigeon.core.actions import Action
    from peerpigeon.core.courier import Courier
    from peerpigeon.core.events import ChannelCandidate, ChannelDescribed
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.membership import Membership
    from peerpigeon.core.pursuit import Pursuit
    from peerpigeon.core.weaver import Weaver


class Parley:
    """One hub's end of all such talks: each step decided, and what is said sent on its way."""

    def __init__(
        self, pursuit: Pursuit, weaver: Weaver, membership: Membership, courier: Courier
    ) -> None:
        self._negotiation = Negotiation(pursuit)
        self._weaver = weaver
        self._membership = membership
        self._courier = courier

    def take(
        self, hub: PeerId, step: Offer | Answer | Candidate | Decline, now: float
    ) -> list[Action]:
        """Take what another hub has said."""
        negotiation = self._negotiation
        if not isinstance(step, Offer):
            return self._carry_out(negotiation.take(hub, step, now), now)
        if not negotiation.heeds(hub):
            return []
        has_place = self._weaver.has_place_for(hub)
        return self._carry_out(negotiation.decide(hub, step, now, has_place=has_place), now)

    def describe(self, event: ChannelDescribed, now: float) -> list[Action]:
        """Send the offer or answer that the shell has made."""
        return self._carry_out(self._negotiation.describe(event.opening, event.sdp), now)

    def trickle(self, event: ChannelCandidate, now: float) -> list[Action]:
        """Send a candidate that the shell has found."""
        return self._carry_out(self._negotiation.trickle(event.opening, event.candidate), now)

    def _carry_out(self, turn: Turn, now: float) -> list[Action]:
        actions = turn.actions
        for hub, body in turn.bodies:
            incarnation = self._membership.incarnation(hub)
            actions += self._courier.send(hub, incarnation, body, now)
        return actions
