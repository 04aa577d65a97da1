"""Many clients in one namespace of one server: what their coming and their going costs.

``python -m benchmarks.crowd --clients 1000`` starts a server as a process of its own on the
loopback, joins all clients to one namespace as fast as it takes them, waits until each has learned
of as many others as the server promises, then lets half of them leave. Linux only: it reads
``/proc``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import time
import urllib.request
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.client import Client, Crowd, CrowdError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

HOST = "127.0.0.1"
SPARE_FILES = 64
FEWEST = 2
STOP_TIMEOUT = 10.0  # seconds
HEALTH_TIMEOUT = 30.0  # seconds
KIB = 1024
MIB = KIB * KIB


@dataclass(frozen=True)
class Options:
    """What to measure."""

    clients: int = 1000
    limit: int = 128
    """The server's ``discovery_limit``."""
    seed: int = 1
    """Of the clients' ids."""
    at_once: int = 64
    """How many clients may be connecting at any moment."""
    deadline: float = 300.0
    """Seconds for the whole measurement."""

    @property
    def promised(self) -> int:
        """How many others each client is to learn of."""
        return min(self.limit, self.clients - 1)


@dataclass(frozen=True, slots=True)
class Phase:
    """What it took until the news of all who came, or left, was everywhere."""

    clients: int
    """How many came or left."""
    seconds: float
    server_cpu: float
    own_cpu: float
    """CPU seconds of the clients' process: near ``seconds``, it is what was measured."""
    discovered: int
    """``peer-discovered`` messages received."""
    disconnected: int
    known: tuple[int, int, int]
    """The least, median and most peers that a client knows at the end."""
    memory: int
    """The server's resident memory at the end, in bytes."""


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement."""

    options: Options
    memory_before: int
    """The server's resident memory before the first client, in bytes."""
    coming: Phase
    going: Phase

    @property
    def memory_per_client(self) -> float:
        """Bytes of the server's resident memory for each connected client."""
        return (self.coming.memory - self.memory_before) / self.options.clients


@dataclass(frozen=True, slots=True)
class Server:
    """A server's process."""

    pid: int
    port: int

    async def health(self) -> dict[str, Any]:
        """Return what ``/health`` says."""
        return await asyncio.to_thread(self._ask)

    def cpu(self) -> float:
        """Return the CPU seconds used so far."""
        # proc(5): utime and stime are fields 14 and 15; the name, field 2, may hold spaces.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _ask(self) -> dict[str, Any]:
        url = f"http://{HOST}:{self.port}/health"
        with urllib.request.urlopen(url, timeout=HEALTH_TIMEOUT) as answer:
            body: dict[str, Any] = json.load(answer)
            return body


