"""How a wanted link comes to be: offers, glare, time-outs, and a WebSocket where P2P fails.

For each wanted hub a data channel is tried first. Both ends usually want the link: the one with
the larger id offers at once, the other waits a moment for that offer. If both offer all the same,
the larger id's offer stands. When a channel cannot be had, a WebSocket takes its place and the
channel is tried again from time to time, ever more rarely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import TimerQueue, earliest
from peerpigeon.core.interface.timing import DIAL_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from peerpigeon.core.ids import PeerId

COURTESY = 0.5
"""Seconds that the smaller id waits for the larger one's offer."""

OFFER_TIMEOUT = 3.0
"""Seconds for the answer to an offer. That none comes says nothing of P2P: while a mesh forms, an
offer may find no way."""

CHANNEL_TIMEOUT = 6.0
"""Seconds from an answer to an open channel. On a good network it takes a tenth of one."""

PATIENCE = 3
"""RecentOffers that came to nothing after which a WebSocket is tried."""

DECLINED_PAUSE = 1.0
"""Seconds until a hub that had no place or did not answer is asked again, and until it is dialled
again; doubled each time up to ``MAX_PAUSE``."""

FAILED_PAUSE = 15.0
"""Seconds until a channel that failed is tried again, doubled each time up to ``MAX_PAUSE``."""

MAX_PAUSE = 300.0


@dataclass(slots=True, eq=False)
class Opening:
    """A channel or dial under way."""

    opening: int
    hub: PeerId | None
    """Whom it leads to; ``None`` for the dial of an address."""
    uri: str = ""
    """The address dialled; empty for a channel."""
    attempt: int = 0
    """The number by which both hubs know the exchange: that of the one who offered."""
    is_answer: bool = False
    has_offered: bool = False
    """Whether the offer has left; before that an offer from the other side is welcome."""
    is_agreed: bool = False
    """Whether offer and answer are exchanged, so that only the way between is in question."""


@dataclass(slots=True)
class _Chase:
    """What is remembered of a hub that is wanted and not linked by a data channel."""

    declines: int = 0
    """RecentOffers that the hub has declined or not answered."""
    failures: int = 0
    """Channels that did not open although offer and answer were exchanged."""
    dials: int = 0
    """WebSockets dialled since it was linked last."""
    channel_at: float = 0.0
    """When a channel may be tried next."""
    dial_at: float = 0.0
    """When a WebSocket may be dialled next."""

    @property
    def needs_socket(self) -> bool:
        """Whether a channel has failed, or offers have led to nothing for long."""
        return self.failures > 0 or self.declines >= PATIENCE


@dataclass(frozen=True, slots=True)
class Room:
    """How much may be under way at once."""

    links: int
    """Channels and dials, if they lead to hubs that are not linked."""
    channels: int
    """Channels, to whomever."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something to begin now."""

    hub: PeerId
    opening: int
    uri: str
    """The address to dial; empty to offer a channel."""


