"""Channels that live in a task of their own on the event loop.

What a library makes of ICE, DTLS and SCTP is its own; what a channel does with descriptions and
candidates, in which order it opens and ends, and what it tells of that, is the same for each.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from peerpigeon.rtc.sdp import (
    MAX_CANDIDATES,
    Candidate,
    Description,
    SdpError,
    parse_answer,
    parse_candidate,
)

if TYPE_CHECKING:
    from peerpigeon.rtc.interface import ChannelListener

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0
"""Seconds for the other hub to acknowledge what it is still sent."""


class UnreachableError(Exception):
    """The other hub cannot be reached; the text is the reason for the listener of the channel."""


class TaskChannel(ABC):
    """One channel. ``live`` is its one task, which waits for its end while it is open."""

    def __init__(self, listener: ChannelListener, offer: str | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._offer = offer
        self._answer: asyncio.Future[Description] = self._loop.create_future()
        self._over: asyncio.Future[str] = self._loop.create_future()
        self._gone = asyncio.Event()  # nothing more can be sent or will come
        self._is_closed = False  # by our own side
        self._is_open = False
        self._candidates = 0

    @property
    @abstractmethod
    def buffered(self) -> int:
        """How many bytes are not yet handed to the network."""

    @abstractmethod
    def send(self, message: bytes) -> None:
        """Send a message."""

    @abstractmethod
    def halt(self) -> None:
        """Let messages wait, if the library can."""

    @abstractmethod
    def go_on(self) -> None:
        """Hand on messages again."""

    @abstractmethod
    def _add(self, candidate: Candidate) -> None:
        """Take one more address of the other hub."""

    @abstractmethod
    async def _open_or_fail(self) -> None:
        """Open the channel. Raises ``SdpError`` or ``UnreachableError``."""

    @abstractmethod
    def _finish(self) -> None:
        """Send what is buffered, and that nothing more will come; ``_gone`` once that is known."""

    @abstractmethod
    async def _tear_down(self) -> None:
        """End what the library has begun."""

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
        if found is not None and self._candidates <= MAX_CANDIDATES:
            self._add(found)

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
        await self._tear_down()

    def advanced(self, stage: str, way: str) -> None:
        """Tell what is being done now, unless it is over."""
        if not self._over.done():
            self._listener.advanced(stage, way)

    def _end(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(reason)

    def _lose(self, reason: str) -> None:
        self._gone.set()
        self._end(reason)

    async def _open(self) -> None:
        try:
            await self._open_or_fail()
        except (SdpError, UnreachableError) as problem:
            self._end(str(problem))
        except Exception:
            # What a library raises beyond that ends this channel only, and is logged.
            logger.exception("a data channel could not be opened")
            self._end("internal error while the channel was opened")

    async def _drain(self) -> None:
        """Send what is buffered, and wait until the other hub has it."""
        if self._gone.is_set():
            return
        self._finish()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._gone.wait()
        except TimeoutError:
            logger.debug("a hub did not confirm that a channel is closed")
