"""What watchers of a dashboard are sent, and how much may wait for one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import HubRegistered, PeerConnected
from peerpigeon.core.interface.serving import Serving
from peerpigeon.core.interface.snapshot import (
    HubView,
    MeshSnapshot,
    NamespaceRecord,
    Snapshot,
    TopologySnapshot,
)
from peerpigeon.core.memory import MemoryAccount
from peerpigeon.net.http.dashboard import feed
from peerpigeon.net.http.dashboard.feed import MOST_WAITING, Feed, Watcher
from peerpigeon.net.memory import Holders
from peerpigeon.net.recent_notices import LIMIT, RecentNotices

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.net.metrics.picture import Picture

A, B = PeerId("a" * 40), PeerId("b" * 40)
MIB = 1 << 20


class Server:
    """Something to watch that is as it is told to be."""

    def __init__(self, memory: int = 1 << 30) -> None:
        self.config = ServerConfig(max_connections=7)
        self.recent = RecentNotices()
        self.holders = Holders(MemoryAccount(memory))
        self.mark = 0
        self.serving = Serving.READY
        self.looks = 0
        self.was_looked_at = asyncio.Event()

    def snapshot(self) -> Snapshot:
        return Snapshot(
            hub_id=A,
            is_hub=True,
            uptime=12.3,
            wall_time=1000.5,
            connections=3,
            announced_peers=2,
            namespaces=1,
            hubs=(),
            mesh=MeshSnapshot(ready=True),
            serving=self.serving,
            signals_relayed=5,
            signals_refused=1,
            messages_refused=0,
            news_unusable=0,
            memory_limit=MIB,
            memory_kept=17,
        )

    def topology(self) -> TopologySnapshot:
        hubs = (HubView(A, self.mark, (), is_draining=bool(self.mark), links=()),)
        return TopologySnapshot(A, True, 1000.5, MeshSnapshot(), hubs)

    def picture(self) -> Picture:
        raise AssertionError("this is for others")

    async def looked_at(self, times: int) -> None:
        for _ in range(times):
            self.was_looked_at.clear()
            await self.was_looked_at.wait()

    def mesh_mark(self) -> tuple[object, ...]:
        self.looks += 1
        self.was_looked_at.set()
        return (self.mark,)

    def largest_namespaces(self, most: int) -> list[NamespaceRecord]:
        return [NamespaceRecord("lobby", 2, None)][:most]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LOOK", 0.001)


Told = list[tuple[str, Any]]


def parse(data: bytes) -> Told:
    """Return the events of a stream, as HTML has them (9.2.6)."""
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def told_until(watcher: Watcher, fits: Callable[[Told], bool]) -> Told:
    """Return what a watcher is told, up to where it fits."""
    told: Told = []
    async with asyncio.timeout(10):
        while not fits(told):
            told += parse(await watcher.take())
    return told


def has(kind: str) -> Callable[[Told], bool]:
    return lambda told: any(name == kind for name, _ in told)


async def test_who_comes_is_told_all_there_is_to_see() -> None:
    server = Server()
    server.recent.put(HubRegistered(A, 1))
    feed = Feed(server, tells_clients=True)
    watcher = feed.watch()
    data = await watcher.take()
    assert data.startswith(b"retry: 1000\n\n")
    (mesh, figures, events) = parse(data)
    assert (mesh[0], mesh[1]["hubs"][0]["id"]) == ("mesh", A)
    memory = figures[1].pop("resident")
    assert memory is None or memory > MIB
    assert figures == (
        "figures",
        {
            "time": 1_000_500,
            "version": figures[1]["version"],
            "uptime": 12,
            "serving": "ready",
            "ready": True,
            "migrated": False,
            "clients": 3,
            "mostClients": 7,
            "announced": 2,
            "namespaces": 1,
            "p2p": 0,
            "websocket": 0,
            "relayed": 5,
            "refused": 1,
            "nonsense": 0,
            "dropped": 0,
            "kept": 17,
            "mostKept": MIB,
            "largest": [["lobby", 2, None]],
        },
    )
    assert [event["event"] for event in events[1]["events"]] == ["hubRegistered"]
    feed.leave(watcher)


async def test_the_mesh_is_told_again_when_it_has_changed_and_not_before() -> None:
    server = Server()
    feed = Feed(server, tells_clients=True)
    watcher = feed.watch()
    await watcher.take()
    await server.looked_at(3)
    server.mark = 1
    told = await told_until(watcher, has("mesh"))
    (mesh,) = [document for name, document in told if name == "mesh"]
    assert mesh["hubs"][0]["state"] == "draining"
    feed.leave(watcher)


async def test_events_are_told_once_to_each_and_in_their_order() -> None:
    server = Server()
    feed = Feed(server, tells_clients=True)
    first = feed.watch()
    await first.take()
    server.recent.put(HubRegistered(A, 1))
    server.recent.put(PeerConnected(B, 1))
    second = feed.watch()  # before the first has been told
    for watcher in (first, second):
        told = await told_until(watcher, lambda told: len(kinds(told)) >= 2)
        assert kinds(told) == ["hubRegistered", "peerConnected"]
        feed.leave(watcher)


def kinds(told: Told) -> list[str]:
    return [event["event"] for name, body in told if name == "events" for event in body["events"]]


async def test_of_more_events_than_are_kept_it_is_told_how_many_are_missing() -> None:
    server = Server()
    feed = Feed(server, tells_clients=True)
    watcher = feed.watch()
    await watcher.take()
    server.recent.put(HubRegistered(A, 1))
    for number in range(LIMIT + 5):
        server.recent.put(PeerConnected(B, number))
    told = await told_until(watcher, has("events"))
    ((_, body),) = [each for each in told if each[0] == "events"]
    assert (len(body["events"]), body["missed"]) == (LIMIT + 1, 5)
    assert body["events"][0]["event"] == "hubRegistered"
    feed.leave(watcher)


async def test_who_is_told_of_no_clients_is_told_the_rest() -> None:
    server = Server()
    feed = Feed(server, tells_clients=False)
    watcher = feed.watch()
    assert dict(parse(await watcher.take()))["figures"]["largest"] is None
    server.recent.put(PeerConnected(B, 1))
    server.recent.put(HubRegistered(A, 1))
    told = await told_until(watcher, has("events"))
    assert kinds(told) == ["hubRegistered"]
    feed.leave(watcher)


async def test_nothing_is_looked_at_while_nobody_watches() -> None:
    server = Server()
    feed = Feed(server, tells_clients=True)
    watchers = [feed.watch() for _ in range(3)]
    for watcher in watchers:
        feed.leave(watcher)
    assert len(feed) == 0
    looks = server.looks
    await asyncio.sleep(0.05)
    assert server.looks == looks
    again = feed.watch()
    assert parse(await again.take())
    feed.leave(again)


async def test_a_large_mesh_is_told_the_more_seldom_the_longer_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a clock of its own: each picture takes a second of it."""
    server = Server()
    loop = asyncio.get_running_loop()
    clock = [0.0]
    monkeypatch.setattr(loop, "time", lambda: clock[0])
    topology = server.topology

    def slow() -> TopologySnapshot:
        clock[0] += 1.0
        return topology()

    monkeypatch.setattr(server, "topology", slow)
    feed = Feed(server, tells_clients=True)
    watcher = feed.watch()
    told = 0
    for _ in range(400):
        server.mark += 1
        clock[0] += 0.1
        feed._timer.cancel()  # type: ignore[union-attr]
        before = clock[0]
        feed._look()
        told += clock[0] > before
    assert told == 2
    feed.leave(watcher)


