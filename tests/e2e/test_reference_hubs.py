"""Hubs of the npm package, unmodified, in one mesh with ours."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import aiohttp
import pytest

from tests.e2e import servers
from tests.e2e.conftest import NewClient
from tests.e2e.meeting import check_that_a_channel_opens, check_that_they_meet_and_talk
from tests.e2e.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.node, pytest.mark.xdist_group("clients")]

Json = dict[str, Any]

DEADLINE = 30.0
BURST = 30


class RawClient:
    """A client that keeps every frame, with a socket to any hub."""

    def __init__(
        self, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, peer: str
    ) -> None:
        self.peer = peer
        self.frames: list[Json] = []
        self._session = session
        self._socket = socket
        self._came = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def join(cls, server: Server, peer: str, namespace: str = "net1") -> Self:
        session = aiohttp.ClientSession()
        url = f"http://127.0.0.1:{server.port}/?peerId={peer}"
        client = cls(session, await session.ws_connect(url), peer)
        await client.say({"type": "announce", "data": {"peerId": peer}, "networkName": namespace})
        return client

    async def close(self) -> None:
        await self._socket.close()
        await self._reader
        await self._session.close()

    async def _read(self) -> None:
        async for frame in self._socket:
            self.frames.append(json.loads(frame.data))
            self._came.set()
        self._came.set()

    async def say(self, message: Json) -> None:
        await self._socket.send_str(json.dumps(message))

    async def signal(
        self, target: str, data: object, kind: str = "offer", namespace: str = "net1"
    ) -> None:
        message = {"type": kind, "data": data, "targetPeerId": target, "networkName": namespace}
        await self.say(message | {"maxPeers": 3})

    def discovered(self) -> list[str]:
        return self.named("peer-discovered")

    def gone(self) -> list[str]:
        return self.named("peer-disconnected")

    def named(self, kind: str) -> list[str]:
        return [frame["data"]["peerId"] for frame in self.frames if frame["type"] == kind]

    def signals(self, sender: str) -> list[object]:
        return [frame["data"] for frame in self.frames if frame.get("fromPeerId") == sender]

    async def until_discovered(self, peers: set[str]) -> None:
        await self.until("discovery", lambda: peers <= set(self.discovered()))

    async def until_gone(self, peers: set[str]) -> None:
        await self.until("departures", lambda: peers <= set(self.gone()))

    async def until_signals(self, sender: str, count: int) -> None:
        what = f"{count} signals of {sender[:2]}"
        await self.until(what, lambda: len(self.signals(sender)) >= count)

    async def until(self, what: str, is_met: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not is_met():
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"{self.peer[:2]}: not in time: {what}; {self.frames}") from None


class Mesh:
    """Hubs by name, and clients that are closed when the test is over."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self.hubs: dict[str, Server] = {}
        self.clients: dict[str, RawClient] = {}

    def ours(self, name: str, *bootstrap: Server) -> Server:
        """Start a hub of ours; one without bootstrap hubs dials nobody."""
        uris = ",".join(hub.url for hub in bootstrap)
        where = ("--bootstrap-hubs", uris) if uris else ("--no-auto-connect",)
        server = servers.our_server("hub", *where, "--reconnect-interval", "1s")
        self.hubs[name] = self._stack.enter_context(server)
        return self.hubs[name]

    async def reference(self, name: str, *bootstrap: Server, digit: str) -> Server:
        """Start a hub of the package; its id is one digit, so that P2P would be initiated."""
        options: Json = {"isHub": True, "hubPeerId": digit * 40}
        if bootstrap:
            options["bootstrapHubs"] = [hub.url for hub in bootstrap]
        starting = servers.reference_server(**options)
        self.hubs[name] = await asyncio.to_thread(self._stack.enter_context, starting)
        return self.hubs[name]

    async def join(self, hub: str, digits: str, namespace: str = "net1") -> RawClient:
        client = await self._arrive(hub, digits * 20, namespace)
        self.clients[digits] = client
        return client

    async def _arrive(self, hub: str, peer: str, namespace: str = "net1") -> RawClient:
        client = await RawClient.join(self.hubs[hub], peer, namespace)
        self._stack.push_async_callback(client.close)
        return client

    def kill(self, name: str) -> None:
        self.hubs.pop(name).kill()

    async def all_know_all(self) -> None:
        everybody = {client.peer for client in self.clients.values()}
        for client in self.clients.values():
            await client.until_discovered(everybody - {client.peer})

    async def check_signals(self) -> None:
        """Let everybody send everybody else a burst, and compare what came, to the last one."""
        pairs = [(a, b) for a in self.clients.values() for b in self.clients.values() if a is not b]
        for number in range(BURST):
            for sender, target in pairs:
                await sender.signal(target.peer, numbered(number, sender, target), "ice-candidate")
        for sender, target in pairs:
            await target.until_signals(sender.peer, BURST)
        # What is sent now comes after whatever of the burst was sent once too often.
        for sender, target in pairs:
            await sender.signal(target.peer, numbered(BURST, sender, target), "ice-candidate")
        for sender, target in pairs:
            await target.until_signals(sender.peer, BURST + 1)
            expected = [numbered(number, sender, target) for number in range(BURST + 1)]
            assert target.signals(sender.peer) == expected

    async def check_departures(self, lost: set[str], witnesses: list[RawClient]) -> None:
        """Let the witnesses hear that just these have gone, each once.

        Then a client of each hub comes and goes: what any hub had told before, the witnesses have
        heard when they have heard of these.
        """
        for witness in witnesses:
            await witness.until_gone(lost)
        last = [await self._arrive(hub, f"{n:040x}") for n, hub in enumerate(self.hubs)]
        peers = {client.peer for client in last}
        for witness in witnesses:
            await witness.until_discovered(peers)
        for client in last:
            await client.close()
        for witness in witnesses:
            await witness.until_gone(peers)
            assert sorted(peer for peer in witness.gone() if peer not in peers) == sorted(lost)


