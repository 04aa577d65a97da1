"""A client that stays: whatever becomes of its socket, it opens another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chaos.sockets import RETRY, Socket

if TYPE_CHECKING:
    from random import Random

    from chaos.history import History
    from chaos.hubs import Hub, Hubs


class Visitor:
    """One client, under one id, in one namespace."""

    def __init__(
        self, peer: str, namespace: str, hub: Hub, history: History, chance: Random
    ) -> None:
        self.peer = peer
        self.namespace = namespace
        self.socket: Socket | None = None
        self._next: Hub | None = hub
        self._history = history
        self._chance = chance

    @property
    def known(self) -> frozenset[str]:
        """Whom it was told of, and not told that they are gone."""
        return frozenset() if self.socket is None else frozenset(self.socket.known)

    async def live(self, hubs: Hubs) -> None:
        """Be at some hub, until cancelled."""
        while True:
            hub, self._next = self._next or self._chance.choice(hubs.listening), None
            socket = Socket(self.peer, self.namespace, hub, self._history)
            if await socket.open():
                self.socket = socket
                await socket.ended.wait()
            if self._next is None:
                await asyncio.sleep(RETRY)

    async def roam(self, to: Hub, *, rudely: bool) -> None:
        """Leave the hub where it is for another."""
        self._next = to
        if self.socket is not None:
            await self.socket.close(rudely=rudely)

    async def signal(self, target: str, size: int = 0) -> int | None:
        """Send a signal, if it has a socket; return its serial."""
        return None if self.socket is None else await self.socket.signal(target, size)

    async def close(self) -> None:
        """Close its socket."""
        if self.socket is not None:
            await self.socket.close()
