"""Makes data channels with aiortc, each in a task of its own."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from peerpigeon.rtc.aiortc.channel import AiortcChannel

if TYPE_CHECKING:
    from peerpigeon.rtc.ice import IceOptions
    from peerpigeon.rtc.interface import ChannelListener


class AiortcEngine:
    """Makes channels with aiortc. To be made while the event loop runs."""

    name = "aiortc"

    def __init__(self, ice: IceOptions) -> None:
        # aioice logs every check of every pair of addresses as INFO. aiortc logs a traceback when
        # another hub breaks the protocol, which the listener hears of anyway.
        _quieten("aioice", logging.WARNING)
        _quieten("aiortc", logging.ERROR)
        self._ice = ice
        self._tasks: set[asyncio.Task[None]] = set()
        self._channels: set[AiortcChannel] = set()

    def offer(self, listener: ChannelListener) -> AiortcChannel:
        """Begin a channel."""
        return self._begin(AiortcChannel(self._ice, listener, None))

    def answer(self, sdp: str, listener: ChannelListener) -> AiortcChannel:
        """Begin the other end of a channel."""
        return self._begin(AiortcChannel(self._ice, listener, sdp))

    async def close(self) -> None:
        """End all channels; takes as long as ``CLOSE_TIMEOUT`` if a hub does not answer."""
        for channel in self._channels:
            channel.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, channel: AiortcChannel) -> AiortcChannel:
        task = asyncio.get_running_loop().create_task(channel.live())
        self._tasks.add(task)
        self._channels.add(channel)

        def forget(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._channels.discard(channel)

        task.add_done_callback(forget)
        return channel


def _quieten(name: str, level: int) -> None:
    """Have a library log from ``level`` on, unless the program has set a level itself."""
    library = logging.getLogger(name)
    if library.level == logging.NOTSET:
        library.setLevel(level)
