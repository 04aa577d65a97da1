"""One open link to another hub: what waits for it, and what has come in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.interface.link_outbox import AHEAD
from peerpigeon.core.interface.link_pieces import (
    MAX_MESSAGE,
    STRANGER_MESSAGE,
    STRANGER_MESSAGES,
    WHOLE_MESSAGE,
    Joiner,
    PieceError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.ids import LinkId
    from peerpigeon.core.interface.link_outbox import LinkOutbox


class Wire(Protocol):
    """One open connection to another hub."""

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""

    def send(self, message: bytes) -> None:
        """Send one message. Never waits, never raises."""

    def flush(self) -> None:
        """Hand on what was sent, so that ``buffered`` tells what the network does not take yet."""

    def accept(self, most: int) -> None:
        """Take messages of ``most`` bytes from now on."""

    def close(self, code: int, reason: str) -> None:
        """Send what is still to be sent, then end the connection; nothing more is told of it."""


class Link:
    """A wire, and what is still to be joined or cut into its messages, or put together from them.

    Its owner flushes it when something was added, and when the wire has room again.
    """

    __slots__ = (
        "_give_way",
        "_inbox",
        "_is_trusted",
        "_messages",
        "id",
        "is_flushing",
        "is_open",
        "outbox",
        "wire",
    )

    def __init__(
        self, number: LinkId, wire: Wire, outbox: LinkOutbox, give_way: Callable[[Link], None]
    ) -> None:
        self.id = number
        self.wire = wire
        self.outbox = outbox
        self._give_way = give_way
        self._inbox = Joiner(MAX_MESSAGE)
        self._is_trusted = False
        self._messages = 0  # until it is trusted
        self.is_open = True
        """Whether it is of use to its owner; what still comes is thrown away when it is not."""
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

    def trust(self) -> None:
        """Take large messages from now on: the other end has proved itself."""
        self._is_trusted = True
        self.wire.accept(WHOLE_MESSAGE)

    @property
    def begun(self) -> int:
        """How many bytes are kept of a message in pieces that is not whole."""
        return self._inbox.size

    def give_way(self) -> None:
        """End, as memory is short and this link has much of it."""
        self._give_way(self)

    def take(self, message: bytes) -> bytes | None:
        """Return a whole message, or the one that ends with this piece; ``None`` if more must come.

        Raises ``PieceError`` for pieces that make none, and for more than a hub needs to prove
        itself before it has.
        """
        if self._is_trusted:
            return self._inbox.take(message)
        self._messages += 1
        if len(message) > STRANGER_MESSAGE or self._messages > STRANGER_MESSAGES:
            raise PieceError("more than a hub needs to prove itself")
        return message

    def close(self, code: int, reason: str) -> None:
        """Send all that waits, then end the connection."""
        while (message := self.outbox.next()) is not None:
            self.wire.send(message)
        self.wire.close(code, reason)
