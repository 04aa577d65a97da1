"""Makes data channels with libdatachannel, and looks at them in turn.

No callback of the library is set (``channel`` says why). The engine looks at each channel instead,
often while there is traffic (``BUSY``), less often otherwise (``IDLE``); one look takes about a
microsecond.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from peerpigeon.rtc.interface import ChannelListener, EngineError
from peerpigeon.rtc.libdatachannel.channel import LibdatachannelChannel

if TYPE_CHECKING:
    from peerpigeon.rtc.ice import IceOptions

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT = 5.0
"""Seconds to wait at the end; the library itself waits for 13 if the other hub is dead."""
BUSY = 0.001
"""Seconds between two looks at all channels, for ``BUSY_FOR`` seconds after something has come."""
IDLE = 0.005
BUSY_FOR = 0.1


class LibdatachannelEngine:
    """Makes channels with libdatachannel. To be made while the event loop runs.

    Raises ``EngineError`` for a TURN server that is to be asked over TCP or TLS: it cannot do that.
    After ``close`` the library's pool of threads stays with the process, idle.
    """

    name = "libdatachannel"

    def __init__(self, ice: IceOptions) -> None:
        if any(server.is_tcp for server in ice.turn_servers):
            raise EngineError("libdatachannel asks TURN servers by UDP only; use builtin")
        self._ice = ice
        self._loop = asyncio.get_running_loop()
        self._channels: set[LibdatachannelChannel] = set()
        self._busy_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    def offer(self, listener: ChannelListener) -> LibdatachannelChannel:
        """Begin a channel."""
        return self._begin(LibdatachannelChannel(self._ice, listener, self._forget, None))

    def answer(self, sdp: str, listener: ChannelListener) -> LibdatachannelChannel:
        """Begin the other end of a channel."""
        return self._begin(LibdatachannelChannel(self._ice, listener, self._forget, sdp))

    async def close(self) -> None:
        """End all channels; takes as long as ``CLOSE_TIMEOUT`` if a hub does not answer.

        A thread that still waits for such a hub then ends by itself.
        """
        for channel in tuple(self._channels):
            channel.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while self._channels:
                    self._gone.clear()
                    await self._gone.wait()
        except TimeoutError:
            logger.debug("%d hubs did not confirm the end of a channel", len(self._channels))
        self._channels.clear()

    def _begin(self, channel: LibdatachannelChannel) -> LibdatachannelChannel:
        self._channels.add(channel)
        channel.begin()
        if self._timer is None:
            self._timer = self._loop.call_later(BUSY, self._look)
        return channel

    def _look(self) -> None:
        """Look at all channels, and again soon, as long as there are any."""
        now = self._loop.time()
        looks = [channel.look(now) for channel in tuple(self._channels)]
        if any(looks):
            self._busy_until = now + BUSY_FOR
        pause = BUSY if now < self._busy_until else IDLE
        self._timer = self._loop.call_later(pause, self._look) if self._channels else None

    def _forget(self, channel: LibdatachannelChannel) -> None:
        self._channels.discard(channel)
        self._gone.set()
