"""Starts the hubs of a local mesh, asks each how it is, and ends them all."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp

from peerpigeon.addresses import authority
from peerpigeon.local_mesh.process import HubProcess, environment_of_hub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peerpigeon.local_mesh.status import HubStatus

ASK_INTERVAL = 0.5
ASK_INTERVAL_PER_HUB = 0.05
"""Seconds between two requests to a hub: the first, and the second for each hub there is."""

ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=3.0)

END_TIMEOUT = 8.0
"""Seconds that hubs get to end in good order; they wait 5 of them for a client that is silent."""


class Supervisor:
    """The hub processes of one local mesh, numbered from 1.

    ``options`` are environment variables that all of them get.
    """

    def __init__(self, count: int, host: str, options: Mapping[str, str]) -> None:
        self._host = host
        self._options = options
        self.changed = asyncio.Event()
        """Set whenever the status of a hub has changed."""
        # Starting keeps a processor busy for a while: if all started at once, all would be late.
        self._starting = asyncio.Semaphore(max(2, os.cpu_count() or 2))
        numbers = range(1, count + 1)
        self._hubs = [HubProcess(number, self.changed.set) for number in numbers]

    @property
    def statuses(self) -> tuple[HubStatus, ...]:
        """How each hub is."""
        return tuple(hub.status for hub in self._hubs)

    async def run(self, port: int) -> None:
        """Start the hubs, and watch them until all have ended; cancelled, end them.

        The first listens on ``port`` or on the next one that is free, the others on those after
        it; each of them takes any free one if ``port`` is 0.
        """
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(self._live(hub, port)) for hub in self._hubs]
            watch = group.create_task(self._watch())
            try:
                await asyncio.wait(lives)
            finally:
                watch.cancel()
                await self._end(lives)

    async def _live(self, hub: HubProcess, port: int) -> None:
        first = self._hubs[0]
        bootstrap = None
        if hub is not first:
            await first.listens.wait()
            if not first.status.port:
                return  # it could not start, and there is no mesh to join
            bootstrap = f"ws://{authority(self._host, first.status.port)}"
            port = port and first.status.port + hub.status.number - 1
        async with asyncio.TaskGroup() as group, self._starting:
            group.create_task(hub.run(environment_of_hub(self._options, port, bootstrap)))
            await hub.listens.wait()

    async def _end(self, lives: list[asyncio.Task[None]]) -> None:
        """End what still runs: by request, and by killing it after ``END_TIMEOUT``."""
        for hub, life in zip(self._hubs, lives, strict=True):
            if not hub.terminate():
                life.cancel()
        await asyncio.wait(lives, timeout=END_TIMEOUT)
        for life in lives:
            life.cancel()  # which kills

    async def _watch(self) -> None:
        interval = ASK_INTERVAL + ASK_INTERVAL_PER_HUB * len(self._hubs)
        async with (
            aiohttp.ClientSession(timeout=ANSWER_TIMEOUT) as session,
            asyncio.TaskGroup() as group,
        ):
            for hub in self._hubs:
                group.create_task(self._ask(hub, session, interval))

    async def _ask(self, hub: HubProcess, session: aiohttp.ClientSession, interval: float) -> None:
        """Ask a hub how it is, again and again while it lives."""
        loop = asyncio.get_running_loop()
        await hub.listens.wait()
        while not hub.status.is_dead:
            state, url = hub.status.state, f"http://{authority(self._host, hub.status.port)}"
            # No answer: it is very busy, or dead, which the end of its process will show.
            with suppress(aiohttp.ClientError, TimeoutError):
                health = await _get(session, f"{url}/health")
                mesh = await _get(session, f"{url}/mesh")
                if hub.status.state is state:  # otherwise an event is newer than the answer
                    hub.update(hub.status.answered(health, mesh, loop.time()))
            await asyncio.sleep(interval)


async def _get(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url) as response:
        answer: dict[str, Any] = await response.json()
        return answer
