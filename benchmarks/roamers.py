"""Clients that hold a list of addresses and signal each other; what becomes of each signal."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

Json = dict[str, Any]

chance = SystemRandom()

LONGEST_PAUSE = 30.0
"""Seconds. Clients of the npm package try again after 1, 2, 4 ... 30 s, whatever was the code."""

HANDSHAKE_TIMEOUT = 10.0
"""Seconds, as these clients have it."""

KNOWN_WITHIN = 12.0
"""Seconds after which a sender must know of a failure: `signal_lifetime`, and a little."""

KIND = "renegotiation-"
"""Each signal has a type of its own, so that an error says which one it is about."""


@dataclass(slots=True)
class Stay:
    """One connection of a client. Times are seconds of the event loop."""

    address: str
    socket: aiohttp.ClientWebSocketResponse
    ended_at: float | None = None


@dataclass(slots=True)
class Sent:
    """A signal that was sent."""

    at: float
    stay: Stay


@dataclass(slots=True)
class Ledger:
    """What all clients have sent, got and been told."""

    sent: dict[str, Sent] = field(default_factory=dict)
    got: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)
    refused: int = 0
    """How often a connection could not be opened."""
    returns: list[float] = field(default_factory=list)
    """Seconds from each loss of a connection until the next one was greeted."""
    codes: Counter[int | None] = field(default_factory=Counter)
    """With what connections were closed; ``None``: without a word."""

    def unknown(self, now: float) -> tuple[int, int]:
        """Return how many signals have neither arrived nor been answered by an error by now.

        First those whose sender stayed and should have been told, then those whose sender lost its
        own connection soon after, from which it knows that it is to ask again. What was sent a
        moment ago may be under way.
        """
        lost = cut = 0
        for kind, sent in self.sent.items():
            known_by = sent.at + KNOWN_WITHIN
            if kind not in self.got and kind not in self.told and known_by <= now:
                end = sent.stay.ended_at
                stayed = end is None or end > known_by
                lost, cut = lost + stayed, cut + (not stayed)
        return lost, cut


class Roamer:
    """One client. It goes to another address each time that its connection is lost."""

    def __init__(self, peer_id: str, addresses: Sequence[str], ledger: Ledger) -> None:
        self.peer_id = peer_id
        self.stay: Stay | None = None
        self.known: set[str] = set()
        self._addresses = addresses
        self._address = chance.choice(addresses)
        self._ledger = ledger
        self._lost_at: float | None = None

    @property
    def address(self) -> str:
        """Where it is, or tries to get next."""
        return self._address

    async def live(self, session: aiohttp.ClientSession) -> None:
        """Connect again and again, until cancelled."""
        attempts = 0
        while True:
            try:
                async with asyncio.timeout(HANDSHAKE_TIMEOUT):
                    url = f"{self._address}/?peerId={self.peer_id}"
                    socket = await session.ws_connect(url, max_msg_size=0)
            except (aiohttp.ClientError, OSError, TimeoutError):
                self._ledger.refused += 1
            else:
                attempts = 0
                try:
                    await self._serve(socket)
                finally:
                    await socket.close()
            await asyncio.sleep(min(2.0**attempts, LONGEST_PAUSE))
            attempts += 1
            self._address = self._elsewhere()

    def _elsewhere(self) -> str:
        others = [each for each in self._addresses if each != self._address]
        return chance.choice(others or list(self._addresses))

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        stay = self.stay = Stay(self._address, socket)
        try:
            await socket.send_json({"type": "announce", "data": {}, "networkName": "rolling"})
            while (frame := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                self._hear(json.loads(frame.data))
        except (aiohttp.ClientError, OSError):
            pass
        finally:
            stay.ended_at = self._lost_at = asyncio.get_running_loop().time()
            self.stay = None
            self.known.clear()
            self._ledger.codes[socket.close_code] += 1

    def _hear(self, message: Json) -> None:
        kind, data = message["type"], message.get("data") or {}
        match kind:
            case "connected" if self._lost_at is not None:
                self._ledger.returns.append(asyncio.get_running_loop().time() - self._lost_at)
            case "peer-discovered":
                self.known.add(data["peerId"])
            case "peer-disconnected":
                self.known.discard(data["peerId"])
            case "error":
                self._ledger.told.add(data.get("type", ""))
            case _ if kind.startswith(KIND):
                self._ledger.got[kind] += 1

    async def signal(self, target: str) -> None:
        """Send a signal, if there is a connection."""
        if (stay := self.stay) is None:
            return
        kind = f"{KIND}{len(self._ledger.sent)}"
        message = {"type": kind, "data": {}, "targetPeerId": target, "networkName": "rolling"}
        try:
            await stay.socket.send_json(message)
        except (aiohttp.ClientError, OSError):
            return  # it was closed before: nothing was sent
        self._ledger.sent[kind] = Sent(asyncio.get_running_loop().time(), stay)


@asynccontextmanager
async def roamers(
    count: int,
    addresses: Sequence[str],
    rate: float,
    connector: aiohttp.TCPConnector | None = None,
) -> AsyncIterator[tuple[list[Roamer], Ledger]]:
    """Have clients live in one namespace and send ``rate`` signals a second, all together.

    ``connector`` opens their connections, and is closed with them.
    """
    ledger = Ledger()
    clients = [Roamer(f"{chance.getrandbits(160):040x}", addresses, ledger) for _ in range(count)]
    connector = connector or aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        lives = [asyncio.create_task(client.live(session)) for client in clients]
        talk = asyncio.create_task(_talk(clients, rate))
        try:
            yield clients, ledger
        finally:
            for task in (talk, *lives):
                task.cancel()
            await asyncio.gather(talk, *lives, return_exceptions=True)


async def _talk(clients: list[Roamer], rate: float) -> None:
    while True:
        sender = chance.choice(clients)
        if sender.known:
            await sender.signal(chance.choice(sorted(sender.known)))
        await asyncio.sleep(1 / rate)