def numbered(number: int, sender: RawClient, target: RawClient) -> Json:
    """Return a signal that differs enough for the package's hash of what it has relayed lately."""
    return {"candidate": f"candidate:{number}", "from": sender.peer, "to": target.peer}


@pytest.fixture
async def mesh(npm_packages: None) -> AsyncIterator[Mesh]:
    async with contextlib.AsyncExitStack() as stack:
        yield Mesh(stack)


# Ours as the bootstrap hub of three of the package's


async def star(mesh: Mesh) -> None:
    py = mesh.ours("py")
    await asyncio.gather(
        mesh.reference("js1", py, digit="1"),
        mesh.reference("js2", py, digit="8"),
        mesh.reference("js3", py, digit="f"),
    )


async def test_everybody_knows_everybody_and_all_signals_arrive_once_in_order(mesh: Mesh) -> None:
    await star(mesh)
    for hub, digits in (("js1", "a1"), ("py", "a0"), ("js2", "a2"), ("js3", "a3"), ("js1", "b1")):
        await mesh.join(hub, digits)
    for hub, digits in (("py", "b0"), ("js3", "b3")):
        await mesh.join(hub, digits)
    await mesh.all_know_all()
    await mesh.check_signals()
    for client in mesh.clients.values():
        assert len(client.discovered()) == len(set(client.discovered())), client.discovered()
        assert client.gone() == []


async def test_a_hub_that_comes_late_brings_its_clients_in(mesh: Mesh) -> None:
    py = mesh.ours("py")
    await mesh.reference("js1", py, digit="1")
    await mesh.join("py", "a0")
    await mesh.join("js1", "a1")
    await mesh.reference("js2", py, digit="8")
    await mesh.join("js2", "a2")
    await mesh.all_know_all()
    await mesh.check_signals()


async def test_the_clients_of_a_killed_hub_are_reported_gone_once(mesh: Mesh) -> None:
    await star(mesh)
    lost = {(await mesh.join("js1", "a1")).peer, (await mesh.join("js1", "b1")).peer}
    witnesses = [await mesh.join("py", "a0"), await mesh.join("js2", "a2")]
    await mesh.all_know_all()
    mesh.kill("js1")
    await mesh.check_departures(lost, witnesses)


async def test_a_client_that_leaves_is_reported_gone_once(mesh: Mesh) -> None:
    await star(mesh)
    leaver, at_ours = await mesh.join("js1", "a1"), await mesh.join("py", "b0")
    witnesses = [await mesh.join("py", "a0"), await mesh.join("js2", "a2")]
    await mesh.all_know_all()
    await leaver.say({"type": "goodbye", "data": {"peerId": leaver.peer}, "networkName": "net1"})
    await leaver.close()
    await at_ours.close()
    lost = {leaver.peer, at_ours.peer}
    await mesh.check_departures(lost, witnesses)


