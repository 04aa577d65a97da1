"""Both ends of a channel in one process, with the signaling between them in the test's hand."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from peerpigeon.rtc.engines import make_engine
from peerpigeon.rtc.ice import IceOptions

if TYPE_CHECKING:
    from peerpigeon.rtc.interface import Channel, Engine

LOOPBACK = IceOptions(loopback_only=True)
CONDITION_TIMEOUT = 20.0
"""Seconds in which something has to be heard at either end. How long it takes in all hangs on what
else the machine does: 10,000 messages take aiortc 1.4 s of CPU."""


class End:
    """Listens to one channel, and lets a test wait for what it hears.

    ``changed``: set when something is heard at this end, or at others that have the same.
    """

    def __init__(self, changed: asyncio.Event | None = None) -> None:
        self.channel: Channel
        self.sdp = ""
        self.candidates: list[str] = []
        self.messages: list[bytes] = []
        self.stages: list[tuple[str, str]] = []
        self.is_open = False
        self.drains = 0
        self.reasons: list[str] = []
        self._changed = changed or asyncio.Event()

    def described(self, sdp: str) -> None:
        assert not self.sdp, "described twice"
        self.sdp = sdp
        self._changed.set()

    def found_candidate(self, candidate: str) -> None:
        assert self.sdp, "a candidate before the description"
        self.candidates.append(candidate)
        self._changed.set()

    def advanced(self, stage: str, way: str) -> None:
        assert not self.is_open, "it has come all the way"
        self.stages.append((stage, way))

    def opened(self) -> None:
        assert not self.is_open, "opened twice"
        self.is_open = True
        self._changed.set()

    def received(self, message: bytes) -> None:
        assert self.is_open, "a message before the channel was open"
        self.messages.append(message)
        self._changed.set()

    def drained(self) -> None:
        self.drains += 1
        self._changed.set()

    def ended(self, reason: str) -> None:
        self.reasons.append(reason)
        self._changed.set()

    async def until(self, is_so: Callable[[], bool], within: float | None = None) -> None:
        """Wait until something heard has made a condition true.

        ``within``: in how many seconds it has to be; else as long as either end hears something.
        """
        async with asyncio.timeout(within):
            while not is_so():
                self._changed.clear()
                async with asyncio.timeout(CONDITION_TIMEOUT):
                    await self._changed.wait()

    async def until_described(self) -> str:
        await self.until(lambda: bool(self.sdp or self.reasons))
        assert not self.reasons
        return self.sdp

    async def until_open(self) -> None:
        await self.until(lambda: self.is_open or bool(self.reasons))
        assert not self.reasons

    async def until_ended(self, within: float | None = None) -> str:
        await self.until(lambda: bool(self.reasons), within)
        return self.reasons[0]

    async def until_received(self, count: int) -> list[bytes]:
        await self.until(lambda: len(self.messages) >= count or bool(self.reasons))
        return self.messages


class Engines:
    """The engine of the offering and that of the answering hub; closed at the end."""

    def __init__(self, offering: str, answering: str, options: IceOptions = LOOPBACK) -> None:
        self._names = (offering, answering)
        self._options = options
        self._stack = AsyncExitStack()
        self._changed = asyncio.Event()
        self.offering: Engine
        self.answering: Engine

    async def __aenter__(self) -> Self:
        self.offering, self.answering = (make_engine(name, self._options) for name in self._names)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with asyncio.timeout(CONDITION_TIMEOUT):
            await self.offering.close()
            await self.answering.close()

    async def offer(self) -> End:
        """An end whose offer is ready."""
        end = End(self._changed)
        end.channel = self.offering.offer(end)
        await end.until_described()
        return end

    async def answer(self, sdp: str) -> End:
        """The other end, with its answer ready."""
        end = End(self._changed)
        end.channel = self.answering.answer(sdp, end)
        await end.until_described()
        return end

    async def connect(self) -> tuple[End, End]:
        """Two ends of one open channel."""
        one = await self.offer()
        other = await self.answer(one.sdp)
        one.channel.take_answer(other.sdp)
        await one.until_open()
        await other.until_open()
        return one, other
