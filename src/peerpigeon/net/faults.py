"""The log of faults of our own: with the traceback, but not as often as strangers can cause one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.seldom import INTERVAL

if TYPE_CHECKING:
    import logging


class FaultLog:
    """Logs each kind of fault at most once a minute, with how often it has come meanwhile.

    A kind is what was being done and the type of the error: both are ours, so that there are few.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._is_due_at: dict[tuple[str, str], float] = {}
        self._held_back: dict[tuple[str, str], int] = {}
        self.count = 0
        """How many faults there were."""

    def add(self, doing: str, error: Exception, now: float) -> None:
        """Take down that ``error`` has come out of ``doing``."""
        self.count += 1
        kind = doing, type(error).__name__
        if now < self._is_due_at.get(kind, now):
            self._held_back[kind] = self._held_back.get(kind, 0) + 1
            return
        self._is_due_at[kind] = now + INTERVAL
        held_back = self._held_back.pop(kind, 0)
        more = f" (and {held_back} more since the last such line)" if held_back else ""
        self._logger.error("internal error while %s%s", doing, more, exc_info=error)