async def test_who_does_not_read_is_ended_before_much_waits() -> None:
    holders = Holders(MemoryAccount(1 << 30))
    watcher = Watcher(holders)
    message = bytes(MOST_WAITING // 2 + 1)
    for _ in range(2):
        watcher.put(message)
    assert holders.account.buffered == 2 * len(message)
    watcher.put(b"one more")
    assert watcher.has_ended
    assert holders.account.buffered == 0
    assert await watcher.take() == b""
    watcher.put(b"too late")
    assert (await watcher.take(), holders.account.buffered) == (b"", 0)


async def test_a_watcher_gives_way_when_memory_is_short() -> None:
    holders = Holders(MemoryAccount(MIB))
    greedy, modest = Watcher(holders), Watcher(holders)
    modest.put(bytes(100))
    greedy.put(bytes(MIB // 2))
    assert (greedy.has_ended, modest.has_ended) == (True, False)
    assert await greedy.take() == b""
    assert len(await modest.take()) == 100


async def test_who_waits_for_news_hears_of_its_end() -> None:
    watcher = Watcher(Holders(MemoryAccount(1 << 30)))
    waiting = asyncio.create_task(watcher.take())
    await asyncio.sleep(0)
    watcher.end()
    async with asyncio.timeout(10):
        assert await waiting == b""
