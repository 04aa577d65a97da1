"""The exchanges by which data channels to other hubs come about: offer, answer, candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.interface.actions import (
    Action,
    DropChannel,
    MakeAnswer,
    TakeAnswer,
    TakeCandidate,
)
from peerpigeon.core.wire.hub_frames import Answer, Body, Candidate, Decline, Offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.events import ChannelCandidate, ChannelDescribed
    from peerpigeon.core.mesh.attempts import Attempts
    from peerpigeon.core.mesh.forwarding import Forwarder
    from peerpigeon.core.mesh.membership import Membership


@dataclass(slots=True)
class Turn:
    """What is to be done, and then what to be said to other hubs."""

    actions: list[Action] = field(default_factory=list)
    bodies: list[tuple[PeerId, Body]] = field(default_factory=list)


class Negotiation:
    """One hub's part in the exchanges about channels under way."""

    def __init__(
        self,
        attempts: Attempts,
        membership: Membership,
        forwarder: Forwarder,
        has_place_for: Callable[[PeerId], bool],
    ) -> None:
        self._attempts = attempts
        self._membership = membership
        self._forwarder = forwarder
        self._has_place_for = has_place_for

    def _carry_out(self, turn: Turn, now: float) -> list[Action]:
        actions = turn.actions
        for hub, body in turn.bodies:
            actions += self._forwarder.send(hub, self._membership.incarnation(hub), body, now)
        return actions

    # From another hub

    def on_step(
        self, hub: PeerId, step: Offer | Answer | Candidate | Decline, now: float
    ) -> list[Action]:
        """Take what another hub says of a channel."""
        if not isinstance(step, Offer):
            return self._carry_out(self._take(hub, step, now), now)
        if not self._attempts.yields_to(hub):
            return []  # ours is under way and goes before
        return self._carry_out(self._decide(hub, step, now), now)

    def _take(self, hub: PeerId, step: Answer | Candidate | Decline, now: float) -> Turn:
        """Take a step of an exchange that an offer has begun."""
        is_answer = isinstance(step, Candidate) and step.is_from_offerer
        channel = self._attempts.find(hub, step.attempt, is_answer=is_answer)
        if channel is None:
            return Turn()  # of an exchange that is over
        match step:
            case Answer(_, sdp):
                self._attempts.agree(channel, now)
                return Turn([TakeAnswer(channel.opening, sdp)])
            case Candidate(_, candidate):
                return Turn([TakeCandidate(channel.opening, candidate)])
            case _:  # declined
                self._attempts.decline(channel, now)
                return Turn([DropChannel(channel.opening)])

    def _decide(self, hub: PeerId, offer: Offer, now: float) -> Turn:
        """Answer an offer, in place of any channel of ours under way there; or decline it."""
        if not self._has_place_for(hub):
            return Turn(bodies=[(hub, Decline(offer.attempt, "no place"))])
        turn = Turn()
        mine = self._attempts.channel_to(hub)
        if mine is not None:
            turn.actions.append(DropChannel(mine.opening))
            self._attempts.end(mine)
        channel = self._attempts.answer(hub, offer.attempt, now)
        turn.actions.append(MakeAnswer(channel.opening, offer.sdp))
        return turn

    # From our own shell

    def describe(self, event: ChannelDescribed, now: float) -> list[Action]:
        """Send the offer or answer that the shell has made for a channel."""
        channel = self._attempts.get(event.opening)
        if channel is None or channel.hub is None:
            return []
        channel.has_offered = True
        make = Answer if channel.is_answer else Offer
        return self._carry_out(Turn(bodies=[(channel.hub, make(channel.attempt, event.sdp))]), now)

    def trickle(self, event: ChannelCandidate, now: float) -> list[Action]:
        """Send a candidate that the shell has found for a channel."""
        channel = self._attempts.get(event.opening)
        if channel is None or channel.hub is None:
            return []
        body = Candidate(channel.attempt, event.candidate, not channel.is_answer)
        return self._carry_out(Turn(bodies=[(channel.hub, body)]), now)
