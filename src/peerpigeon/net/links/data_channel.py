"""One data channel to another hub, which takes turns with all other links.

An engine hands on messages as they come. As many are taken in one turn of the event loop as of a
WebSocket (``net/turns.py``); the others wait here, and the engine is halted meanwhile.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from peerpigeon.core.config.quantities import MIB
from peerpigeon.net.links.link_sockets import weight
from peerpigeon.net.websocket.turns import TURN_FRAMES

if TYPE_CHECKING:
    from peerpigeon.net.memory import Holders
    from peerpigeon.net.traffic import Traffic
    from peerpigeon.net.turns import Turns
    from peerpigeon.rtc.interface import Channel, Engine

MOST_UNREAD = 16 * MIB
"""Bytes that may wait for their turn: as many as a message in pieces may have. A hub waits for
acknowledgements before it has more than 12 MiB of signals under way to another one."""

MESSAGE_OVERHEAD = 64
"""Bytes that a message takes besides what it says, so that many empty ones count too."""


class DataChannelListener(Protocol):
    """Who hears of a data channel. Never called from within a call to it."""

    def channel_described(self, channel: DataChannel, sdp: str) -> None:
        """Tell our offer or answer."""

    def channel_candidate(self, channel: DataChannel, candidate: str) -> None:
        """Tell one more local candidate."""

    def channel_advanced(self, channel: DataChannel, stage: str, way: str) -> None:
        """Tell what is being done to open it."""

    def channel_opened(self, channel: DataChannel) -> None:
        """Tell that it may be sent to."""

    def channel_received(self, channel: DataChannel, message: bytes) -> None:
        """Tell of one message."""

    def channel_flooded(self, channel: DataChannel) -> None:
        """Tell that it has to be closed: more has come than can be kept until it is taken."""

    def channel_drained(self, channel: DataChannel) -> None:
        """Tell that there is room again."""

    def channel_ended(self, channel: DataChannel, reason: str) -> None:
        """Tell, once, that it has ended or will never open, unless ``close`` asked for it."""


class DataChannel:
    """One end of a data channel, from the first attempt to its end.

    It is the ``rtc.ChannelListener`` of the engine's channel. ``traffic`` is that of all of them,
    ``turns`` the line of all links, ``holders`` where it notes what it keeps.
    """

    def __init__(
        self,
        opening: int,
        listener: DataChannelListener,
        traffic: Traffic,
        turns: Turns,
        holders: Holders,
    ) -> None:
        self.opening = opening
        """The number by which the hub knows it."""
        self._listener = listener
        self._traffic = traffic
        self._turns = turns
        self._holders = holders
        self._channel: Channel | None = None
        self._is_over = False
        self.is_in_line = False
        """Whether it waits for its turn."""
        self._left = TURN_FRAMES  # until it has to wait for its turn
        self._unread: deque[bytes] = deque()
        self._unread_size = 0
        self._end: str | None = None  # why it has ended, while there is something unread

    def begin(self, engine: Engine, offer: str | None) -> None:
        """Offer a channel, or answer an offer."""
        self._channel = engine.offer(self) if offer is None else engine.answer(offer, self)

    @property
    def buffered(self) -> int:
        """How many bytes are still to be sent."""
        return 0 if self._channel is None else self._channel.buffered

    def take_answer(self, sdp: str) -> None:
        """Take the other hub's answer, unchecked."""
        if self._channel is not None:
            self._channel.take_answer(sdp)

    def take_candidate(self, candidate: str) -> None:
        """Take one of the other hub's candidates, unchecked."""
        if self._channel is not None:
            self._channel.take_candidate(candidate)

    def send(self, message: bytes) -> None:
        """Send one message. Never waits, never raises."""
        if self._channel is not None and not self._is_over:
            self._traffic.sent += len(message)
            self._channel.send(message)

    def flush(self) -> None:
        """Do nothing: an engine hands on what it can by itself."""

    def accept(self, most: int) -> None:
        """Do nothing: no message of a channel is over 64 KiB."""

    def close(self, code: int, reason: str) -> None:
        """End it. A data channel has no way to say why."""
        self._stop()
        if self._channel is not None:
            self._channel.close()

    # Whose turn it is

    def read_on(self) -> None:
        """Take what waits, as far as this turn has room for it."""
        self._left = TURN_FRAMES
        while self._unread and not self.is_in_line:
            message = self._unread.popleft()
            self._note_unread(self._unread_size - len(message) - MESSAGE_OVERHEAD)
            self._take(message)
        if self.is_in_line or self._is_over:
            return
        if self._end is not None:
            self._tell_end(self._end)
        elif self._channel is not None:
            self._channel.go_on()

    def give_way(self) -> None:
        """Have it closed, as memory is short and much is unread."""
        self._listener.channel_flooded(self)

    def _take(self, message: bytes) -> None:
        self._left -= weight(message)
        if self._left <= 0:
            self._turns.wait(self)
            if self._channel is not None:
                self._channel.halt()
        self._listener.channel_received(self, message)

    def _note_unread(self, size: int) -> None:
        self._unread_size = size
        self._holders.note(self, size)

    def _stop(self) -> None:
        self._is_over = True
        self._unread.clear()
        self._note_unread(0)

    # What the engine tells

    def described(self, sdp: str) -> None:
        """Take our offer or answer."""
        if not self._is_over:
            self._listener.channel_described(self, sdp)

    def found_candidate(self, candidate: str) -> None:
        """Take one more local candidate."""
        if not self._is_over:
            self._listener.channel_candidate(self, candidate)

    def advanced(self, stage: str, way: str) -> None:
        """Note how far it has come."""
        if not self._is_over:
            self._listener.channel_advanced(self, stage, way)

    def opened(self) -> None:
        """Note that messages can be sent."""
        if not self._is_over:
            self._listener.channel_opened(self)

    def received(self, message: bytes) -> None:
        """Take one message."""
        if self._is_over:
            return
        self._traffic.received += len(message)
        if not self.is_in_line:
            self._take(message)
            return
        self._unread.append(message)
        self._note_unread(self._unread_size + len(message) + MESSAGE_OVERHEAD)
        if self._unread_size > MOST_UNREAD:
            self._listener.channel_flooded(self)

    def drained(self) -> None:
        """Note that there is room again."""
        if not self._is_over:
            self._listener.channel_drained(self)

    def ended(self, reason: str) -> None:
        """Take the end."""
        if self._unread:
            self._end = reason  # is told after what came before it
        elif not self._is_over:
            self._tell_end(reason)

    def _tell_end(self, reason: str) -> None:
        self._stop()
        self._listener.channel_ended(self, reason)
