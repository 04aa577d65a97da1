"""When the mesh counts as ready, and when its WebSockets are no longer needed (S17, S19, S21)."""

from __future__ import annotations


class Migration:
    """Readiness of one hub and its move from WebSockets to data channels."""

    def __init__(self, min_links: int, delay: float) -> None:
        self._min_links = min_links
        self._delay = delay
        self._ready_since: float | None = None
        self.is_migrated = False
        """Whether the hub has closed the WebSockets it no longer needed, and is still ready."""

    @property
    def is_ready(self) -> bool:
        """Whether there are enough data channels (S17)."""
        return self._ready_since is not None

    def update(self, channels: int, others: int, now: float, workers: int = 0) -> bool:
        """Note the number of hubs linked by data channel and of all others known.

        ``workers`` of the others are on this machine and linked in a way that needs no channel.

        Returns whether the hub has just become ready.
        """
        links = channels + workers
        enough = links >= self._min_links or links >= others >= 1
        if not enough:
            self._ready_since, self.is_migrated = None, False
        elif self._ready_since is None:
            self._ready_since = now
            return True
        return False

    def may_close(self, opened_at: float, now: float) -> bool:
        """Tell whether a WebSocket opened then, if nobody needs it, may be closed now."""
        since = self._ready_since
        return since is not None and now >= max(since, opened_at) + self._delay

    def migrate(self, now: float) -> bool:
        """Return whether the time has come for the move, which is once until readiness is lost."""
        due = self.deadline()
        if due is None or now < due:
            return False
        self.is_migrated = True
        return True

    def deadline(self) -> float | None:
        """Return when ``migrate`` is due."""
        if self._ready_since is None or self.is_migrated:
            return None
        return self._ready_since + self._delay
