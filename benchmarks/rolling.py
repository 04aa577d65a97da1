"""Restarts hubs one after the other under clients that signal, and says what those noticed.

python -m benchmarks.rolling                 # three hubs of its own, drained (SIGTERM)
python -m benchmarks.rolling --way stop      # the same, stopped at once (SIGINT)
python -m benchmarks.rolling --way kill      # the same, killed
python -m benchmarks.rolling --dial ws://localhost:8080 --restart 'sh restart.sh {number}'

With `--dial` it restarts the hubs of somebody else by a command that returns when a hub is back,
which is run for each number from 1 to `--hubs`. Clients dial these addresses, perhaps a proxy's.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from benchmarks.generator import BenchmarkError
from benchmarks.hubs import LOOK_AGAIN
from benchmarks.roamers import KNOWN_WITHIN, roamers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from benchmarks.roamers import Ledger, Roamer

WAYS = {"drain": signal.SIGTERM, "stop": signal.SIGINT, "kill": signal.SIGKILL}

READY_WITHIN = 60.0
"""Seconds from the start of a hub until clients may be sent there, on a machine that is busy."""

BACK_WITHIN = 20.0
"""Seconds from the last restart until each client should be back and know all others."""

HEADINGS = (
    "way | hubs, clients | sent | lost | cut off | told | refused dials | slowest return"
    " | largest share at the end | still out"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rolling restart."""

    way: str
    hubs: int
    clients: int
    sent: int
    lost: int
    """Neither delivered, nor was the sender told."""
    cut: int
    """The same, and the sender knows because it lost its own connection."""
    told: int
    repeated: int
    refused: int
    slowest: float
    """Seconds from the loss of a connection until the client was greeted again."""
    largest: float
    """The share of the clients that is at one address at the end, 0 to 1."""
    out: int
    """How many clients had no connection ``BACK_WITHIN`` seconds after the last restart."""
    codes: dict[int | None, int]

    def row(self) -> str:
        """Return a row of a Markdown table under ``HEADINGS``."""
        cells = (
            self.way,
            f"{self.hubs}, {self.clients}",
            f"{self.sent:,}",
            str(self.lost),
            str(self.cut),
            str(self.told),
            str(self.refused),
            f"{self.slowest:.1f} s",
            f"{self.largest:.0%}",
            str(self.out),
        )
        return f"| {' | '.join(cells)} |"


class Hub:
    """A hub of ours: a process at a port that it keeps."""

    def __init__(self, port: int, first: int, drain_time: float, errors: Path) -> None:
        self.port = port
        self._first = first
        self._drain_time = drain_time
        self._errors = errors
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; return when clients may be sent there."""
        words = [f"--port={self.port}", "--host=127.0.0.1", f"--drain-time={self._drain_time}"]
        words.append(f"--bootstrap-hubs=ws://127.0.0.1:{self._first}")
        with self._errors.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "peerpigeon", "hub", *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
            )
        await _until_ready(f"http://127.0.0.1:{self.port}/ready")

    async def end(self, number: signal.Signals) -> None:
        """Have it end by a signal."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(number)
            await process.wait()


async def _until_ready(url: str) -> None:
    try:
        async with asyncio.timeout(READY_WITHIN), aiohttp.ClientSession() as session:
            while not await _is_ready(session, url):  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError as error:
        raise BenchmarkError(f"{url} was not 200 within {READY_WITHIN:.0f} s") from error


async def _is_ready(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, OSError):
        return False


@asynccontextmanager
async def hubs_of_ours(ports: Sequence[int], drain_time: float) -> AsyncIterator[list[Hub]]:
    """Run a hub at each of the ports; the first starts from the last, the others from the first."""
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "hubs.log"
        hubs = [
            Hub(each, ports[0 if index else -1], drain_time, errors)
            for index, each in enumerate(ports)
        ]
        async with AsyncExitStack() as stack:
            for hub in hubs:
                stack.push_async_callback(hub.end, signal.SIGKILL)
            await asyncio.gather(*(hub.start() for hub in hubs))
            yield hubs