async def test_namespaces_stay_apart(mesh: Mesh) -> None:
    await star(mesh)
    here = [await mesh.join("js1", "a1"), await mesh.join("py", "a0")]
    there = [await mesh.join("js2", "a2", "net2"), await mesh.join("py", "b0", "net2")]
    for one, other in (here, there):
        await one.until_discovered({other.peer})
        await other.until_discovered({one.peer})
    for one in here:
        for other in there:
            await one.signal(other.peer, f"net1 {one.peer}")
            await one.signal(other.peer, f"net2 {one.peer}", namespace="net2")
    # What these say now comes the same ways, after whatever was let through of that.
    fences = [await mesh.join("js1", "c1", "net2"), await mesh.join("py", "c0", "net2")]
    for fence in fences:
        await fence.until_discovered({other.peer for other in there})
        for other in there:
            await fence.signal(other.peer, f"net2 {fence.peer}", namespace="net2")
    for other in there:
        for fence in fences:
            await other.until_signals(fence.peer, 1)
        for one in here:
            assert one.peer not in str(other.frames)
            assert one.signals(other.peer) == []


# One of the package's as the bootstrap hub of ours


async def test_two_of_ours_that_start_from_one_of_the_packages_find_each_other(mesh: Mesh) -> None:
    """It tells each where the other listens, and that is all it does for them."""
    js = await mesh.reference("js", digit="8")
    mesh.ours("py1", js)
    mesh.ours("py2", js)
    await mesh.join("py1", "a1")
    await mesh.join("py2", "a2")
    await mesh.join("js", "a0")
    await mesh.all_know_all()
    for hub, digits in (("js", "b0"), ("py2", "b2"), ("py1", "b1")):
        await mesh.join(hub, digits)
    await mesh.all_know_all()
    await mesh.check_signals()


async def test_the_departures_that_one_of_the_packages_tells_reach_clients_once(
    mesh: Mesh,
) -> None:
    js = await mesh.reference("js", digit="8")
    mesh.ours("py1", js)
    mesh.ours("py2", js)
    witnesses = [await mesh.join("py1", "a1"), await mesh.join("py2", "a2")]
    leaver, other = await mesh.join("js", "a0"), await mesh.join("js", "b0")
    await mesh.all_know_all()
    await leaver.close()
    for witness in witnesses:
        await witness.until_gone({leaver.peer})
    mesh.kill("js")
    await mesh.check_departures({leaver.peer, other.peer}, witnesses)


async def test_a_hub_of_ours_between_two_of_the_packages_brings_them_together(mesh: Mesh) -> None:
    """It has dialled the one and is the bootstrap hub of the other."""
    js1 = await mesh.reference("js1", digit="1")
    py = mesh.ours("py", js1)
    await mesh.reference("js2", py, digit="f")
    for hub, digits in (("js1", "a1"), ("js2", "a2"), ("py", "a0"), ("js1", "b1"), ("js2", "b2")):
        await mesh.join(hub, digits)
    await mesh.all_know_all()
    await mesh.check_signals()


@pytest.mark.thorough
async def test_when_the_hub_of_ours_that_serves_it_dies_another_one_does(mesh: Mesh) -> None:
    js = await mesh.reference("js", digit="8")
    at_js = await mesh.join("js", "a0")
    first = mesh.ours("py1", js)
    await mesh.join("py1", "a1")
    await mesh.all_know_all()
    del mesh.clients["a1"]
    mesh.ours("py2", js, first)
    survivor = await mesh.join("py2", "a2")
    await mesh.all_know_all()
    mesh.kill("py1")
    await survivor.until_gone({at_js.peer})
    await survivor.until("return", lambda: survivor.discovered().count(at_js.peer) == 2)
    await mesh.check_signals()


# Real clients


def test_real_clients_of_both_kinds_of_hub_talk_over_a_data_channel(
    new_node_client: NewClient,
) -> None:
    with (
        servers.our_server("hub") as py,
        servers.reference_server(isHub=True, hubPeerId="8" * 40, bootstrapHubs=[py.url]) as js,
    ):
        at_ours, at_theirs = new_node_client(), new_node_client()
        at_ours.start(py.url, "flock")
        at_theirs.start(js.url, "flock")
        check_that_they_meet_and_talk(at_ours, at_theirs)
        late = new_node_client()
        late.start(js.url, "flock")
        for one, other in ((late, at_ours), (late, at_theirs)):
            check_that_a_channel_opens(one, other)
            check_that_a_channel_opens(other, one)
