"""What the rest of the program knows of data channels: what an engine promises, and is told.

No WebRTC library is needed here; ``engines`` chooses one.
"""

from __future__ import annotations

from typing import Protocol

from peerpigeon.core.config import KIB

MAX_MESSAGE = 64 * KIB
"""The largest message in bytes. All WebRTC libraries take this much (RFC 8841, section 6)."""
LOW_WATER = 32 * KIB
"""Bytes: ``drained`` is called when no more than this is left to be sent. Little, because nothing
urgent can be put before it."""
LABEL = "peerpigeon-hub"
"""The label of the one data channel (RFC 8831, section 6.4)."""
STREAM = 0
"""The number of the one SCTP stream. Both ends know it, so nothing is negotiated within SCTP."""


class ChannelListener(Protocol):
    """What is told of one channel; it must not raise.

    It is called from the event loop, never from within a call to the channel.
    """

    def described(self, sdp: str) -> None:
        """Tell that our offer or answer is ready to be sent to the other hub; once."""

    def found_candidate(self, candidate: str) -> None:
        """Tell of one more address of ours, which was found after ``described``."""

    def advanced(self, stage: str, way: str) -> None:
        """Tell what is being done now: ``ICE``, ``DTLS``, ``SCTP``; for people.

        ``way`` is between which addresses; empty if that was said before.
        """

    def opened(self) -> None:
        """Tell that messages can be sent, and may come, from now on."""

    def received(self, message: bytes) -> None:
        """Tell of one whole message."""

    def drained(self) -> None:
        """Tell that ``buffered`` was above ``LOW_WATER`` and no longer is."""

    def ended(self, reason: str) -> None:
        """Tell, once, that the channel has ended, or will never open; not after ``close``.

        ``reason`` is for people, and quotes nothing that came from the other hub.
        """


class Channel(Protocol):
    """One data channel to another hub: ordered, reliable, for binary messages.

    Its opening has no time limit of its own: the caller decides when to ``close`` it.
    """

    @property
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network; 0 once the channel has ended."""

    def take_answer(self, sdp: str) -> None:
        """Take the other hub's answer to our offer, unchecked. Further ones are ignored."""

    def take_candidate(self, candidate: str) -> None:
        """Take one more address of the other hub, unchecked; ignored once the channel is open."""

    def send(self, message: bytes) -> None:
        """Send a message of at most ``MAX_MESSAGE`` bytes. Never waits, never raises.

        Nothing happens unless the channel is open.
        """

    def halt(self) -> None:
        """Hand on no message until ``go_on``, so that the other hub is slowed.

        Those that a library does not hold back come all the same.
        """

    def go_on(self) -> None:
        """Hand on messages again, none from within this call."""

    def close(self) -> None:
        """Send what is buffered as far as the library can, then end. Never raises."""


class Engine(Protocol):
    """Makes channels with one WebRTC library. To be used on the one running event loop."""

    name: str
    """``builtin``, ``aiortc`` or ``libdatachannel``."""

    def offer(self, listener: ChannelListener) -> Channel:
        """Begin a channel. It comes with ``described``, to be followed by ``take_answer``."""

    def answer(self, sdp: str, listener: ChannelListener) -> Channel:
        """Begin the other end of a channel, given the other hub's offer, unchecked."""

    async def close(self) -> None:
        """End all channels, without ``ended``; wait until no task or thread of ours remains."""


class EngineError(RuntimeError):
    """The engine cannot be made; the message says why, and what to do."""
