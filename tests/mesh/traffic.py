"""Numbered signals between clients at many hubs, without a pause, and what has become of each."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import permutations
from typing import TYPE_CHECKING, Any

from tests.mesh.processes import eventually
from tests.net.client import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from tests.mesh.processes import HubProcess

Json = dict[str, Any]
Pair = tuple[str, str]

PERIOD = 0.1
"""Seconds between two signals of one client to another."""


class Traffic:
    """Clients that all signal all others, and what they have got.

    Every client has a name, which is its peer id.
    """

    def __init__(self, clients: dict[str, Client], period: float) -> None:
        self.clients = clients
        self._period = period
        self.sent: dict[Pair, list[float]] = defaultdict(list)
        """When each signal was sent, by its number."""
        self.got: dict[Pair, list[tuple[int, float]]] = defaultdict(list)
        """The numbers that arrived, in order, and when."""
        self.refused: list[Json] = []
        self.seen: dict[str, list[tuple[str, str, float]]] = defaultdict(list)
        """What each client was told of whose coming and going, and when."""
        self._loop = asyncio.get_running_loop()
        self._is_sending = True

    async def send(self) -> None:
        """Send one signal of each client to each other in every period, until told to stop."""
        due = self._loop.time()
        while self._is_sending:
            for one, other in permutations(self.clients, 2):
                numbers = self.sent[one, other]
                numbers.append(self._loop.time())
                await self.clients[one].signal(other, "ice-candidate", len(numbers) - 1)
            due = max(due + self._period, self._loop.time())
            await asyncio.sleep(due - self._loop.time())

    async def read(self, name: str) -> None:
        """Take all that comes to one client."""
        while True:
            message = await self.clients[name].next()
            now, kind = self._loop.time(), message["type"]
            if kind == "ice-candidate":
                self.got[message["fromPeerId"], name].append((message["data"], now))
            elif kind in ("peer-discovered", "peer-disconnected"):
                self.seen[name].append((kind, message["data"]["peerId"], now))
            elif kind == "error":
                self.refused.append(message)

    async def all_know(self, others: Iterable[str]) -> None:
        """Wait until all clients have met each other and ``others``."""
        everybody = set(others) | set(self.clients)
        await eventually(
            "all clients have met",
            self._met,
            lambda met: all(met[name] == everybody - {name} for name in self.clients),
        )

    async def _met(self) -> dict[str, set[str]]:
        return {
            name: {peer for kind, peer, _ in self.seen[name] if kind == "peer-discovered"}
            for name in self.clients
        }

    async def flows(self, rounds: int = 10) -> None:
        """Wait until each client has got so many more signals from each other."""
        wanted = {pair: len(self.got[pair]) + rounds for pair in permutations(self.clients, 2)}
        await eventually(
            f"{rounds} more signals between any two clients",
            self._counts,
            lambda counts: all(counts[pair] >= count for pair, count in wanted.items()),
        )

    async def _counts(self) -> dict[Pair, int]:
        return {pair: len(self.got[pair]) for pair in permutations(self.clients, 2)}

    async def all_told(self, name: str, kind: str = "peer-disconnected") -> float:
        """Wait until all clients have been told something of a client; return when the last was."""

        async def untold() -> set[str]:
            return {each for each in self.clients if not self.told(each, name, kind)}

        await eventually(f"all are told of {name}: {kind}", untold, lambda left: not left)
        return max(min(self.told(each, name, kind)) for each in self.clients)

    def told(self, listener: str, name: str, kind: str) -> list[float]:
        """Return when a client was told something of another."""
        seen = self.seen[listener]
        return [when for what, peer, when in seen if (what, peer) == (kind, name)]

    def times_told(self, names: Iterable[str], kind: str) -> set[int]:
        """Return how often any client was told something of any other of ``names``."""
        return {
            len(self.told(listener, name, kind))
            for name in names
            for listener in self.clients
            if listener != name
        }

    async def complete(self) -> None:
        """Stop sending, and wait until all that was sent has arrived or was refused."""
        self._is_sending = False

        async def missing() -> dict[Pair, int]:
            return {
                pair: lacking
                for pair, sent in self.sent.items()
                if (lacking := len(sent) - len(self.got[pair])) > 0
            }

        await eventually(
            "all that was sent arrives",
            missing,
            lambda left: sum(left.values()) <= len(self.refused),
        )

    def check(self) -> None:
        """Find every signal delivered, once and in order, and none refused."""
        assert self.refused == []
        for pair, sent in self.sent.items():
            assert [number for number, _ in self.got[pair]] == list(range(len(sent))), pair

    def healed_at(self, since: float) -> float:
        """Return when the last pair of clients got something sent after ``since``.

        Signals arrive in order, so that pair has got by then all that was sent before too.
        """
        return max(
            next(when for number, when in self.got[pair] if sent[number] >= since)
            for pair, sent in self.sent.items()
        )

    def slowest(self) -> float:
        """Return how long the slowest signal took."""
        return max(
            arrived - self.sent[pair][number]
            for pair, got in self.got.items()
            for number, arrived in got
        )

    def count(self) -> int:
        """Return how many signals were sent."""
        return sum(map(len, self.sent.values()))


@asynccontextmanager
async def traffic(hubs: Sequence[HubProcess], period: float = PERIOD) -> AsyncIterator[Traffic]:
    """Have one client at each hub, called by its place in the row, and all signal all others."""
    async with AsyncExitStack() as stack:
        names = [peer_at(place) for place in range(len(hubs))]
        clients = {
            name: await stack.enter_async_context(await arrive(hub, name))
            for name, hub in zip(names, hubs, strict=True)
        }
        running = Traffic(clients, period)
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(running.read(name)) for name in clients]
            await running.all_know(())
            sender = group.create_task(running.send())
            try:
                yield running
            finally:
                for task in (*readers, sender):
                    task.cancel()


def peer_at(place: int) -> str:
    """Return the peer id of the client at the hub with a place in the row."""
    return f"{place + 1:040x}"


async def arrive(hub: HubProcess, name: str) -> Client:
    """Connect a client to a hub and announce it."""
    client = await Client.at(hub.port, name, hub.host)
    assert (await client.next())["type"] == "connected"
    await client.announce()
    return client
