"""Real hub processes on the loopback: started, watched, killed, and gone when the test is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar

import aiohttp

from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

Json = dict[str, Any]
T = TypeVar("T")

DEADLINE = 60.0  # seconds; far beyond what anything here takes, on a machine that is busy
STOP_TIMEOUT = 15.0
SECRETS = ("hub_secret", "old_hub_secret", "ice_servers")
"""Options that are refused on a command line, which others can read."""


class HubProcess:
    """One `peerpigeon hub`, and the events it has written."""

    def __init__(self, process: asyncio.subprocess.Process, host: str, events: list[Json]) -> None:
        self._process = process
        self._session = aiohttp.ClientSession()
        self.host = host
        self.port: int = events[0]["port"]
        self.events = events
        self.id: str = events[0]["hub"]

    @classmethod
    async def start(
        cls,
        *start: str,
        host: str = "127.0.0.1",
        listening: str = "",
        within: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "peerpigeon"),
        errors: IO[bytes] | None = None,
        **options: object,
    ) -> Self:
        """Start a hub on a free port, or the `port` given, that dials `start` first.

        `within` is what to put before its command, `listening` where it listens, if that is not
        just `host`, at which it is asked and dialled. `errors` takes what it writes to standard
        error.
        """
        given = {
            "host": listening or host,
            "port": 0,
            "max_port_retries": 0,
            "reconnect_interval": 0.5,
            "bootstrap_hubs": ",".join(start),
            **options,
        }
        secrets = {name.upper(): str(given.pop(name)) for name in SECRETS if name in given}
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        if not (start or "bootstrap_dns" in options):
            arguments.append("--no-auto-connect")
        process = await asyncio.create_subprocess_exec(
            *(*within, *program, "hub", "--events", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL if "QUIET" in os.environ else errors,
            env={"DRAIN_TIME": "0"}
            | os.environ
            | {"SHOW_DETAILS": "yes"}  # from another host, perhaps
            | secrets,
            limit=1 << 20,
        )
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            started: Json = json.loads(await process.stdout.readline())
        assert started["event"] == "started", started
        hub = cls(process, host, [started])
        hub._reader = asyncio.get_running_loop().create_task(hub._read(process.stdout))
        return hub

    _reader: asyncio.Task[None]

    @property
    def uri(self) -> str:
        return f"ws://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def get(self, path: str) -> Json:
        """Ask over HTTP."""
        url = f"http://{self.host}:{self.port}{path}"
        async with asyncio.timeout(DEADLINE), self._session.get(url) as answer:
            body: Json = await answer.json()
            return body

    async def ready(self) -> None:
        """Wait until it says that clients are welcome.

        The first page takes longest, as what answers is loaded for it. To a proxy that is started
        at the same time one look that takes too long means that a hub is not there.
        """
        await eventually("it is ready", lambda: self.get("/ready"), {"status": "ready"}.__eq__)

    def told(self, event: str) -> list[Json]:
        return [each for each in self.events if each["event"] == event]

    async def kill(self) -> None:
        """End it with SIGKILL, and wait until it is gone."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end, and return its exit status; it is killed if it takes too long."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                status = await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise
        finally:
            await self._session.close()
            await self._reader
        return status

    async def _read(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            self.events.append(json.loads(line))


class Mesh:
    """Several hub processes, all of which started from the first."""

    def __init__(self, stack: AsyncExitStack, options: dict[str, Any]) -> None:
        self._stack = stack
        self._options = options
        self.hubs: list[HubProcess] = []

    @property
    def alive(self) -> list[HubProcess]:
        return [hub for hub in self.hubs if hub.is_alive]

    async def add(self, *start: str, **options: Any) -> HubProcess:
        """Start one more hub, from the first one if nothing else is said."""
        first = tuple(hub.uri for hub in self.alive[:1])
        return await self.add_to(start or first, **options)

    async def add_to(self, start: Iterable[str], **options: Any) -> HubProcess:
        """Start one more hub that dials these addresses, or nobody if there are none.

        Without a host or port of its own it gets a port that is left to it when it dies.
        """
        if not {"host", "port"} & options.keys():
            options["port"] = self._stack.enter_context(reserved_port())
        hub = await HubProcess.start(*start, **{**self._options, **options})
        self._stack.push_async_callback(_end, hub)
        self.hubs.append(hub)
        return hub

    async def views(self) -> list[Json]:
        """Return `/mesh` of each hub that is alive."""
        return list(await asyncio.gather(*(hub.get("/mesh") for hub in self.alive)))

    async def settled(self, *, migrated: bool = True) -> list[Json]:
        """Return the views once all hubs alive know all, are ready, and have migrated if asked."""
        ids = {hub.id for hub in self.alive}

        async def look() -> tuple[list[Json], list[Json]]:
            hubs = self.alive
            healths = await asyncio.gather(*(hub.get("/health") for hub in hubs))
            return await self.views(), [health["hubMesh"] for health in healths]

        def is_settled(seen: tuple[list[Json], list[Json]]) -> bool:
            views, counts = seen
            return (
                all({each["peerId"] for each in view["hubs"]} == ids for view in views)
                and all(count["ready"] for count in counts)
                and (not migrated or all(count["migrated"] for count in counts))
                and (not migrated or not any(map(has_sockets, views)))
                and not any(migrated and count["websocketConnections"] for count in counts)
            )

        views, _ = await eventually("the mesh settles", look, is_settled)
        return views


@asynccontextmanager
async def mesh(count: int, **options: Any) -> AsyncIterator[Mesh]:
    """Run `count` hubs, started together but for the first; all are gone afterwards."""
    async with AsyncExitStack() as stack:
        hubs = Mesh(stack, options)
        if count:
            await hubs.add()
            await asyncio.gather(*(hubs.add() for _ in range(count - 1)))
        yield hubs


async def _end(hub: HubProcess) -> None:
    await hub.stop()


async def eventually(
    what: str, read: Callable[[], Awaitable[T]], is_wanted: Callable[[T], bool]
) -> T:
    """Read until the value is as wanted; past the deadline, fail with what was read last."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE
    while True:
        value = await read()
        if is_wanted(value):
            return value
        assert loop.time() < deadline, f"not within {DEADLINE:.0f} s: {what}; last: {value!r}"
        await asyncio.sleep(0.05)


def has_sockets(view: Json) -> bool:
    """Tell whether any hub of a view has a link over a WebSocket, as that hub knows it."""
    return any(link["carrier"] != "p2p" for hub in view["hubs"] for link in hub["links"])


def components(views: Iterable[Json]) -> int:
    """Return into how many parts the links fall that both their ends tell of over P2P."""
    links = {
        (view["hubPeerId"], link["peerId"])
        for view in views
        for each in view["hubs"]
        if each["peerId"] == view["hubPeerId"]
        for link in each["links"]
        if link["carrier"] == "p2p"
    }
    parts = {view["hubPeerId"]: {view["hubPeerId"]} for view in views}
    for one, other in links:
        if (other, one) in links and parts[one] is not parts[other]:
            parts[one] |= parts[other]
            for hub in parts[other]:
                parts[hub] = parts[one]
    return len({id(part) for part in parts.values()})
