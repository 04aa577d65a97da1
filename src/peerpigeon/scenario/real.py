"""Scenarios on this machine: hub processes, sockets and data channels on the loopback."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from peerpigeon.core.config import OPTIONS
from peerpigeon.local_mesh.process import HubProcess, environment_of_hub
from peerpigeon.scenario.cast import hub_number
from peerpigeon.scenario.outcome import View
from peerpigeon.scenario.play import hub_options, layout_of
from peerpigeon.scenario.steps import IN_VIRTUAL_TIME_ONLY, ScenarioError
from peerpigeon.scenario.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peerpigeon.scenario.outcome import Diary
    from peerpigeon.scenario.steps import Cut, Mend, Step

HOST = "127.0.0.1"
LOOK = 0.1
"""Seconds between two looks."""

ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
START_TIMEOUT = STOP_TIMEOUT = 60.0

ADVICE = "play it without --real"


class RealTheatre:
    """Hub processes and their clients; all are gone after ``async with``."""

    patience = 120.0

    def __init__(self, steps: Sequence[Step]) -> None:
        """Prepare to play ``steps``. Raises ``ScenarioError`` if only the simulator can."""
        self._layout = layout_of(steps)
        for step in steps:
            if isinstance(step.deed, IN_VIRTUAL_TIME_ONLY):
                text = f"line {step.line}: only the simulator can {step.text!r}; {ADVICE}"
                raise ScenarioError(text)
        self._hubs: dict[int, HubProcess] = {}
        self._lives: dict[int, asyncio.Task[None]] = {}
        self._ports: dict[int, int] = {}
        self._visitors: dict[int, Visitor] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the house."""
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._session = await self._stack.enter_async_context(
            aiohttp.ClientSession(connector=connector)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all hubs at once, and close all sockets."""
        for life in self._lives.values():
            life.cancel()  # which kills
        await asyncio.gather(*self._lives.values(), return_exceptions=True)
        await asyncio.gather(*(visitor.close() for visitor in self._visitors.values()))
        await self._stack.aclose()

    @property
    def now(self) -> float:
        """Seconds of the clock on the wall."""
        return asyncio.get_running_loop().time()

    async def start(self, hub: int, bootstrap: int | None) -> None:
        """Start a hub; if it ran before, it listens where it did."""
        given = hub_options(self._layout, hub) | {"host": HOST}
        options = {OPTIONS[name].variable: text for name, text in given.items()}
        address = None if bootstrap is None else f"ws://{self._authority(bootstrap)}"
        process = HubProcess(hub, lambda: None)
        environment = environment_of_hub(options, self._ports.get(hub, 0), address)
        life = asyncio.get_running_loop().create_task(process.run(environment))
        self._hubs[hub], self._lives[hub] = process, life
        async with asyncio.timeout(START_TIMEOUT):
            await process.listens.wait()
        if process.status.is_dead:
            raise ScenarioError(f"hub {hub} could not start: {process.status.cause}")
        self._ports[hub] = process.status.port

    async def kill(self, hubs: Sequence[int]) -> None:
        """End hubs at one instant."""
        for hub in hubs:
            self._hubs[hub].kill()
        await self._see_off(hubs)

    async def stop(self, hubs: Sequence[int]) -> None:
        """End hubs in good order."""
        for hub in hubs:
            self._hubs[hub].terminate()
        await self._see_off(hubs)

    async def _see_off(self, hubs: Sequence[int]) -> None:
        async with asyncio.timeout(STOP_TIMEOUT):
            await asyncio.gather(*(self._lives.pop(hub) for hub in hubs))
        for hub in hubs:
            del self._hubs[hub]

    async def disturb(self, deed: Cut | Mend) -> None:
        """Raise ``ScenarioError``, if steps are played that ``__init__`` was not shown."""
        raise ScenarioError(f"only the simulator can do this: {deed}; {ADVICE}")

    async def connect(self, client: int, hub: int, namespace: str) -> None:
        """Let a client connect to a hub, and give up the one it was at."""
        if client not in self._visitors:
            self._visitors[client] = Visitor(client, namespace, self._session)
        await self._visitors[client].connect(self._authority(hub))

    async def leave(self, client: int) -> None:
        """Let a client say goodbye and close its socket."""
        await self._visitors[client].leave()

    async def signal(self, sender: int, target: int) -> str:
        """Send a signal; return its serial."""
        return await self._visitors[sender].signal(target)

    async def linger(self) -> None:
        """Let nothing happen but what is under way: that is time enough."""

    async def wait(self) -> None:
        """Let some time pass before the next look."""
        await asyncio.sleep(LOOK)

    async def calm_down(self) -> None:
        """Let all arrive that hubs have sent to their clients."""
        await asyncio.gather(*(visitor.catch_up() for visitor in self._visitors.values()))

    async def views(self) -> Mapping[int, View]:
        """Return what each living hub tells."""
        hubs = [hub for hub, process in self._hubs.items() if not process.status.is_dead]
        return dict(zip(hubs, await asyncio.gather(*map(self._view, hubs)), strict=True))

    async def _view(self, hub: int) -> View:
        url = f"http://{self._authority(hub)}/mesh"
        try:
            async with self._session.get(url, timeout=ANSWER_TIMEOUT) as response:
                mesh: dict[str, Any] = await response.json()
        except (aiohttp.ClientError, TimeoutError):
            return View(frozenset(), frozenset())  # it is busy, or has crashed, which will show
        return View(
            frozenset(hub_number(each["peerId"]) for each in mesh["hubs"]),
            frozenset(
                (hub_number(link["peerId"]), link["carrier"], link["purpose"])
                for each in mesh["hubs"]
                if hub_number(each["peerId"]) == hub
                for link in each["links"]
            ),
        )

    def diaries(self) -> Mapping[int, Diary]:
        """Return what each client has heard."""
        return {number: visitor.diary for number, visitor in self._visitors.items()}

    def _authority(self, hub: int) -> str:
        return f"{HOST}:{self._ports[hub]}"
