"""Links that are being left: not sent over any more, but heard until the other end is done.

Each end says ``Bye`` as the last thing it sends. Whoever has the other's knows that nothing more
comes that way, and the end that began then closes the link. So nothing is lost that was already
on its way when a link is closed in good order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import TimerQueue
from peerpigeon.core.interface.actions import Action, CloseLink, SendToLink
from peerpigeon.core.wire.hub_frames import Bye

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId, PeerId

LINGER = 2.0
"""Seconds for which the other end's ``Bye`` is waited for. It takes the time of a round trip."""


@dataclass(frozen=True, slots=True)
class ClosingLink:
    """A link that is being left."""

    hub: PeerId | None
    """Who is at the other end; ``None`` if it has not said."""
    closing: CloseLink
    is_ours: bool
    """Whether this end has begun, and is to close the link when the other is done."""


class ClosingLinks:
    """The links that one hub is leaving, or that are left by the other end."""

    def __init__(self) -> None:
        self._departures: dict[LinkId, ClosingLink] = {}
        self._timeouts: TimerQueue[LinkId] = TimerQueue()

    def __len__(self) -> int:
        """Return how many links are being left."""
        return len(self._departures)

    def get(self, link: LinkId) -> ClosingLink | None:
        """Return what is known of a link that is being left."""
        return self._departures.get(link)

    def begin(self, departure: ClosingLink, now: float) -> list[Action]:
        """Say the last word of this end; the link is no longer one of those to send over."""
        number = departure.closing.link
        self._departures[number] = departure
        self._timeouts.set(number, now + LINGER)
        return [SendToLink(number, Bye(departure.closing.reason))]

    def answered(self, link: LinkId) -> list[Action]:
        """Take the last word of the other end."""
        departure = self._departures.get(link)
        if departure is None or not departure.is_ours:
            return []
        self.end(link)
        return [departure.closing]

    def end(self, link: LinkId) -> None:
        """Strike off a link that has ended."""
        self._timeouts.drop(link)
        self._departures.pop(link, None)

    def expire(self, now: float) -> list[Action]:
        """Close the links whose other end takes too long."""
        return [self._departures.pop(link).closing for link in self._timeouts.expire(now)]

    def deadline(self) -> float | None:
        """Return when ``expire`` is due."""
        return self._timeouts.deadline()
