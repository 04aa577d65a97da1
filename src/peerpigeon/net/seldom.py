"""A log line for what strangers can cause as often as they like."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

INTERVAL = 60.0
"""Seconds between two lines about the same thing."""


class SeldomWarning:
    """Writes a warning at most once a minute, with how often it has been held back meanwhile."""

    def __init__(self, logger: logging.Logger, text: str) -> None:
        self._logger = logger
        self._text = text
        self._is_due_at = float("-inf")
        self._held_back = 0

    def warn(self, now: float, *values: object) -> None:
        """Write the line with ``values`` in it, unless one was written within ``INTERVAL``."""
        if now < self._is_due_at:
            self._held_back += 1
            return
        self._is_due_at = now + INTERVAL
        text, held_back = self._text, self._held_back
        self._held_back = 0
        if held_back:
            text += " (and %d more since the last such line)"
            values = (*values, held_back)
        self._logger.warning(text, *values)