@asynccontextmanager
async def serving(options: Options) -> AsyncIterator[Server]:
    """Run a server for so many clients, and end it."""
    arguments = ["server", "--host", HOST, "--port", "0", "--log-format", "json"]
    arguments += ["--max-connections", str(options.clients)]
    arguments += ["--discovery-limit", str(options.limit)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "peerpigeon", *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        stderr = process.stderr
        line = await stderr.readline() if stderr else b""
        if not line.startswith(b"{"):
            raise CrowdError(f"the server did not start: {line.decode()}")
        yield Server(process.pid, json.loads(line)["port"])
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()


async def measure(options: Options) -> Result:
    """Measure once.

    Raises ``CrowdError`` if the server fails its clients, and ``TimeoutError`` if it is too slow.
    """
    if options.clients < FEWEST:
        raise CrowdError(f"at least {FEWEST} clients are needed, so that half of them can leave")
    allow_files(options.clients + SPARE_FILES)
    rng = Random(options.seed)  # noqa: S311 - no secrets
    peer_ids = [f"{rng.getrandbits(160):040x}" for _ in range(options.clients)]
    crowd = Crowd(peer_ids, options.promised)
    clients: list[Client] = [Client(crowd, peer_id) for peer_id in peer_ids]
    async with asyncio.timeout(options.deadline), serving(options) as server:
        try:
            before: int = (await server.health())["memory"]["rss"]
            coming = await _come(server, crowd, clients, options.at_once)
            going = await _go(server, crowd, clients)
        finally:
            for client in clients:
                client.abort()
    return Result(options, before, coming, going)


async def _come(server: Server, crowd: Crowd, clients: list[Client], at_once: int) -> Phase:
    loop = asyncio.get_running_loop()
    places = asyncio.Semaphore(at_once)

    async def connect(client: Client) -> None:
        async with places:
            await loop.create_connection(lambda: client, HOST, server.port)
            await client.settled.wait()

    watch = _Stopwatch(server, crowd)
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(connect(client))
    await crowd.until_none("unsatisfied")
    return await watch.stop(len(clients), clients)


async def _go(server: Server, crowd: Crowd, clients: list[Client]) -> Phase:
    leaving, staying = clients[::2], clients[1::2]
    watch = _Stopwatch(server, crowd)
    for client in leaving:
        client.leave()
    await crowd.until_none("left_to_close")
    phase = await watch.stop(len(leaving), staying)
    gone = {crowd.numbers[client.peer_id] for client in leaving}
    if any(client.known & gone for client in staying):
        raise CrowdError("somebody was not told of a departure")
    return phase


class _Stopwatch:
    """Takes times and counts from its making to ``stop``."""

    def __init__(self, server: Server, crowd: Crowd) -> None:
        self._server = server
        self._crowd = crowd
        self._counts = (crowd.discovered, crowd.disconnected)
        self._cpu = (server.cpu(), time.process_time())
        self._began = time.perf_counter()

    async def stop(self, moved: int, present: list[Client]) -> Phase:
        """Wait until all news has arrived, and return the phase."""
        # A server answers in order, so behind each client's pong there is no more news.
        for client in present:
            client.ping()
        await self._crowd.until_none("pongs_missing")
        seconds = time.perf_counter() - self._began
        own_cpu = time.process_time() - self._cpu[1]
        server_cpu = self._server.cpu() - self._cpu[0]
        health = await self._server.health()
        if health["connections"] != len(present):
            raise CrowdError(f"{health['connections']} connected, not {len(present)}")
        known = sorted(len(client.known) for client in present)
        return Phase(
            clients=moved,
            seconds=seconds,
            server_cpu=server_cpu,
            own_cpu=own_cpu,
            discovered=self._crowd.discovered - self._counts[0],
            disconnected=self._crowd.disconnected - self._counts[1],
            known=(known[0], statistics.median_low(known), known[-1]),
            memory=health["memory"]["rss"],
        )


def allow_files(count: int) -> None:
    """Allow this process so many open files. Raises ``CrowdError`` if the system does not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise CrowdError(f"{count} open files are needed and the hard limit is {hard}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def report(result: Result) -> str:
    """Return a measurement as text."""
    options = result.options
    lines = [
        f"{options.clients} clients in one namespace, discovery limit {options.limit}:"
        f" each is to learn of {options.promised} others",
        "",
        *_phase_lines("joins", result.coming),
        f"  server memory         {result.memory_before / MIB:.1f} MiB before,"
        f" {result.coming.memory / MIB:.1f} after:"
        f" {result.memory_per_client / KIB:.1f} KiB a client",
        "",
        *_phase_lines("departures", result.going),
        f"  server memory         {result.going.memory / MIB:.1f} MiB after",
    ]
    return "\n".join(lines) + "\n"


def _phase_lines(name: str, phase: Phase) -> list[str]:
    count = phase.clients
    least, median, most = phase.known
    return [
        f"{count} {name} in {phase.seconds:.2f} s, {count / phase.seconds:.0f} a second",
        f"  peer-discovered       {phase.discovered} in all, {phase.discovered / count:.1f} each",
        f"  peer-disconnected     {phase.disconnected} in all,"
        f" {phase.disconnected / count:.1f} each",
        f"  peers known           least {least}, median {median}, most {most}",
        f"  CPU                   server {phase.server_cpu:.2f} s, clients {phase.own_cpu:.2f} s",
    ]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - optional, as for the server
    except ImportError:
        return None
    return uvloop.new_event_loop


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--clients", type=int, default=Options.clients)
    parser.add_argument("--limit", type=int, default=Options.limit, help="discovery limit")
    parser.add_argument("--seed", type=int, default=Options.seed, help="of the clients' ids")
    parser.add_argument(
        "--at-once", type=int, default=Options.at_once, help="clients that connect at any moment"
    )
    parser.add_argument("--deadline", type=float, default=Options.deadline, help="seconds in all")
    given = parser.parse_args(arguments)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            result = runner.run(measure(Options(**vars(given))))
    except TimeoutError:
        sys.stderr.write(f"not done within {given.deadline:g} seconds\n")
        return 1
    except CrowdError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(report(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
