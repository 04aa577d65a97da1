"""Hubs in this process, linked over real sockets, and what they tell."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from peerpigeon import PeerPigeonServer, ServerConfig
from peerpigeon.core.interface.notices import NOTICES, Notice

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

N = TypeVar("N")

DEADLINE = 60.0
"""Seconds. A channel that failed, as one may on a busy machine, is tried again after 15 and 30."""


class Told:
    """What a server has told, and waiting for more."""

    def __init__(self, server: PeerPigeonServer) -> None:
        self.notices: list[Notice] = []
        self._changed = asyncio.Condition()
        for kind in NOTICES.values():
            server.on(kind, self._take)

    def of(self, kind: type[N]) -> list[N]:
        return [notice for notice in self.notices if isinstance(notice, kind)]

    async def until(self, kind: type[N], is_meant: Callable[[N], bool] = lambda _: True) -> N:
        """Return the first notice of a kind that is meant, told already or to come."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for notice in self.of(kind):
                    if is_meant(notice):
                        return notice
                async with self._changed:
                    await self._changed.wait()

    def _take(self, notice: Notice) -> None:
        self.notices.append(notice)
        asyncio.get_running_loop().create_task(self._wake())

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def uri(server: PeerPigeonServer) -> str:
    """Return where a server can be dialled."""
    return f"ws://127.0.0.1:{server.port}"


@asynccontextmanager
async def hub(*start: str, **options: Any) -> AsyncIterator[tuple[PeerPigeonServer, Told]]:
    """Run a hub on a free port that starts from the addresses given, from none without any."""
    config = ServerConfig(
        **{
            "host": "127.0.0.1",
            "port": 0,
            "is_hub": True,
            "auto_connect": bool(start),
            "bootstrap_hubs": start,
            "reconnect_interval": 0.2,
            "webrtc_engine": "none",
            **options,
        }
    )
    server = PeerPigeonServer(config)
    told = Told(server)
    async with server:
        yield server, told


@asynccontextmanager
async def network(count: int, **options: Any) -> AsyncIterator[list[PeerPigeonServer]]:
    """Run hubs that all start from the first one; return when each knows all."""
    async with AsyncExitStack() as stack:
        first, told = await stack.enter_async_context(hub(**options))
        servers, tellers = [first], [told]
        for _ in range(count - 1):
            server, told = await stack.enter_async_context(hub(uri(first), **options))
            servers.append(server)
            tellers.append(told)
        await eventually(lambda: all(len(s.get_connected_hubs()) == count - 1 for s in servers))
        yield servers


async def eventually(is_so: Callable[[], bool]) -> None:
    """Return when a condition holds; fail when it does not come to."""
    async with asyncio.timeout(DEADLINE):
        while not is_so():  # noqa: ASYNC110 - what is asked has no event
            await asyncio.sleep(0.01)