async def roll(  # noqa: PLR0913
    addresses: Sequence[str],
    restart: Callable[[int], Awaitable[None]],
    *,
    way: str = "drain",
    hubs: int = 3,
    clients: int = 50,
    rate: float = 200.0,
    pause: float = 5.0,
    connector: aiohttp.TCPConnector | None = None,
) -> Outcome:
    """Restart each hub, from 1 on, while clients at these addresses signal; tell what they noticed.

    ``restart`` returns when the hub is back; ``pause`` seconds later it is the next one's turn.
    ``connector`` opens the clients' connections, and is closed with them.
    """
    async with roamers(clients, addresses, rate, connector) as (crowd, ledger):
        if not await _all_there(crowd, READY_WITHIN):
            known = min(len(client.known) for client in crowd)
            raise BenchmarkError(f"of {len(crowd)} clients, one knows {known} others")
        await asyncio.sleep(pause)
        before = len(ledger.returns), ledger.refused
        for number in range(1, hubs + 1):
            await restart(number)
            await asyncio.sleep(pause)
        await _all_there(crowd, BACK_WITHIN)
        out = sum(client.stay is None for client in crowd)
        await asyncio.sleep(KNOWN_WITHIN)
        return _judge(crowd, ledger, before, way=way, hubs=hubs, out=out)


async def _all_there(crowd: list[Roamer], within: float) -> bool:
    """Wait until each client knows all others; tell whether they do."""
    try:
        async with asyncio.timeout(within):
            while any(len(one.known) < len(crowd) - 1 for one in crowd):  # noqa: ASYNC110 - simple
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError:
        return False
    return True


def _judge(
    crowd: list[Roamer], ledger: Ledger, before: tuple[int, int], *, way: str, hubs: int, out: int
) -> Outcome:
    lost, cut = ledger.unknown(asyncio.get_running_loop().time())
    shares = Counter(client.stay.address for client in crowd if client.stay is not None)
    return Outcome(
        way=way,
        hubs=hubs,
        clients=len(crowd),
        sent=len(ledger.sent),
        lost=lost,
        cut=cut,
        told=len(ledger.told & ledger.sent.keys()),
        repeated=sum(count - 1 for count in ledger.got.values()),
        refused=ledger.refused - before[1],
        slowest=max(ledger.returns[before[0] :], default=0.0),
        largest=max(shares.values(), default=0) / len(crowd),
        out=out,
        codes=dict(ledger.codes),
    )


async def roll_ours(
    ports: Sequence[int], way: str, *, drain_time: float = 5.0, clients: int = 50
) -> Outcome:
    """Restart hubs of ours, each under its port."""
    async with hubs_of_ours(ports, drain_time) as hubs:

        async def restart(number: int) -> None:
            await hubs[number - 1].end(WAYS[way])
            await hubs[number - 1].start()

        addresses = [f"ws://127.0.0.1:{port}" for port in ports]
        return await roll(addresses, restart, way=way, hubs=len(ports), clients=clients)


async def _roll_theirs(options: argparse.Namespace) -> Outcome:
    async def restart(number: int) -> None:
        command = options.restart.replace("{number}", str(number))
        process = await asyncio.create_subprocess_shell(command)
        if await process.wait():
            raise BenchmarkError(f"{command!r} ended with status {process.returncode}")

    addresses = options.dial.split(",")
    return await roll(
        addresses, restart, way=options.way, hubs=options.hubs, clients=options.clients
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Play it and print a row; return 1 if a signal was lost or came twice."""
    options = _parser().parse_args(arguments)
    try:
        if options.dial:
            outcome = asyncio.run(_roll_theirs(options))
        else:
            ports = range(options.port, options.port + options.hubs)
            outcome = asyncio.run(
                roll_ours(
                    ports, options.way, drain_time=options.drain_time, clients=options.clients
                )
            )
    except BenchmarkError as problem:
        sys.stderr.write(f"rolling: {problem}\n")
        return 2
    rule = "|---" * (HEADINGS.count("|") + 1)
    sys.stdout.write(f"| {HEADINGS} |\n{rule}|\n{outcome.row()}\n")
    sys.stderr.write(f"closed with {outcome.codes}\n")
    return 1 if outcome.lost or outcome.repeated else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rolling", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--way", choices=WAYS, default="drain", help="how hubs end [drain]")
    parser.add_argument("--hubs", type=int, default=3, help="how many there are [3]")
    parser.add_argument("--clients", type=int, default=50, help="how many there are [50]")
    parser.add_argument("--drain-time", type=float, default=5.0, help="of hubs of its own [5]")
    parser.add_argument("--port", type=int, default=3900, help="the first one of these [3900]")
    parser.add_argument("--dial", default="", help="addresses to dial instead, with commas")
    parser.add_argument("--restart", default="true", help="command that restarts hub {number}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
