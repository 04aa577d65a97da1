"""aiortc's ICE gatherer, DTLS and SCTP, each with what a hub needs changed."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aiortc import RTCDtlsTransport, RTCIceGatherer, RTCSctpTransport

from peerpigeon.core.config import KIB
from peerpigeon.rtc.sctp.round_trip import RoundTrip

if TYPE_CHECKING:
    from peerpigeon.rtc.gathering import HubConnection

WINDOW = 64 * KIB
"""Bytes that may be under way on a short path."""
RATE = 2048 * KIB
"""Bytes a second that the window is to allow: on a long path more than ``WINDOW`` is under way."""


class Association(RTCSctpTransport):
    """SCTP with a limit to the bytes under way.

    Where no packet is lost aiortc lets them grow to a megabyte, and goes through all of them for
    each packet that it sends. The shortest round trip says how long the path is; see
    ``rtc/sctp/congestion.py``.
    """

    def __init__(self, transport: RTCDtlsTransport) -> None:
        super().__init__(transport)
        self._trip = RoundTrip()

    async def _transmit(self) -> None:
        if self._srtt is not None:
            self._trip.measure(self._srtt, time.monotonic())
        self._cwnd = min(self._cwnd, max(WINDOW, int(RATE * self._trip.shortest)))
        await super()._transmit()


class Gatherer(RTCIceGatherer):
    """A gatherer for a connection of ours."""

    def __init__(self, connection: HubConnection) -> None:
        super().__init__(iceServers=[])
        self._connection = connection


class Dtls(RTCDtlsTransport):
    """A DTLS transport that drops what it is to send once it has ended.

    aiortc's SCTP sends in tasks that its timers start and nobody awaits. They would raise, and
    asyncio would report it, although nothing is wrong: the channel sees the end in the state.
    """

    async def _send_data(self, data: bytes) -> None:
        with suppress(ConnectionError):
            await super()._send_data(data)
