"""What a transport tells the channel above it."""

from __future__ import annotations

from typing import Protocol


class TransportListener(Protocol):
    """What is told of one transport; it must not raise."""

    def advanced(self, stage: str, way: str) -> None:
        """Tell what is being done now: ``ICE`` or ``DTLS``, and between which addresses."""

    def packets_came(self, packets: list[bytes]) -> None:
        """Tell of packets that the other hub has sent, unchecked but for who sent them."""

    def transport_lost(self) -> None:
        """Tell that nothing more will come; perhaps more than once."""
