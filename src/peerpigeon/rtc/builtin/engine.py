"""Makes data channels of our own, each with a task that waits for its end."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import TYPE_CHECKING

from peerpigeon.rtc.builtin.channel import BuiltinChannel

if TYPE_CHECKING:
    from peerpigeon.rtc.builtin.dtls import Identity
    from peerpigeon.rtc.builtin.listener import TransportListener
    from peerpigeon.rtc.builtin.transport import Transport
    from peerpigeon.rtc.ice import IceOptions
    from peerpigeon.rtc.interface import ChannelListener

_HEAVY = "peerpigeon.rtc.builtin.transport"


class BuiltinEngine:
    """Makes channels of our own. To be made while the event loop runs.

    The libraries for ICE and DTLS are loaded when the first channel begins, in a thread: a hub that
    knows no other needs neither them nor the tenth of a second that they take.
    """

    name = "builtin"

    def __init__(self, ice: IceOptions) -> None:
        # aioice logs every check of every pair of addresses as INFO.
        library = logging.getLogger("aioice")
        if library.level == logging.NOTSET:
            library.setLevel(logging.WARNING)
        self._ice = ice
        self._identity: Identity | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._channels: set[BuiltinChannel] = set()

    def offer(self, listener: ChannelListener) -> BuiltinChannel:
        """Begin a channel."""
        return self._begin(BuiltinChannel(self._new_transport, listener, None))

    def answer(self, sdp: str, listener: ChannelListener) -> BuiltinChannel:
        """Begin the other end of a channel."""
        return self._begin(BuiltinChannel(self._new_transport, listener, sdp))

    async def close(self) -> None:
        """End all channels; takes as long as ``CLOSE_TIMEOUT`` if a hub does not answer."""
        for channel in self._channels:
            channel.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, channel: BuiltinChannel) -> BuiltinChannel:
        task = asyncio.get_running_loop().create_task(channel.live())
        self._tasks.add(task)
        self._channels.add(channel)

        def forget(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._channels.discard(channel)

        task.add_done_callback(forget)
        return channel

    async def _new_transport(self, listener: TransportListener, is_offering: bool) -> Transport:  # noqa: FBT001
        if self._identity is None:
            await asyncio.to_thread(import_module, _HEAVY)
        from peerpigeon.rtc.builtin.dtls import Identity  # noqa: PLC0415
        from peerpigeon.rtc.builtin.transport import Transport  # noqa: PLC0415

        if self._identity is None:
            self._identity = Identity()
        return Transport(self._ice, self._identity, listener, is_offering=is_offering)
