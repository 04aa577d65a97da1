"""How patiently a hub that is wanted is tried again: pauses that double, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

OFFERS_BEFORE_FALLBACK = 3
"""Offers that came to nothing after which a WebSocket is tried."""

DECLINED_PAUSE = 1.0
"""Seconds until a hub that had no place or did not answer is asked again, and until it is dialled
again; doubled each time up to ``MAX_PAUSE``."""

FAILED_PAUSE = 15.0
"""Seconds until a channel that failed is tried again, doubled each time up to ``MAX_PAUSE``."""

MAX_PAUSE = 300.0


class BackOff:
    """What is remembered of a hub that is wanted and not linked by a data channel."""

    __slots__ = ("_declines", "_dials", "_failures", "_rng", "channel_at", "dial_at")

    def __init__(self, rng: Random, channel_at: float) -> None:
        self._rng = rng
        self._declines = 0  # offers that the hub has declined or not answered
        self._failures = 0  # channels that did not open although offer and answer were exchanged
        self._dials = 0  # WebSockets dialled since it was linked last
        self.channel_at = channel_at
        """When a channel may be tried next."""
        self.dial_at = 0.0
        """When a WebSocket may be dialled next."""

    @property
    def has_failed(self) -> bool:
        """Whether a channel has failed."""
        return self._failures > 0

    @property
    def needs_socket(self) -> bool:
        """Whether a channel has failed, or several offers have led to nothing."""
        return self._failures > 0 or self._declines >= OFFERS_BEFORE_FALLBACK

    def linked(self) -> None:
        """Note that the hub is linked, by whatever carrier."""
        self._dials = 0

    def declined(self, now: float) -> None:
        """Note that an offer was declined or not answered in time."""
        self.channel_at = now + self._pause(DECLINED_PAUSE, self._declines)
        self._declines += 1

    def channel_failed(self, now: float) -> None:
        """Note that a channel could not be had although both hubs wanted it."""
        self.channel_at = now + self._pause(FAILED_PAUSE, self._failures)
        self._failures += 1

    def dialled(self, now: float) -> None:
        """Note that a WebSocket is being dialled.

        The pause begins now: behind the address there may be another hub than the one wanted, even
        ourselves, and then the dial does not fail.
        """
        self.dial_at = now + self._pause(DECLINED_PAUSE, self._dials)
        self._dials += 1

    def dial_failed(self, now: float) -> None:
        """Note that a dial has come to nothing: the pause is counted from its end."""
        self.dial_at = now + self._pause(DECLINED_PAUSE, max(0, self._dials - 1))

    def _pause(self, first: float, times: int) -> float:
        # Drawn from a range, so that two hubs that failed together do not try together for ever.
        return float(min(first * 2.0 ** min(times, 16), MAX_PAUSE) * self._rng.uniform(0.75, 1.25))
