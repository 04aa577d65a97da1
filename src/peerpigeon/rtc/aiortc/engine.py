"""Makes data channels with aiortc, each in a task of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from peerpigeon.rtc.aiortc.channel import AiortcChannel
from peerpigeon.rtc.task_engine import TaskEngine, quieten

if TYPE_CHECKING:
    from peerpigeon.rtc.ice import IceOptions
    from peerpigeon.rtc.interface import ChannelListener


class AiortcEngine(TaskEngine[AiortcChannel]):
    """Makes channels with aiortc. To be made while the event loop runs."""

    name = "aiortc"

    def __init__(self, ice: IceOptions) -> None:
        super().__init__()
        # aioice logs every check of every pair of addresses as INFO. aiortc logs a traceback when
        # another hub breaks the protocol, which the listener hears of anyway.
        quieten("aioice", logging.WARNING)
        quieten("aiortc", logging.ERROR)
        self._ice = ice

    def _make(self, listener: ChannelListener, offer: str | None) -> AiortcChannel:
        return AiortcChannel(self._ice, listener, offer)
