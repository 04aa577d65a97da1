"""One data channel to another hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from peerpigeon.net.traffic import Traffic
    from peerpigeon.rtc.interface import Channel, Engine


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

    def channel_drained(self, channel: DataChannel) -> None:
        """Tell that there is room again."""

    def channel_ended(self, channel: DataChannel, reason: str) -> None:
        """Tell, once, that it has ended or will never open, unless ``close`` asked for it."""


class DataChannel:
    """One end of a data channel, from the first attempt to its end.

    It is the ``rtc.ChannelListener`` of the engine's channel. ``traffic`` is that of all of them.
    """

    def __init__(self, opening: int, listener: DataChannelListener, traffic: Traffic) -> None:
        self.opening = opening
        """The number by which the hub knows it."""
        self._listener = listener
        self._traffic = traffic
        self._channel: Channel | None = None
        self._is_over = False

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
        self._is_over = True
        if self._channel is not None:
            self._channel.close()

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
        if not self._is_over:
            self._traffic.received += len(message)
            self._listener.channel_received(self, message)

    def drained(self) -> None:
        """Note that there is room again."""
        if not self._is_over:
            self._listener.channel_drained(self)

    def ended(self, reason: str) -> None:
        """Take the end."""
        if not self._is_over:
            self._is_over = True
            self._listener.channel_ended(self, reason)
