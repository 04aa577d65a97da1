"""One data channel: an SCTP association over ICE and DTLS (RFC 8831).

All that comes in one turn of the event loop is taken together, and all that it leads to is sent
together: what the turn brought is acknowledged once, and messages share packets.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

from peerpigeon.rtc.builtin.listener import TransportListener, UnreachableError
from peerpigeon.rtc.interface import LOW_WATER, ChannelListener
from peerpigeon.rtc.sctp import Association, Ended, Event, Opened, Received
from peerpigeon.rtc.sdp import (
    MAX_CANDIDATES,
    Candidate,
    Description,
    SdpError,
    parse_answer,
    parse_candidate,
    parse_offer,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from peerpigeon.rtc.builtin.transport import Transport

logger = logging.getLogger(__name__)

MAX_PACKET = 1160
"""The largest packet in bytes: what DTLS makes of it fits 1,200, which IPv6 carries everywhere and
a TURN server adds to."""
CLOSE_TIMEOUT = 5.0
"""Seconds for the other hub to acknowledge what it is still sent."""


class BuiltinChannel:
    """One channel. ``live`` is its one task, which waits for its end while it is open."""

    def __init__(
        self,
        new_transport: Callable[[TransportListener, bool], Awaitable[Transport]],
        listener: ChannelListener,
        offer: str | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._new_transport = new_transport
        self._listener = listener
        self._offer = offer
        self._answer: asyncio.Future[Description] = self._loop.create_future()
        self._over: asyncio.Future[str] = self._loop.create_future()
        self._gone = asyncio.Event()  # nothing more can be sent or will come
        self._is_closed = False  # by our own side
        self._is_open = False
        self._is_high = False  # more than LOW_WATER was buffered, and `drained` is to come
        self._is_turning = False  # the end of a turn is to come
        self._is_halted = False  # messages that come are to wait
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._candidates = 0
        self._early: list[Candidate] = []  # came before there was a transport
        self._transport: Transport | None = None
        self._association: Association | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network."""
        if self._association is None or not self._is_open or self._over.done():
            return 0
        return self._association.buffered

    def take_answer(self, sdp: str) -> None:
        """Take the answer."""
        if self._offer is not None or self._answer.done() or self._over.done():
            return
        try:
            self._answer.set_result(parse_answer(sdp))
        except SdpError as problem:
            self._end(str(problem))

    def take_candidate(self, candidate: str) -> None:
        """Take one more address."""
        if self._is_open or self._over.done():
            return
        self._candidates += 1
        try:
            found = parse_candidate(candidate)
        except SdpError as problem:
            self._end(str(problem))
            return
        if found is None or self._candidates > MAX_CANDIDATES:
            return
        if self._transport is None:
            self._early.append(found)
        else:
            self._transport.add(found)

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

    def close(self) -> None:
        """Send what is buffered, then end."""
        self._is_closed = True
        self._end("")

    async def live(self) -> None:
        """Open the channel, wait for its end, and clean up."""
        opening = self._loop.create_task(self._open())
        reason = await self._over
        was_open, self._is_open = self._is_open, False
        opening.cancel()
        if not self._is_closed:
            self._listener.ended(reason)
        elif was_open:
            await self._drain()
        await asyncio.gather(opening, return_exceptions=True)
        self._association = None
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            await self._transport.close()

    # What the transport tells

    def advanced(self, stage: str, way: str) -> None:
        """Pass it on."""
        if not self._over.done():
            self._listener.advanced(stage, way)

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
            for event in self._association.events():  # what came before it is to be heard
                self._take(event)
            self._hand_on()
        self._end("the connection to the other hub broke")

    # Opening

    async def _open(self) -> None:
        try:
            await self._open_or_fail()
        except (SdpError, UnreachableError) as problem:
            self._end(str(problem))
        except Exception:
            # What a library raises beyond that ends this channel only, and is logged.
            logger.exception("a data channel could not be opened")
            self._end("internal error while the channel was opened")

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
                self._gone.set()
                self._end(reason)
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
        timer = self._timer
        if timer is not None:
            if deadline is not None and timer.when() <= deadline:
                return
            timer.cancel()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._association is not None:
            self._association.tick(self._loop.time())
            self._turn()

    # The end

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    async def _drain(self) -> None:
        """Send what is buffered, and wait until the other hub has it."""
        if self._association is None or self._gone.is_set():
            return
        self._association.shutdown(self._loop.time())
        self._turn()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._gone.wait()
        except TimeoutError:
            logger.debug("a hub did not confirm that a channel is closed")
