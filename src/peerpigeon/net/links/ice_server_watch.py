"""Why STUN and TURN servers give the channels of this hub nothing.

The libraries leave out what a server does not give, and say nothing of it. So where something is
missing in a description the servers are asked once more, by themselves, and what is wrong is told.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peerpigeon.core.config import IceServer
    from peerpigeon.net.seldom import SeldomWarnings

PAUSE = 60.0
"""Seconds between two such rounds of questions."""

_RELAY = (
    "a TURN server gives this hub no address, so that its data channels do without; mend the"
    " server, or what ice_servers (ICE_SERVERS) says of it"
)
_STUN = (
    "a STUN server does not answer this hub, so that routers may keep its data channels out; mend"
    " the server, or what ice_servers (ICE_SERVERS) says of it"
)


class IceServerWatch:
    """Watches the servers of one hub."""

    def __init__(self, servers: Sequence[IceServer], warnings: SeldomWarnings) -> None:
        self._servers = servers
        self._warnings = warnings
        self._loop = asyncio.get_running_loop()
        self._next_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    def look(self, sdp: str) -> None:
        """See whether a description of ours has what the servers are for; ask them if not."""
        lacking = [
            server
            for server in self._servers
            if f" typ {'relay' if server.is_relay else 'srflx'}" not in sdp
        ]
        now = self._loop.time()
        if lacking and now >= self._next_at:
            self._next_at = now + PAUSE
            self._asking = self._loop.create_task(self._ask(lacking))

    async def _ask(self, servers: Sequence[IceServer]) -> None:
        from peerpigeon.rtc.ice_check import RefusedError, ask  # noqa: PLC0415 - seldom needed

        for server in servers:
            try:
                await ask(server)
            except RefusedError as error:
                text = _RELAY if server.is_relay else _STUN
                kind = f"{text} {server.url}"
                self._warnings.add(text, server.url, kind=kind, reason=str(error))

    def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
