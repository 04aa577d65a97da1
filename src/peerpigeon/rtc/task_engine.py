"""The engine that keeps channels which live in a task of their own.

What a channel is made of is loaded with the first one (``channel_tasks``, ``sdp``).
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from peerpigeon.rtc.channel_tasks import TaskChannel
    from peerpigeon.rtc.interface import ChannelListener

C = TypeVar("C", bound="TaskChannel")


class TaskEngine(ABC, Generic[C]):
    """Makes channels of one class, and has them end. To be made while the event loop runs."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._channels: set[C] = set()

    @abstractmethod
    def _make(self, listener: ChannelListener, offer: str | None) -> C:
        """Return a new channel that answers an offer, or makes one."""

    def offer(self, listener: ChannelListener) -> C:
        """Begin a channel."""
        return self._begin(self._make(listener, None))

    def answer(self, sdp: str, listener: ChannelListener) -> C:
        """Begin the other end of a channel."""
        return self._begin(self._make(listener, sdp))

    async def close(self) -> None:
        """End all channels; takes as long as ``CLOSE_TIMEOUT`` if a hub does not answer."""
        for channel in self._channels:
            channel.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, channel: C) -> C:
        task = asyncio.get_running_loop().create_task(channel.live())
        self._tasks.add(task)
        self._channels.add(channel)

        def forget(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._channels.discard(channel)

        task.add_done_callback(forget)
        return channel


def quieten(name: str, level: int) -> None:
    """Have a library log from ``level`` on, unless the program has set a level itself."""
    library = logging.getLogger(name)
    if library.level == logging.NOTSET:
        library.setLevel(level)
