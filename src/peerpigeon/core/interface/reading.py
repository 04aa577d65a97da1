"""How much of what was sent to a client it has surely read, for a shell to report."""

from __future__ import annotations

MUCH_UNREAD = 64 * 1024
"""Bytes that may be unread when a ping is sent, above which a shell says so."""


class ReadProgress:
    """What one client has read: all that was sent before a ping that it has answered.

    One ping at a time is followed. Until it is answered, what was sent after it may be unread, too.
    """

    __slots__ = ("_number", "_read", "_sent_before")

    def __init__(self) -> None:
        self._read = 0
        self._number = 0  # of the ping that is followed; 0 if there is none
        self._sent_before = 0

    def pinged(self, number: int, sent: int) -> int:
        """Note that a ping is sent after so many bytes in all; return how many may be unread."""
        if not self._number:
            self._number, self._sent_before = number, sent
        return sent - self._read

    def ponged(self, number: int) -> None:
        """Note that a ping was answered; 0 stands for none of ours."""
        if self._number and number >= self._number:
            self._read, self._number = self._sent_before, 0
