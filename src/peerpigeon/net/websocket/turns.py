"""Whose turn it is to be read: nobody is read without end while others wait.

In one turn of the event loop a socket is read at most once, and ``TURN_FRAMES`` frames of it are
taken. With the rest it waits in a line (``net/turns.py``) until everybody else has had a turn, and
is not read. Data channels to other hubs wait in the line of the WebSockets to other hubs.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.net.turns import Turns
    from peerpigeon.net.websocket.protocol import Event, Message

TURN_FRAMES = 64
"""Frames of one socket that are taken in one turn of the event loop, control frames and fragments
too: at 3 to 10 microseconds each, half a millisecond that others wait. Real clients send a few
dozen at once."""

TURN_SOCKETS = 16
"""Sockets that had more to say than that and are heard again in one turn, longest waiting first."""

READ_SIZE = 250_000
"""Bytes that come at once, from which on a socket waits for its next turn. uvloop reads on from the
same socket while its buffer of 256,000 bytes is full, up to 32 times, before it looks at another.
What is less is all there was; to wait for another turn after that would cost two system calls."""

_MESSAGE = (str, bytes)


class Group(Protocol):
    """What those that take turns share."""

    turns: Turns

    def receive(self, socket: Any, message: Message) -> int:  # noqa: ANN401 - its own kind
        """Take a message; return as how many frames of the turn it counts."""


class TurnTaker(asyncio.Protocol, ABC):
    """A WebSocket that waits for its turn when it has much to say."""

    __slots__ = ("_is_halted", "_unread", "is_in_line", "unread_size")

    _group: Group
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._is_halted = False  # whether it is not to be read at all
        self._unread: Iterator[Event | None] | None = None  # while it waits
        self.is_in_line = False
        """Whether it waits for its turn."""
        self.unread_size = 0
        """Bytes that are kept for its next turns, at most: the whole of what was read last."""

    @abstractmethod
    def take(self, event: Event) -> None:
        """Act on an event of the protocol."""

    def take_turn(self, events: Iterator[Event | None], size: int = 0) -> bool:
        """Take the frames of one turn; tell whether more is left for the next one.

        ``size`` is the number of bytes that they are read from.
        """
        left = TURN_FRAMES
        for event in events:
            if isinstance(event, _MESSAGE):  # as most are
                left -= self._group.receive(self, event)
            else:
                left -= 1
                if event is not None:
                    self.take(event)
            if left <= 0:
                self.wait_for_turn(events, size)
                return True
        return False

    def wait_for_turn(self, events: Iterator[Event | None], size: int = 0) -> None:
        """Read nothing until everybody else has had a turn."""
        if not self._transport.is_closing():
            self._transport.pause_reading()
            self._unread, self.unread_size = events, size
            self._group.turns.wait(self)

    def read_on(self) -> None:
        """Go on with what waits for this turn, then with what comes."""
        if self._is_halted:
            return
        events, size = self._unread, self.unread_size
        self.forget_unread()
        if events is not None and self.take_turn(events, size):
            return
        if not self._is_halted and not self._transport.is_closing():
            self._transport.resume_reading()

    def halt(self) -> None:
        """Read nothing more until ``go_on``; what has been read in this turn is still taken."""
        self._is_halted = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again, from the next turn on."""
        if self._is_halted:
            self._is_halted = False
            self._group.turns.wait(self)

    def forget_unread(self) -> None:
        """Let go of what waits to be taken, because the socket has ended."""
        self._unread, self.unread_size = None, 0
