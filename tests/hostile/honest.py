"""Twenty honest clients in one process, in ten pairs that signal at a steady pace.

``python -m tests.hostile.honest visited CA PORT [PORT]``: told what goes on and then `end`, it
writes what it has seen from the calm time before to the end. With two ports the ends of a pair are
at different hubs. Each client has an address of its own. CA is a file if hubs speak TLS, or empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
from collections import Counter
from typing import Any

import aiohttp
import msgspec

from tests.hostile.scene import HONEST
from tests.hostile.sockets import Socket, new_id, trusting
from tests.hostile.waiting import comes_true

PAIRS = 10
PACE = 0.1
"""Seconds between two signals of a client."""

LATE = 0.2
"""Seconds after which a newcomer speaks that has connected; a phone far away takes as long."""

NEWCOMERS = 0.4
"""Seconds between two newcomers."""

LAST = 20.0
"""Seconds in which all has to come that was sent."""

OPEN_TIMEOUT = 20.0


class Seen(msgspec.Struct):
    """What the honest clients have seen."""

    latencies: dict[str, list[float]] = msgspec.field(default_factory=dict)
    """In seconds, by what went on when the signal was sent."""
    sent: int = 0
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    """How many never came, by what went on when they were sent."""
    disordered: dict[str, int] = msgspec.field(default_factory=dict)
    """How many came twice, or behind later ones."""
    strange: dict[str, list[str]] = msgspec.field(default_factory=dict)
    """What clients were told that nobody honest has caused, by what went on then."""
    closed: list[str] = msgspec.field(default_factory=list)
    """Who was closed, and with what."""
    newcomers: int = 0
    turned_away: list[str] = msgspec.field(default_factory=list)
    """Of newcomers those that did not get in, and why."""


class Crowd:
    """All of them, and what goes on."""

    def __init__(self, ports: list[int], ca: str, *, is_visited: bool) -> None:
        self._ports = ports
        self.ca = ca
        self._is_visited = is_visited
        self.now = "calm"
        self.seen = Seen()
        self.is_over = asyncio.Event()

    async def run(self) -> None:
        """Live until told to end."""
        clients = [Client(self, n, self._ports[n % len(self._ports)]) for n in range(2 * PAIRS)]
        for one, other in zip(clients[::2], clients[1::2], strict=True):
            one.partner, other.partner = other, one
        async with asyncio.TaskGroup() as tasks:
            await asyncio.gather(*(client.open(tasks) for client in clients))
            async with asyncio.timeout(OPEN_TIMEOUT):
                await asyncio.gather(*(client.knows_partner.wait() for client in clients))
            _say("ready")
            tasks.create_task(self._listen())
            senders = [tasks.create_task(client.send_steadily()) for client in clients]
            if self._is_visited:
                tasks.create_task(self._newcomers())
            await asyncio.wait(senders)
            await comes_true(
                lambda: not any(client.unheard for client in clients if client.is_open), LAST
            )
            self.seen.sent = sum(len(client.sent) for client in clients)
            self.seen.lost = Counter(
                when
                for client in clients
                for number, when in enumerate(client.partner.sent)
                if number not in client.heard
            )
            _say(msgspec.json.encode(self.seen).decode())
            for client in clients:
                await client.leave()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while not self.is_over.is_set():
            said = (await reader.readline()).decode().strip()
            if said in ("end", ""):
                self.is_over.set()
            else:
                self.now = said

    async def _newcomers(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in itertools.count(1):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(NEWCOMERS):
                        await self.is_over.wait()
                if self.is_over.is_set():
                    return
                if self.now == "attack":
                    tasks.create_task(self._newcomer(number))

    async def _newcomer(self, number: int) -> None:
        self.seen.newcomers += 1
        port = self._ports[number % len(self._ports)]
        address = f"127.2.{number // 200}.{number % 200 + 1}"
        try:
            socket = await Socket.connect(port, address, ca=self.ca)
            await asyncio.sleep(LATE)
            await socket.shake(f"/?peerId={new_id()}")
            assert socket.status == 101, f"status {socket.status}"
            await socket.until("connected")
        except (OSError, asyncio.IncompleteReadError, TimeoutError, AssertionError) as error:
            self.seen.turned_away.append(f"newcomer {number}: {error!r}")
        else:
            socket.abort()


class Client:
    """One honest client."""

    partner: Client

    def __init__(self, crowd: Crowd, number: int, port: int) -> None:
        self._crowd = crowd
        self._number = number
        self._port = port
        self.id = new_id()
        self.sent: list[str] = []
        """What went on when each was sent."""
        self.heard: set[int] = set()
        self._latest = -1
        self.is_open = True
        self.knows_partner = asyncio.Event()

    @property
    def unheard(self) -> int:
        """Signals of the partner that have not come."""
        return len(self.partner.sent) - len(self.heard)

    async def open(self, tasks: asyncio.TaskGroup) -> None:
        """Connect, and announce."""
        address = f"127.1.0.{self._number + 1}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(address, 0))
        )
        ca = self._crowd.ca
        self._socket = await self._session.ws_connect(
            f"{'https' if ca else 'http'}://127.0.0.1:{self._port}/?peerId={self.id}",
            max_msg_size=0,
            ssl=trusting(ca) if ca else True,
        )
        tasks.create_task(self._read())
        said = {"type": "announce", "data": {"peerId": self.id}, "networkName": HONEST}
        await self._socket.send_str(json.dumps(said))

    async def send_steadily(self) -> None:
        """Send one signal after another until it is over."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(PACE * self._number / (2 * PAIRS))
        while not self._crowd.is_over.is_set() and self.is_open:
            data = {"n": len(self.sent), "at": loop.time(), "when": self._crowd.now}
            said = {
                "type": "ice-candidate",
                "data": data,
                "targetPeerId": self.partner.id,
                "networkName": HONEST,
            }
            self.sent.append(self._crowd.now)
            try:
                await self._socket.send_str(json.dumps(said))
            except (OSError, aiohttp.ClientError):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PACE):
                    await self._crowd.is_over.wait()

    async def leave(self) -> None:
        """Close."""
        self.is_open = False
        await self._socket.close()
        await self._session.close()

    async def _read(self) -> None:
        async for message in self._socket:
            self._hear(json.loads(message.data))
        if self.is_open:
            self.is_open = False
            self._crowd.seen.closed.append(f"client {self._number}: {self._socket.close_code}")

    def _hear(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "peer-discovered", "data": {"peerId": peer}}:
                if peer == self.partner.id:
                    self.knows_partner.set()
            case {
                "type": "ice-candidate",
                "fromPeerId": source,
                "data": {"n": n, "at": at, "when": w},
            }:
                if source != self.partner.id:
                    self._strange(message)
                    return
                if n <= self._latest:
                    disordered = self._crowd.seen.disordered
                    disordered[w] = disordered.get(w, 0) + 1
                self._latest = n
                self.heard.add(n)
                latency = asyncio.get_running_loop().time() - at
                self._crowd.seen.latencies.setdefault(w, []).append(latency)
            case {"type": "peer-disconnected", "data": {"peerId": peer}}:
                if peer == self.partner.id and not self._crowd.is_over.is_set():
                    self._strange(message)
            case {"type": "connected" | "pong"}:
                pass
            case _:
                self._strange(message)

    def _strange(self, message: dict[str, Any]) -> None:
        strange = self._crowd.seen.strange.setdefault(self._crowd.now, [])
        if len(strange) < 5:
            what = message.get("error", message.get("data"))
            strange.append(f"{message['type']}: {what}"[:150])


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    visited, authority = sys.argv[1] == "visited", sys.argv[2]
    asyncio.run(Crowd([int(port) for port in sys.argv[3:]], authority, is_visited=visited).run())
