"""What the log says, each line by what really happens: real sockets, real hubs.

``docs/operating.md`` has the lines in a table; ``tests/docs/test_log.py`` sees that all are here.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from peerpigeon.core.config import KIB, MIB
from peerpigeon.core.interface.notices import HubDiscovered, HubP2PConnected, Warned
from peerpigeon.net import ports
from peerpigeon.net.http import arrivals
from peerpigeon.net.websocket.outgoing import NOT_ADMITTED, NOT_TRUSTED
from tests.diagnosis.command import free_port
from tests.net.client import A, B, C, Client, join, running
from tests.net.hubs import Told, hub, uri
from tests.net.raw import RawClient, frame, upgrade
from tests.rtc.turn import turn_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from peerpigeon import PeerPigeonServer
    from peerpigeon.net.websocket.outgoing import Dialing

FROM_AFAR = {"X-Forwarded-For": "192.0.2.7"}
"""What a proxy on this machine says of a client."""


@asynccontextmanager
async def listening(**options: Any) -> AsyncIterator[tuple[PeerPigeonServer, Told]]:
    """Run a server behind a proxy of this machine."""
    options = {"trusted_proxies": ("127.0.0.1",), "takeover_timeout": 0.2} | options
    async with running(**options) as server:
        yield server, Told(server)


async def expect(told: Told, begins: str, address: str) -> Warned:
    """Wait for the line that begins so."""
    warned = await told.until(Warned, lambda warned: warned.message.startswith(begins))
    assert warned.address == address
    text, _, details = warned.message.partition("  ")
    begins = f"{text}  address={address}" if address else text
    assert any(line.startswith(begins) and line.endswith(details) for line in _lines)
    return warned


_lines: list[str] = []


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _lines.append(record.getMessage())

    keeper, logger = Keeper(), logging.getLogger("peerpigeon.net.seldom")
    logger.addHandler(keeper)
    yield
    logger.removeHandler(keeper)
    _lines.clear()


async def refused(server: PeerPigeonServer, peer_id: str = A) -> None:
    """Connect from afar, and be closed."""
    async with await Client.connect(server, peer_id, headers=FROM_AFAR) as client:
        await client.closed()


async def test_all_places_are_taken() -> None:
    async with listening(max_connections=1) as (server, told), await join(server, A) as first:
        alive = asyncio.create_task(first.receive())
        await refused(server, B)
        await expect(told, "a client was refused: all places are taken", "192.0.2.7")
        alive.cancel()


async def test_who_does_not_answer_loses_its_place() -> None:
    async with listening(max_connections=1) as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR, autoping=False) as ghost:
            async with await Client.connect(server, B) as second:
                assert (await second.next())["type"] == "connected"
                begins = "a client was closed: it did not answer, and others want its place"
                await expect(told, begins, "192.0.2.7")
            await ghost.closed()


async def test_one_address_has_all_that_it_may_have() -> None:
    async with listening(max_connections_per_address=1) as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR) as first:
            await first.next()
            await refused(server, B)
            await expect(told, "a client was refused: so many are there", "192.0.2.7")


async def test_one_address_asks_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "AT_ONCE", 1)
    async with listening() as (server, told):
        for _ in range(3):
            async with await RawClient.connect(server.port) as client:
                await client.send(upgrade("X-Forwarded-For: 192.0.2.7", target=f"/?peerId={A}"))
                await client.head()
        await expect(told, "requests of one address are refused for now (429)", "192.0.2.7")


@pytest.mark.parametrize(
    ("lines", "begins"),
    [
        (
            {"leave_out": "Upgrade"},
            "a request for a WebSocket came without its headers Upgrade and Connection (426)",
        ),
        ({"target": "/?hub=1"}, "a request was refused (403): this server is no hub"),
        ({"leave_out": "Sec-WebSocket-Key"}, "a request was refused (400)"),
    ],
    ids=["no upgrade", "no hub", "malformed"],
)
async def test_a_handshake_that_is_not_in_order(lines: Any, begins: str) -> None:
    async with listening() as (server, told), await RawClient.connect(server.port) as client:
        data = upgrade("X-Forwarded-For: 192.0.2.7", **({"target": f"/?peerId={A}"} | lines))
        await client.send(data)
        await client.head()
        await expect(told, begins, "192.0.2.7")


async def test_a_request_that_never_ends() -> None:
    async with listening(handshake_timeout=0.1) as (server, told):
        async with await RawClient.connect(server.port) as client:
            await client.send(b"GET / HTTP/1.1\r\n")
            await client.reader.read()
            await expect(told, "a connection was dropped: no whole request came", "127.0.0.1")
        silent = Told(server)
        async with await RawClient.connect(server.port) as client:
            await client.reader.read()
        assert silent.of(Warned) == [], "a browser that connects ahead breaks no rule"


async def test_a_crowd_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "DOORS", 2)
    async with listening(max_connections=1) as (server, told), AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(await RawClient.connect(server.port))
        begins = "connections are dropped: as many as may be have sent no whole request yet"
        await expect(told, begins, "127.0.0.1")


async def test_memory_is_short() -> None:
    limits = {"max_outbox_size": 64 * KIB, "max_message_size": 64 * KIB, "max_memory": MIB}
    async with listening(**limits) as (server, told), AsyncExitStack() as stack:
        for number in range(10):
            client = await stack.enter_async_context(await RawClient.connect(server.port))
            query = f"/?peerId={number:040x}"
            await client.send(upgrade("X-Forwarded-For: 192.0.2.7", target=query))
            await client.head()
            await client.send(frame(1, b"x" * 60 * KIB)[:-1])  # the rest never comes
        await expect(told, "connections keep more than half of max_memory", "")
        await expect(told, "a connection was closed: memory was short", "192.0.2.7")


async def test_a_host_that_is_not_dialled() -> None:
    async with hub() as (server, told):
        carriers = server._running().driver.carriers
        dial = cast("Dialing", SimpleNamespace(host="10.0.0.1", opening=7, is_told=True))
        carriers.dial_failed(dial, NOT_ADMITTED)
        await expect(told, "a host of which another hub tells was not dialled", "10.0.0.1")
        carriers.dial_failed(dial, f"10.0.0.1: {NOT_TRUSTED}: self-signed certificate")
        await expect(told, "a host of which another hub tells was not linked", "10.0.0.1")


@pytest.mark.parametrize(
    ("peer_id", "begins"),
    [
        ("xyz", "a client was refused: its peerId is not 40 hexadecimal digits"),
        ("own", "a client was refused: its peerId is this hub's own"),
    ],
)
async def test_an_id_that_cannot_be(peer_id: str, begins: str) -> None:
    async with listening() as (server, told):
        await refused(server, server.hub_peer_id if peer_id == "own" else peer_id)
        await expect(told, begins, "192.0.2.7")


async def test_a_resume_key_that_nobody_gave() -> None:
    async with listening() as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR, resume_key="x") as client:
            await client.closed()
        await expect(told, "a client was refused: its resumeKey is none", "192.0.2.7")


async def test_an_id_that_another_one_has_who_lives() -> None:
    async with listening() as (server, told), await join(server, A) as first:
        alive = asyncio.create_task(first.receive())
        async with await Client.connect(server, A, headers=FROM_AFAR) as second:
            await second.announce()
            await second.closed()
        await expect(told, "a client was refused: another one that lives", "192.0.2.7")
        alive.cancel()


async def test_an_id_whose_socket_does_not_answer() -> None:
    async with listening() as (server, told):
        ghost = await Client.connect(server, A, headers=FROM_AFAR, autoping=False)
        await ghost.announce()
        await ghost.next()
        async with ghost, await Client.connect(server, A) as second:
            await second.announce()
            begins = "a client was closed: its peerId has connected again"
            await expect(told, begins, "192.0.2.7")


async def test_a_client_that_answers_no_ping() -> None:
    async with listening(cleanup_interval=0.05, peer_timeout=0.2) as (server, told):
        client = await Client.connect(server, A, headers=FROM_AFAR, autoping=False)
        async with client:
            await expect(told, "a client was closed: it has answered no ping", "192.0.2.7")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "announce", "networkName": "old-1"}, "networkName 'old-1' is closed here"),
        ("no json", "message is not valid JSON"),
    ],
)
async def test_a_message_that_is_not_taken(message: Any, reason: str) -> None:
    async with listening(namespace_access=("old-*=closed",)) as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR) as client:
            await client.say(message)
            warned = await expect(told, "a message was refused", "192.0.2.7")
            assert reason in warned.message
            assert A in warned.message


async def test_a_client_that_announces_without_end() -> None:
    async with listening() as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR) as client:
            for number in range(140):
                await client.announce(f"n{number}")
            warned = await expect(told, "a client is read more slowly", "192.0.2.7")
            assert "too many announces" in warned.message


async def test_a_client_that_goes_on_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peerpigeon.core.clients.rates.FORBEARANCE", 0.2)
    async with listening() as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR) as client:
            for number in range(140):
                await client.announce(f"n{number}")
            await expect(told, "a client was closed: it goes on with more announces", "192.0.2.7")
            await client.closed()


async def test_a_client_that_reads_more_slowly_than_it_is_sent_to() -> None:
    limits = {"max_outbox_size": 128 * KIB, "max_message_size": 64 * KIB}
    async with AsyncExitStack() as stack:
        server, told = await stack.enter_async_context(listening(**limits))
        slow = await stack.enter_async_context(await RawClient.connect(server.port))
        await slow.send(upgrade("X-Forwarded-For: 192.0.2.7", target=f"/?peerId={A}"))
        await slow.head()
        await slow.send(frame(1, b'{"type":"announce","networkName":"net1"}'))
        senders = []
        for peer_id in (B, C):
            senders.append(await stack.enter_async_context(await join(server, peer_id)))
            await senders[-1].until("peer-discovered")
        behind = asyncio.create_task(
            expect(told, "a client reads more slowly than it is sent to", "192.0.2.7")
        )
        closed = asyncio.create_task(
            expect(told, "a client was closed: more waits for it", "192.0.2.7")
        )
        while not (behind.done() and closed.done()):
            # A relay is slowed down for it; what it asks for itself is not.
            await slow.send(frame(1, b'{"type":"announce","networkName":"net1"}') * 50)
            for sender in senders:
                await sender.signal(A, data="x" * 30_000)
            await asyncio.sleep(0)
        await behind
        await closed


async def test_a_message_that_is_too_large() -> None:
    async with listening(max_message_size=1024, max_announce_size=512) as (server, told):
        async with await Client.connect(server, A, headers=FROM_AFAR) as client:
            await client.say("x" * 2000)
            await client.closed()
            await expect(told, "a connection was closed: a message is larger", "192.0.2.7")


async def test_what_is_no_websocket() -> None:
    async with listening() as (server, told), await RawClient.connect(server.port) as client:
        await client.send(upgrade("X-Forwarded-For: 192.0.2.7", target=f"/?peerId={A}"))
        await client.head()
        await client.send(b"GET / HTTP/1.1\r\n\r\n")
        warned = await expect(told, "a connection was closed: what came is against", "192.0.2.7")
        assert "protocol error" in warned.message


OURS, THEIRS = "what these hubs know", "what the others know"


async def test_two_hubs_with_different_secrets_both_say_so_and_where_the_other_is() -> None:
    async with hub(hub_secret=OURS) as (first, told_here):
        place = uri(first)
        async with hub(place, hub_secret=THEIRS) as (second, told_there):
            one = "a hub was not let in: the two hubs have different hub_secrets"
            other = "another hub has not let this one in: the two hubs have different hub_secrets"

            def either(warned: Warned) -> bool:
                return warned.message.startswith((one, other))

            here = await told_here.until(Warned, either)
            there = await told_there.until(Warned, either)
    assert (here.address, there.address) == ("127.0.0.1", place)
    assert second.hub_peer_id in here.message
    assert first.hub_peer_id in there.message
    assert "OLD_HUB_SECRET" in here.message
    assert "OLD_HUB_SECRET" in there.message


async def test_hubs_that_fit_say_nothing_of_the_kind() -> None:
    async with hub(hub_secret=OURS) as (first, here):
        async with hub(uri(first), hub_secret=OURS) as (_, there):
            await there.until(HubDiscovered)
            await here.until(HubDiscovered)
    assert here.of(Warned) == there.of(Warned) == []


@pytest.mark.slow
@pytest.mark.turn
@pytest.mark.parametrize("engine", ["builtin", "aiortc"])
async def test_a_turn_server_that_refuses_the_password(engine: str) -> None:
    with turn_server() as relay:
        wrong = f"turn:hub:not-the-password@{relay.host}:{relay.port}"
        options = {"webrtc_engine": engine, "ice_servers": (wrong,)}
        async with hub(**options) as (first, told), hub(uri(first), **options):
            warned = await expect(told, "a TURN server gives this hub no address", relay.url)
            assert "it refuses the login of 'hub' (401)" in warned.message
            assert "not-the-password" not in warned.message
        right = wrong.replace("not-the-password", relay.credential)
        options["ice_servers"] = (right,)
        async with hub(**options) as (first, told), hub(uri(first), **options) as (_, there):
            await there.until(HubP2PConnected)
            assert told.of(Warned) == there.of(Warned) == []


@pytest.mark.slow
async def test_a_stun_server_that_does_not_answer() -> None:
    nobody = f"stun:127.0.0.1:{free_port()}"
    options = {"webrtc_engine": "builtin", "ice_servers": (nobody,)}
    async with hub(**options) as (first, told), hub(uri(first), **options):
        await expect(told, "a STUN server does not answer this hub", nobody)
