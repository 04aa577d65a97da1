"""Makes data channels of our own, each with a task that waits for its end."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from typing import TYPE_CHECKING

from peerpigeon.rtc.task_engine import TaskEngine, quieten

if TYPE_CHECKING:
    from peerpigeon.rtc.builtin.channel import BuiltinChannel
    from peerpigeon.rtc.builtin.dtls import Identity
    from peerpigeon.rtc.builtin.listener import TransportListener
    from peerpigeon.rtc.builtin.transport import Transport
    from peerpigeon.rtc.ice import IceOptions
    from peerpigeon.rtc.interface import ChannelListener

_HEAVY = "peerpigeon.rtc.builtin.transport"


class BuiltinEngine(TaskEngine["BuiltinChannel"]):
    """Makes channels of our own. To be made while the event loop runs.

    The libraries for ICE and DTLS are loaded when the first channel begins, in a thread: a hub that
    knows no other needs neither them nor the tenth of a second that they take. SCTP, which is
    loaded then too, is a megabyte.
    """

    name = "builtin"

    def __init__(self, ice: IceOptions) -> None:
        super().__init__()
        quieten("aioice", logging.WARNING)  # it logs every check of every pair of addresses as INFO
        self._ice = ice
        self._identity: Identity | None = None

    def _make(self, listener: ChannelListener, offer: str | None) -> BuiltinChannel:
        from peerpigeon.rtc.builtin.channel import BuiltinChannel  # noqa: PLC0415

        return BuiltinChannel(self._new_transport, listener, offer)

    async def _new_transport(self, listener: TransportListener, is_offering: bool) -> Transport:  # noqa: FBT001
        if self._identity is None:
            await asyncio.to_thread(import_module, _HEAVY)
        from peerpigeon.rtc.builtin.dtls import Identity  # noqa: PLC0415
        from peerpigeon.rtc.builtin.transport import Transport  # noqa: PLC0415

        if self._identity is None:
            self._identity = Identity()
        return Transport(self._ice, self._identity, listener, is_offering=is_offering)
