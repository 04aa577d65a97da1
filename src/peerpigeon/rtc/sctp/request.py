"""What is sent again and again until it is answered (T1 and T2 of RFC 9260, section 16)."""

from __future__ import annotations

MAX_RETRANSMISSIONS = 8
"""How often in a row nothing is heard before the other end counts as gone (section 16)."""
MOST = 10.0
"""Seconds between two tries at most."""


class Request:
    """The one chunk that is to be answered now, if there is one."""

    __slots__ = ("_failures", "_timeout", "chunk", "timer")

    def __init__(self) -> None:
        self.chunk = b""
        self.timer: float | None = None
        """When it is to be sent again."""
        self._failures = 0
        self._timeout = 0.0

    def begin(self, chunk: bytes, timeout: float, now: float) -> None:
        """Take a chunk that is sent now; an answer is expected within ``timeout`` seconds."""
        self.chunk = chunk
        self._failures = 0
        self._timeout = timeout
        self.timer = now + timeout

    def repeat(self, now: float) -> bool:
        """Tell whether to send it again, since no answer came; if not, the other end is gone."""
        self._failures += 1
        if self._failures > MAX_RETRANSMISSIONS:
            return False
        self._timeout = min(2 * self._timeout, MOST)
        self.timer = now + self._timeout
        return True

    def answered(self) -> None:
        """Send it no more."""
        self.chunk, self.timer = b"", None
