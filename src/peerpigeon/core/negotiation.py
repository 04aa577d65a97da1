"""The exchanges by which data channels to other hubs come about: offer, answer, candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.actions import Action, DropChannel, MakeAnswer, TakeAnswer, TakeCandidate
from peerpigeon.core.frames import Answer, Body, Candidate, Decline, Offer

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.pursuit import Pursuit


@dataclass(slots=True)
class Turn:
    """What is to be done, and then what to be said to other hubs."""

    actions: list[Action] = field(default_factory=list)
    bodies: list[tuple[PeerId, Body]] = field(default_factory=list)


class Negotiation:
    """One hub's part in the exchanges about channels under way."""

    def __init__(self, pursuit: Pursuit) -> None:
        self._pursuit = pursuit

    # From another hub

    def take(self, hub: PeerId, step: Answer | Candidate | Decline, now: float) -> Turn:
        """Take a step of an exchange that an offer has begun."""
        is_answer = isinstance(step, Candidate) and step.is_from_offerer
        channel = self._pursuit.find(hub, step.attempt, is_answer=is_answer)
        if channel is None:
            return Turn()  # of an exchange that is over
        match step:
            case Answer(_, sdp):
                self._pursuit.agree(channel, now)
                return Turn([TakeAnswer(channel.opening, sdp)])
            case Candidate(_, candidate):
                return Turn([TakeCandidate(channel.opening, candidate)])
            case _:  # declined
                self._pursuit.decline(channel, now)
                return Turn([DropChannel(channel.opening)])

    def heeds(self, hub: PeerId) -> bool:
        """Tell whether an offer is to be looked at: not if ours is under way and goes before."""
        return self._pursuit.yields_to(hub)

    def decide(self, hub: PeerId, offer: Offer, now: float, *, has_place: bool) -> Turn:
        """Answer an offer, in place of any channel of ours under way there; or decline it."""
        if not has_place:
            return Turn(bodies=[(hub, Decline(offer.attempt, "no place"))])
        turn = Turn()
        mine = self._pursuit.channel_to(hub)
        if mine is not None:
            turn.actions.append(DropChannel(mine.opening))
            self._pursuit.end(mine)
        channel = self._pursuit.answer(hub, offer.attempt, now)
        turn.actions.append(MakeAnswer(channel.opening, offer.sdp))
        return turn

    # From our own shell

    def describe(self, opening: int, sdp: str) -> Turn:
        """Send the offer or answer that the shell has made for a channel."""
        channel = self._pursuit.get(opening)
        if channel is None or channel.hub is None:
            return Turn()
        channel.has_offered = True
        make = Answer if channel.is_answer else Offer
        return Turn(bodies=[(channel.hub, make(channel.attempt, sdp))])

    def trickle(self, opening: int, candidate: str) -> Turn:
        """Send a candidate that the shell has found for a channel."""
        channel = self._pursuit.get(opening)
        if channel is None or channel.hub is None:
            return Turn()
        body = Candidate(channel.attempt, candidate, not channel.is_answer)
        return Turn(bodies=[(channel.hub, body)])
