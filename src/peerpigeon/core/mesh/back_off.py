"""How patiently a hub that is wanted is tried again: pauses that double, up to a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.core.mesh.limits import MeshLimits


class BackOff:
    """What is remembered of a hub that is wanted and not linked by a data channel."""

    __slots__ = ("_declines", "_dials", "_failures", "_limits", "_rng", "channel_at", "dial_at")

    def __init__(self, rng: Random, limits: MeshLimits, channel_at: float) -> None:
        self._rng = rng
        self._limits = limits
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
        return self._failures > 0 or self._declines >= self._limits.offers_before_fallback

    def linked(self) -> None:
        """Note that the hub is linked, by whatever carrier."""
        self._dials = 0

    def declined(self, now: float) -> None:
        """Note that an offer was declined or not answered in time."""
        self.channel_at = now + self._pause(self._limits.declined_pause, self._declines)
        self._declines += 1

    def channel_failed(self, now: float) -> None:
        """Note that a channel could not be had although both hubs wanted it."""
        self.channel_at = now + self._pause(self._limits.failed_pause, self._failures)
        self._failures += 1

    def dialled(self, now: float) -> None:
        """Note that a WebSocket is being dialled.

        The pause begins now: behind the address there may be another hub than the one wanted, even
        ourselves, and then the dial does not fail.
        """
        self.dial_at = now + self._pause(self._limits.declined_pause, self._dials)
        self._dials += 1

    def dial_failed(self, now: float) -> None:
        """Note that a dial has come to nothing: the pause is counted from its end."""
        self.dial_at = now + self._pause(self._limits.declined_pause, max(0, self._dials - 1))

    def _pause(self, first: float, times: int) -> float:
        # Drawn from a range, so that two hubs that failed together do not try together for ever.
        pause = min(first * 2.0 ** min(times, 16), self._limits.longest_pause)
        return float(pause * self._rng.uniform(0.75, 1.25))
