"""One open link to another hub: what waits for it, and what has come in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.interface.link_outbox import AHEAD, LinkOutbox
from peerpigeon.core.interface.link_pieces import Joiner

if TYPE_CHECKING:
    from peerpigeon.core.ids import LinkId


class Wire(Protocol):
    """One open connection to another hub."""

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""

    def send(self, message: bytes) -> None:
        """Send one message. Never waits, never raises."""

    def flush(self) -> None:
        """Hand on what was sent, so that ``buffered`` tells what the network does not take yet."""

    def close(self, code: int, reason: str) -> None:
        """Send what is still to be sent, then end the connection; nothing more is told of it."""


class Link:
    """A wire, and what is still to be joined or cut into its messages, or put together from them.

    Its owner flushes it when something was added, and when the wire has room again.
    """

    __slots__ = ("id", "inbox", "is_flushing", "outbox", "wire")

    def __init__(self, number: LinkId, wire: Wire, max_outbox_size: int, max_message: int) -> None:
        self.id = number
        self.wire = wire
        self.outbox = LinkOutbox(max_outbox_size)
        self.inbox = Joiner(max_message)
        self.is_flushing = False
        """Whether it is to be flushed at the end of this turn of the loop."""

    def flush(self) -> None:
        """Send what waits, as far as the network takes it: what is urgent may come any time."""
        wire, outbox = self.wire, self.outbox
        while wire.buffered < AHEAD:
            message = outbox.next()
            if message is None:
                return
            wire.send(message)
            if wire.buffered >= AHEAD:
                wire.flush()

    def close(self, code: int, reason: str) -> None:
        """Send all that waits, then end the connection."""
        while (message := self.outbox.next()) is not None:
            self.wire.send(message)
        self.wire.close(code, reason)
