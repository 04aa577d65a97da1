"""The exchanges by which data channels to other hubs come about: offer, answer, candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, assert_never

from peerpigeon.core.interface.actions import DropChannel, MakeAnswer, TakeAnswer, TakeCandidate
from peerpigeon.core.wire.hub_frames import Answer, Body, Candidate, Decline, Offer

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.events import (
        ChannelAdvanced,
        ChannelCandidate,
        ChannelDescribed,
    )
    from peerpigeon.core.mesh.attempts import Attempts
    from peerpigeon.core.mesh.forwarding import Forwarder
    from peerpigeon.core.mesh.link_planner import LinkPlanner
    from peerpigeon.core.mesh.membership import Membership

ExchangeStep: TypeAlias = Offer | Answer | Candidate | Decline


class Negotiation:
    """One hub's part in the exchanges about channels under way."""

    def __init__(
        self,
        attempts: Attempts,
        membership: Membership,
        planner: LinkPlanner,
        forwarder: Forwarder,
        effects: Effects,
    ) -> None:
        self._attempts = attempts
        self._membership = membership
        self._planner = planner
        self._forwarder = forwarder
        self._effects = effects

    def _send(self, hub: PeerId, body: Body, now: float) -> None:
        self._forwarder.send(hub, self._membership.incarnation(hub), body, now)

    # From another hub

    def on_step(self, hub: PeerId, step: ExchangeStep, now: float) -> None:
        """Take what another hub says of a channel."""
        if not isinstance(step, Offer):
            self._on_reply(hub, step, now)
        elif self._attempts.yields_to(hub):  # else ours is under way and goes before
            self._on_offer(hub, step, now)

    def _on_reply(self, hub: PeerId, step: Answer | Candidate | Decline, now: float) -> None:
        """Take a step of an exchange that an offer has begun."""
        is_answer = isinstance(step, Candidate) and step.is_from_offerer
        channel = self._attempts.find(hub, step.attempt, is_answer=is_answer)
        if channel is None:
            return  # the exchange is over
        match step:
            case Answer(_, sdp):
                self._attempts.agree(channel, now)
                self._effects.act(TakeAnswer(channel.opening, sdp))
            case Candidate(_, candidate):
                self._effects.act(TakeCandidate(channel.opening, candidate))
            case Decline():
                self._attempts.decline(channel, now)
                self._effects.act(DropChannel(channel.opening))
            case _:
                assert_never(step)

    def _on_offer(self, hub: PeerId, offer: Offer, now: float) -> None:
        """Answer an offer, in place of any channel of ours under way there; or decline it."""
        if not self._planner.replan_for(hub):
            self._send(hub, Decline(offer.attempt, "no place"), now)
            return
        mine = self._attempts.channel_to(hub)
        if mine is not None:
            self._effects.act(DropChannel(mine.opening))
            self._attempts.end(mine)
        channel = self._attempts.answer(hub, offer.attempt, now)
        self._effects.act(MakeAnswer(channel.opening, offer.sdp))

    # From our own shell

    def describe(self, event: ChannelDescribed, now: float) -> None:
        """Send the offer or answer that the shell has made for a channel."""
        channel = self._attempts.channel(event.opening)
        if channel is None:
            return
        if channel.is_answer:
            self._send(channel.hub, Answer(channel.exchange, event.sdp), now)
        else:
            self._attempts.offered(channel)
            self._send(channel.hub, Offer(channel.exchange, event.sdp), now)

    def trickle(self, event: ChannelCandidate, now: float) -> None:
        """Send a candidate that the shell has found for a channel."""
        channel = self._attempts.channel(event.opening)
        if channel is not None:
            body = Candidate(channel.exchange, event.candidate, not channel.is_answer)
            self._send(channel.hub, body, now)

    def advance(self, event: ChannelAdvanced) -> None:
        """Note how far the opening of a channel has come."""
        self._attempts.advance(event.opening, event.stage, event.way)
