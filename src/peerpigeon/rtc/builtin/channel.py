"""One data channel: an SCTP association over ICE and DTLS (RFC 8831).

All that comes in one turn of the event loop is taken together, and all that it leads to is sent
together: what the turn brought is acknowledged once, and messages share packets.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from peerpigeon.rtc.channel_tasks import TaskChannel
from peerpigeon.rtc.interface import LOW_WATER
from peerpigeon.rtc.sctp import Association, Ended, Event, Opened, Received
from peerpigeon.rtc.sdp import Candidate, parse_offer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from peerpigeon.rtc.builtin.listener import TransportListener
    from peerpigeon.rtc.builtin.transport import Transport
    from peerpigeon.rtc.interface import ChannelListener

MAX_PACKET = 1160
"""The largest packet in bytes: what DTLS makes of it fits 1,200, which IPv6 carries everywhere and
a TURN server adds to."""


class BuiltinChannel(TaskChannel):
    """One channel."""

    def __init__(
        self,
        new_transport: Callable[[TransportListener, bool], Awaitable[Transport]],
        listener: ChannelListener,
        offer: str | None,
    ) -> None:
        super().__init__(listener, offer)
        self._new_transport = new_transport
        self._is_high = False  # more than LOW_WATER was buffered, and `drained` is to come
        self._is_turning = False  # the end of a turn is to come
        self._is_halted = False  # messages that come are to wait
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._early: list[Candidate] = []  # came before there was a transport
        self._transport: Transport | None = None
        self._association: Association | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0

    @property
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network."""
        if self._association is None or not self._is_open or self._over.done():
            return 0
        return self._association.buffered

    def send(self, message: bytes) -> None:
        """Send a message."""
        if self._association is not None and self._is_open and not self._over.done():
            self._association.send(message)
            self._is_high = self._is_high or self._association.buffered > LOW_WATER
            self._turn_later()

    def halt(self) -> None:
        """Let messages wait, at the other hub once what waits here fills the window."""
        self._is_halted = True

    def go_on(self) -> None:
        """Hand on what waits, and what comes, from the next turn on."""
        self._is_halted = False
        self._turn_later()

    def _add(self, candidate: Candidate) -> None:
        if self._transport is None:
            self._early.append(candidate)
        else:
            self._transport.add(candidate)

    # What the transport tells

    def packets_came(self, packets: list[bytes]) -> None:
        """Take packets; what they lead to is seen at the end of the turn."""
        if self._association is not None:
            now = self._loop.time()
            for packet in packets:
                self._association.receive(packet, now)
            self._turn_later()

    def transport_lost(self) -> None:
        """End the channel."""
        self._gone.set()
        if self._association is not None:
            self._hand_on()  # what came before it is to be heard, in order
            for event in self._association.events():
                self._take(event)
            self._hand_on()
        self._end("the connection to the other hub broke")

    # Opening

    async def _open_or_fail(self) -> None:
        offer = None if self._offer is None else parse_offer(self._offer)
        self._transport = await self._new_transport(self, offer is None)
        for candidate in self._early:
            self._transport.add(candidate)
        own = await self._transport.describe(offer)
        self._listener.described(str(own))
        remote = await self._answer if offer is None else offer
        self._association = Association(
            port=own.sctp_port,
            peer_port=remote.sctp_port,
            mtu=MAX_PACKET,
            rng=random.SystemRandom(),
        )
        await self._transport.connect(remote)
        self.advanced("SCTP", "")
        self._association.connect(self._loop.time())
        self._turn_later()

    # Turns

    def _turn_later(self) -> None:
        if not self._is_turning:
            self._is_turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """See what has happened, and send all that is to be sent."""
        self._is_turning = False
        association, transport = self._association, self._transport
        if association is None or transport is None:
            return
        if not self._is_halted:
            self._hand_on()
        for event in association.events():
            self._take(event)
        association.keep(self._waiting_size)
        for packet in association.packets(self._loop.time()):
            transport.send(packet)
        if self._is_high and association.buffered <= LOW_WATER:
            self._is_high = False
            if not self._over.done():
                self._listener.drained()
        self._wake_at(association.deadline())

    def _take(self, event: Event) -> None:
        match event:
            case Ended(reason):
                self._hand_on()
                self._lose(reason)
            case _ if self._over.done():
                return
            case Received(message) if self._is_halted:
                self._waiting.append(message)
                self._waiting_size += len(message)
            case Received(message):
                self._listener.received(message)
            case Opened():
                self._is_open = True
                self._listener.opened()

    def _hand_on(self) -> None:
        """Hand on what has waited, though the listener may halt again meanwhile."""
        waiting, self._waiting, self._waiting_size = self._waiting, [], 0
        for message in waiting:
            if not self._over.done():
                self._listener.received(message)

    def _wake_at(self, deadline: float | None) -> None:
        """Look again when something is due; a timer that is early enough stays as it is."""
        if self._timer is not None:
            if deadline is not None and self._wakes_at <= deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            # Not asked of the timer: uvloop's has no time if it is due within half a millisecond.
            self._wakes_at = deadline
            self._timer = self._loop.call_at(deadline, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._association is not None:
            self._association.tick(self._loop.time())
            self._turn()

    # The end

    def _finish(self) -> None:
        if self._association is not None:
            self._association.shutdown(self._loop.time())
            self._turn()

    async def _tear_down(self) -> None:
        self._association = None
        if self._timer is not None:
            self._timer.cancel()
        # Each knows the other: without this, what both hold would stay until garbage is collected.
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()