class Attempts:
    """The openings of one hub and its patience with each other hub."""

    def __init__(self, own: PeerId, rng: Random) -> None:
        self._own = own
        self._rng = rng
        self._last_opening = 0
        self._openings: dict[int, Opening] = {}
        self._channels: dict[PeerId, Opening] = {}
        self._dials: dict[PeerId, Opening] = {}
        self._chases: dict[PeerId, _Chase] = {}
        self._timeouts: TimerQueue[int] = TimerQueue()
        self._retry_at: float | None = None

    @property
    def channels(self) -> int:
        """How many channels are under way."""
        return len(self._channels)

    def get(self, opening: int) -> Opening | None:
        """Return an opening under way."""
        return self._openings.get(opening)

    def channel_to(self, hub: PeerId) -> Opening | None:
        """Return the channel to ``hub`` under way."""
        return self._channels.get(hub)

    def is_dialling(self, uri: str) -> bool:
        """Tell whether an address is being dialled."""
        return any(opening.uri == uri for opening in self._openings.values())

    def has_failed(self, hub: PeerId) -> bool:
        """Tell whether a data channel to a hub that is wanted could not be had of late."""
        chase = self._chases.get(hub)
        return chase is not None and chase.failures > 0

    # Beginning

    def pursue(
        self,
        wanted: Iterable[tuple[PeerId, tuple[str, ...], bool]],
        room: Room,
        now: float,
    ) -> list[Step]:
        """Return what to begin for the hubs that are wanted and have no data channel.

        Each comes with its addresses and whether it is linked at all. Whoever is not among them is
        forgotten.
        """
        steps: list[Step] = []
        self._retry_at = None
        chases: dict[PeerId, _Chase] = {}
        for hub, addresses, is_linked in wanted:
            chase = chases[hub] = self._chases.get(hub) or self._begin(hub, now)
            if is_linked:
                chase.dials = 0
            if hub in self._channels or hub in self._dials:
                continue
            # A link that only changes its carrier takes no place.
            is_full = not is_linked and len(self._channels) + len(self._dials) >= room.links
            is_time = now >= chase.channel_at
            if is_full or (is_time and len(self._channels) >= room.channels):
                self._look_again(now + DECLINED_PAUSE)
            elif is_time:
                steps.append(Step(hub, self._channel(hub, OFFER_TIMEOUT, now).opening, ""))
            elif chase.needs_socket and not is_linked and addresses and now >= chase.dial_at:
                uri = addresses[self._rng.randrange(len(addresses))]
                steps.append(Step(hub, self.dial(uri, hub, now).opening, uri))
                # Already now: behind the address there may be another hub than the one wanted,
                # even ourselves, and then the dial does not fail.
                chase.dial_at = now + self._pause(DECLINED_PAUSE, chase.dials)
                chase.dials += 1
            else:
                self._look_again(chase.channel_at)
                if chase.needs_socket and not is_linked and addresses:
                    self._look_again(chase.dial_at)
        self._chases = chases
        return steps

    def _begin(self, hub: PeerId, now: float) -> _Chase:
        return _Chase(channel_at=now if self._own > hub else now + COURTESY)

    def _look_again(self, when: float) -> None:
        if self._retry_at is None or when < self._retry_at:
            self._retry_at = when

    def _open(self, hub: PeerId | None, uri: str, timeout: float, now: float) -> Opening:
        self._last_opening += 1
        opening = Opening(self._last_opening, hub, uri, attempt=self._last_opening)
        self._openings[opening.opening] = opening
        self._timeouts.set(opening.opening, now + timeout)
        return opening

    def _channel(self, hub: PeerId, timeout: float, now: float) -> Opening:
        opening = self._open(hub, "", timeout, now)
        self._channels[hub] = opening
        return opening

    def dial(self, uri: str, hub: PeerId | None, now: float) -> Opening:
        """Begin to dial an address, for the hub that is wanted there if there is one."""
        opening = self._open(hub, uri, DIAL_TIMEOUT, now)
        if hub is not None:
            self._dials[hub] = opening
        return opening

    # An offer from another hub

    def yields_to(self, hub: PeerId) -> bool:
        """Tell whether an offer from ``hub`` goes before a channel to it that is under way.

        Both hubs compare the same ids, so that one of two crossing offers is answered (glare).
        """
        mine = self._channels.get(hub)
        return mine is None or mine.is_answer or not mine.has_offered or hub > self._own

    def answer(self, hub: PeerId, attempt: int, now: float) -> Opening:
        """Begin the answering end of a channel; one under way to ``hub`` must be ended first."""
        opening = self._channel(hub, CHANNEL_TIMEOUT, now)
        opening.attempt, opening.is_answer, opening.is_agreed = attempt, True, True
        return opening

    def agree(self, opening: Opening, now: float) -> None:
        """Note that our offer was answered."""
        opening.is_agreed = True
        self._timeouts.set(opening.opening, now + CHANNEL_TIMEOUT)

    def find(self, hub: PeerId, attempt: int, *, is_answer: bool) -> Opening | None:
        """Return the channel to ``hub`` that an exchange is about, if it is still under way."""
        opening = self._channels.get(hub)
        if opening is None or (opening.attempt, opening.is_answer) != (attempt, is_answer):
            return None
        return opening

    # Ends

    def end(self, opening: Opening) -> None:
        """Forget an opening that has led to a link, or is given up without blame."""
        del self._openings[opening.opening]
        self._timeouts.drop(opening.opening)
        if opening.hub is not None:
            table = self._dials if opening.uri else self._channels
            if table.get(opening.hub) is opening:
                del table[opening.hub]

    def succeed(self, opening: Opening) -> None:
        """Forget an opening that has led to a link, and all patience lost with its hub."""
        self.end(opening)
        if opening.hub is not None and not opening.uri:
            self._chases.pop(opening.hub, None)

    def decline(self, opening: Opening, now: float) -> None:
        """Note that the other hub had no place for us."""
        self.end(opening)
        chase = self._chases.get(opening.hub) if opening.hub is not None else None
        if chase is not None:
            chase.channel_at = now + self._pause(DECLINED_PAUSE, chase.declines)
            chase.declines += 1
            self._look_again(chase.channel_at)

    def fail(self, opening: Opening, now: float, *, is_final: bool = False) -> None:
        """Note that a channel or dial has come to nothing in time.

        Before offer and answer are exchanged that says nothing of a channel, unless it is final:
        then we cannot make one ourselves.
        """
        self.end(opening)
        chase = self._chases.get(opening.hub) if opening.hub is not None else None
        if chase is None:
            return
        if opening.uri:
            chase.dial_at = now + self._pause(DECLINED_PAUSE, max(0, chase.dials - 1))
        elif opening.is_agreed or is_final:
            chase.channel_at = now + self._pause(FAILED_PAUSE, chase.failures)
            chase.failures += 1
        else:
            chase.channel_at = now + self._pause(DECLINED_PAUSE, chase.declines)
            chase.declines += 1
        self._look_again(now)

    def _pause(self, first: float, times: int) -> float:
        # Drawn from a range, so that two hubs that failed together do not try together for ever.
        return float(min(first * 2.0 ** min(times, 16), MAX_PAUSE) * self._rng.uniform(0.75, 1.25))

    def expire(self, now: float) -> list[Opening]:
        """Return the openings whose time is up; each is still to be failed."""
        return [self._openings[opening] for opening in self._timeouts.expire(now)]

    def is_due(self, now: float) -> bool:
        """Tell whether ``pursue`` may have something to begin."""
        return self._retry_at is not None and now >= self._retry_at

    def deadline(self) -> float | None:
        """Return when ``expire`` or ``pursue`` has something to do."""
        return earliest(self._timeouts.deadline(), self._retry_at)
