"""What clients of one hub have published, until the lead of its topic has handed it out.

A lead may die, or lose its place to another hub, with a publication under way to it or in its
hands. Each is kept until the lead has said that it is out; else it goes to the next lead, under the
same number, so that who has heard it already does not hear it again.

A hub that has just been started, or cut off, may be its own lead for a moment, or have one of few.
So for a while after each change of the mesh what is out is kept, too, for the next lead: clients
announce themselves when they come, and not again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.wire.hub_news import Spread
from peerpigeon.core.wire.hub_sizes import size_of
from peerpigeon.core.wire.reasons import Reason

if TYPE_CHECKING:
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.namespaces.namespaces import Namespaces
    from peerpigeon.core.topics.greetings import Greetings
    from peerpigeon.core.wire.hub_news import HandedOut


class _Pending(msgspec.Struct):
    spread: Spread
    size: int
    lead: PeerId
    until: float
    is_out: bool = False


class Publications:
    """The publications of one hub that are under way. ``lifetime`` of each: seconds."""

    def __init__(
        self,
        own: PeerId,
        lifetime: float,
        namespaces: Namespaces,
        greetings: Greetings,
        effects: Effects,
    ) -> None:
        self._own = own
        self._lifetime = lifetime
        self._presence = namespaces.presence
        self._placement = namespaces.placement
        self._greetings = greetings
        self._effects = effects
        self._memory = effects.memory.signals
        # Larger than all of an earlier life, as sessions are.
        self._last = namespaces.views.first_session(own)
        self._pending: dict[int, _Pending] = {}  # in order of time
        self._size = 0
        self._memory.gauges.append(lambda: self._size)
        self._certain_from = float("-inf")

    def __len__(self) -> int:
        """Return how many are under way; O(what is kept)."""
        return sum(not pending.is_out for pending in self._pending.values())

    def spread(
        self, namespace: str, payload: bytes, now: float, greets: SessionId | None = None
    ) -> None:
        """Send a publication to the lead of its topic; ``greets``: who does so by it."""
        self._last = number = self._last + 1
        member = self._presence.find(namespace, self._own)
        session = 0 if member is None else member.session
        is_greeting = greets is not None
        spread = Spread(namespace, self._own, number, payload, session, is_greeting=is_greeting)
        lead = self._placement.primary(namespace)
        is_own = lead == self._own
        if not is_own or now < self._certain_from:
            size = size_of(spread)
            if not self._memory.has_room(size):
                self._effects.counts.unheard += 1
                return
            until = now + self._lifetime
            self._pending[number] = _Pending(spread, size, lead, until, is_out=is_own)
            self._size += size
            if greets is not None and not is_own:
                self._greetings.add(namespace, number, greets, now)
        self._effects.tell_hub(lead, spread)

    def payloads(self) -> set[bytes]:
        """Return what is under way to another hub, or kept for the next lead; O(what is kept)."""
        kept = self._pending.values()
        return {pending.spread.payload for pending in kept if pending.lead != self._own}

    def handed_out(self, hub: PeerId, news: HandedOut, now: float) -> None:
        """Take that a publication is out."""
        pending = self._pending.get(news.number)
        if pending is None:
            return
        self._greetings.handed_out(pending.spread.namespace, news.number, hub)
        if pending.lead != hub:
            return
        pending.is_out = True
        if now >= self._certain_from:
            self._forget(news.number)

    def failed(self, spread: Spread, reason: Reason, now: float) -> None:
        """Take what could not be brought to its lead: try again if that has lost its memory."""
        pending = self._pending.get(spread.number)
        if pending is None or pending.is_out:
            return
        lead = self._placement.primary(spread.namespace)
        if reason is Reason.RESTARTED and now < pending.until:
            self._send(pending, lead, now)
        elif lead == pending.lead:
            self._give_up(spread.number)

    def placed(self, certain_from: float, now: float) -> None:
        """Send what is kept to another lead, where there is one; O(what is kept).

        The mesh has changed, and will be the same for all hubs ``certain_from`` a time.
        """
        self._certain_from = certain_from
        for pending in list(self._pending.values()):
            lead = self._placement.primary(pending.spread.namespace)
            if lead != pending.lead:
                self._send(pending, lead, now)

    def _send(self, pending: _Pending, lead: PeerId, now: float) -> None:
        pending.lead, pending.is_out = lead, lead == self._own
        namespace, number = pending.spread.namespace, pending.spread.number
        self._greetings.resend(namespace, number, now)
        if pending.is_out:
            self._greetings.handed_out(namespace, number, lead)
        self._effects.tell_hub(lead, pending.spread)

    def _give_up(self, number: int) -> None:
        if not self._pending[number].is_out:
            self._effects.counts.unheard += 1
        self._forget(number)

    def _forget(self, number: int) -> None:
        pending = self._pending.pop(number)
        self._size -= pending.size
        self._greetings.forget(pending.spread.namespace, number)

    def expire(self, now: float) -> None:
        """Give up what has been under way for too long."""
        while self._pending:
            number, pending = next(iter(self._pending.items()))
            if pending.until > now:
                return
            self._give_up(number)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return next((pending.until for pending in self._pending.values()), None)
