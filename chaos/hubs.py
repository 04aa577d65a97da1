"""The hubs of a run: processes that are started, killed, stopped and frozen, each at its place."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress
from typing import IO, TYPE_CHECKING, Any

from tests.mesh.hosts import hosts, lacking
from tests.mesh.processes import HubProcess
from tests.ports import reserved_port

from chaos.allowances import MAX_CONNECTIONS
from chaos.history import CutOff, Frozen, HubDown, HubUp, Mended, Thawed, Wrong
from chaos.plan import HUBS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from tests.mesh.hosts import Host

    from chaos.history import History

PORT = 4000
"""Where hubs listen that have a host of their own."""

SECRET = "what only these hubs know"  # noqa: S105 - of a mesh that lives for minutes

LATER_CLOCK = """
import sys, time
honest, ahead = time.time, float(sys.argv.pop(1))
time.time = lambda: honest() + ahead
from peerpigeon.cli.main import main
raise SystemExit(main())
"""
"""A program that is the hub's, but for the wall clock."""


class Hub:
    """A place for a hub: a number, an address, and the process that is there now."""

    def __init__(self, number: int, host: str, port: int, within: Sequence[str]) -> None:
        self.number = number
        self.host = host
        self.port = port
        self.within = within
        self.process: HubProcess | None = None
        self.is_frozen = False
        self.hub_id = ""

    @property
    def uri(self) -> str:
        """The address at which other hubs dial it."""
        return f"ws://{self.host}:{self.port}"

    @property
    def is_up(self) -> bool:
        """Whether its process runs, frozen or not."""
        return self.process is not None and self.process.is_alive


class Hubs:
    """All places, and what is done to them; no process is left after ``async with``."""

    def __init__(self, python: str, history: History, folder: Path, *, on_hosts: bool) -> None:
        self._python = python
        self._history = history
        self._folder = folder
        self._on_hosts = on_hosts
        self._stack = AsyncExitStack()
        self._hosts: list[Host] = []
        self._lives = 0
        self.all: list[Hub] = []

    async def __aenter__(self) -> Hubs:
        """Make the places."""
        if self._on_hosts:
            self._hosts = await self._stack.enter_async_context(hosts(HUBS))
            self.all = [Hub(n, h.address, PORT, h.command) for n, h in enumerate(self._hosts)]
        else:
            ports = [self._stack.enter_context(reserved_port()) for _ in range(HUBS)]
            self.all = [Hub(n, "127.0.0.1", port, ()) for n, port in enumerate(ports)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all processes, and take the hosts away."""
        for hub in self.all:
            if hub.process is not None:
                with suppress(ProcessLookupError):
                    await hub.process.kill()
                await hub.process.stop()
        await self._stack.aclose()

    @property
    def listening(self) -> list[Hub]:
        """The hubs whose processes run, frozen or not."""
        return [hub for hub in self.all if hub.is_up]

    async def start(self, hub: Hub, *, keeps_id: bool = True, clock: float = 0.0) -> None:
        """Start a hub that knows the addresses of the next two places."""
        self._lives += 1
        if not hub.hub_id or not keeps_id:
            name = f"{hub.number}.{self._lives if hub.hub_id else 0}"
            hub.hub_id = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
        next_places = [self.all[(hub.number + step) % HUBS].uri for step in (1, 2)]
        options: dict[str, Any] = {
            "port": hub.port,
            "hub_peer_id": hub.hub_id,
            "max_connections": MAX_CONNECTIONS,
            "mesh_migration_delay": 2,
            **({"hub_secret": SECRET} if self._on_hosts else {}),
        }
        errors: IO[bytes] = (self._folder / f"hub-{hub.number}.log").open("ab")
        self._stack.callback(errors.close)
        program = ("-m", "peerpigeon") if not clock else ("-c", LATER_CLOCK, str(clock))
        hub.process = await HubProcess.start(
            *next_places,
            host=hub.host,
            within=hub.within,
            program=(self._python, *program),
            errors=errors,
            **options,
        )
        hub.is_frozen = False
        self._note(HubUp(at=self._history.now, hub=hub.number, hub_id=hub.hub_id, clock=clock))

    async def kill(self, hub: Hub) -> None:
        """End it with SIGKILL."""
        await self._end(hub, "kill")

    async def stop(self, hub: Hub) -> None:
        """Ask it to end in good order."""
        await self._end(hub, "stop")

    async def _end(self, hub: Hub, how: str) -> None:
        process, hub.process = hub.process, None
        if process is None:
            return
        if hub.is_frozen:
            self._signal(process, signal.SIGCONT)
        self._note(
            HubDown(at=self._history.now, hub=hub.number, how="kill" if how == "kill" else "stop")
        )
        if how == "kill":
            with suppress(ProcessLookupError):
                await process.kill()
            await process.stop()
            return
        try:
            status = await process.stop()
        except TimeoutError:
            self._wrong("ends in good order", f"hub {hub.number} did not end when asked")
        else:
            if status:
                self._wrong("ends in good order", f"hub {hub.number} ended with status {status}")

    def freeze(self, hub: Hub) -> None:
        """Let its process stand still."""
        if hub.process is not None and not hub.is_frozen:
            hub.is_frozen = True
            self._note(Frozen(at=self._history.now, hub=hub.number))
            self._signal(hub.process, signal.SIGSTOP)

    def thaw(self, hub: Hub) -> None:
        """Let it go on."""
        if hub.process is not None and hub.is_frozen:
            hub.is_frozen = False
            self._signal(hub.process, signal.SIGCONT)
            self._note(Thawed(at=self._history.now, hub=hub.number))

    async def cut(self, numbers: Collection[int]) -> None:
        """Let nothing pass between some hubs and all others."""
        others = [host for n, host in enumerate(self._hosts) if n not in numbers]
        self._note(CutOff(at=self._history.now, hubs=tuple(numbers)))
        for number in numbers:
            await self._hosts[number].block_all(others)

    async def mend(self, numbers: Collection[int]) -> None:
        """Let all pass again."""
        for number in numbers:
            await self._hosts[number].let_pass()
        self._note(Mended(at=self._history.now))

    def look_for_crashes(self) -> None:
        """Record hubs that have ended by themselves."""
        for hub in self.all:
            if hub.process is not None and not hub.process.is_alive:
                self._note(HubDown(at=self._history.now, hub=hub.number, how="crash"))
                self._wrong("no hub crashes", f"hub {hub.number} has ended by itself")
                hub.process = None

    def _signal(self, process: HubProcess, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)

    def _wrong(self, invariant: str, what: str) -> None:
        self._note(Wrong(at=self._history.now, invariant=invariant, what=what))

    def _note(self, record: HubUp | HubDown | Frozen | Thawed | CutOff | Mended | Wrong) -> None:
        self._history.note(record)

    async def views(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return `/health` and `/mesh` of each hub that runs."""

        async def view(process: HubProcess) -> tuple[dict[str, Any], dict[str, Any]]:
            return await process.get("/health"), await process.get("/mesh")

        return list(await asyncio.gather(*(view(hub.process) for hub in self.all if hub.process)))


def lacking_for_hosts() -> str | None:
    """Say why hubs cannot have hosts of their own here, or ``None`` if they can."""
    return lacking("") if sys.platform == "linux" else "network namespaces are there on Linux only"
