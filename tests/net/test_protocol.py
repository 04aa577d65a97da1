"""``docs/protocol.md`` over real sockets; ``tests/core/test_hub.py`` has the same facts."""

import asyncio

import pytest

from peerpigeon import PeerDisconnected
from tests.net.client import DEADLINE, A, B, C, Client, D, Json, join, running


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "Invalid peerId format"),
        ("peerId=", "Invalid peerId format"),
        ("peerId=xyz", "Invalid peerId format"),
        ("peerid=" + A, "Invalid peerId format"),
        ("peerId=" + A + "a", "Invalid peerId format"),
    ],
)
async def test_a_client_without_a_valid_id_is_refused(query: str, reason: str) -> None:
    async with running() as server:
        client = await Client.connect(server, "&" + query)
        assert await client.closed() == (1008, reason)
        await client.close()
        assert server.get_peers() == []


async def test_a_client_too_many_is_refused() -> None:
    options = {"max_connections": 1, "takeover_timeout": 30.0}
    async with running(**options) as server, await join(server, A) as first:
        async with await Client.connect(server, B) as second:
            # aiohttp answers the server's ping only while it reads.
            refused, _ = await asyncio.gather(second.closed(), first.before_pong())
            assert refused == (1008, "Maximum connections reached")


async def test_a_ghost_makes_room_for_a_client_at_a_full_server_and_a_live_one_does_not() -> None:
    async with (
        running(max_connections=2, takeover_timeout=1.0, peer_timeout=300.0) as server,
        await join(server, B) as alive,
    ):
        # A client that does not read answers no ping: for the server it is half-open.
        ghost = await Client.connect(server, A)
        await ghost.announce()
        await alive.until("peer-discovered")
        async with await Client.connect(server, C) as newcomer:
            await newcomer.announce()
            assert (await alive.until("peer-disconnected"))["data"]["peerId"] == A
            assert (await alive.until("peer-discovered"))["data"]["peerId"] == C
            assert (await newcomer.next())["type"] == "connected"
            assert (await newcomer.next())["data"]["peerId"] == B
            async with await Client.connect(server, D) as last:
                refused, *_ = await asyncio.gather(
                    last.closed(), alive.before_pong(), newcomer.before_pong()
                )
                assert refused == (1008, "Maximum connections reached")
        await ghost.close()


async def test_a_second_socket_for_a_live_id_is_refused_and_the_first_stays() -> None:
    async with running(takeover_timeout=30.0) as server, await join(server, A) as first:
        async with await join(server, A) as second:
            # aiohttp answers the server's ping only while it reads.
            refused, alive = await asyncio.gather(second.closed(), first.before_pong())
            assert refused == (1008, "Peer already connected")
            assert alive == []


async def test_a_half_open_socket_gives_its_id_to_the_client_that_comes_back() -> None:
    async with running(takeover_timeout=0.2) as server, await join(server, B) as b:
        # A client that does not read answers no ping: for the server it is half-open.
        old = await Client.connect(server, A)
        await old.announce()
        await b.until("peer-discovered")
        async with await join(server, A) as new:
            assert (await b.until("peer-disconnected"))["data"]["peerId"] == A
            assert (await b.until("peer-discovered"))["data"]["peerId"] == A
            await b.signal(A)
            assert (await new.until("offer"))["fromPeerId"] == B
        await old.close()


async def test_who_shows_its_key_has_its_id_back_though_its_old_socket_lives() -> None:
    async with running(takeover_timeout=30.0) as server, await Client.connect(server, A) as first:
        key = (await first.next())["data"]["resumeKey"]
        await first.announce()
        async with (
            await Client.connect(server, A) as stranger,
            await join(server, B) as b,
            await Client.connect(server, A, resume_key=key) as second,
        ):
            assert await first.closed() == (1008, "resumed by another connection")
            await stranger.announce()
            await second.announce()
            await b.signal(A)
            assert (await second.until("offer"))["fromPeerId"] == B


async def test_two_clients_discover_each_other_and_exchange_signals() -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        news_a, news_b = await a.next(), await b.next()
        for news, own, other in ((news_a, A, B), (news_b, B, A)):
            assert isinstance(news.pop("timestamp"), int)
            assert news == {
                "type": "peer-discovered",
                "data": {"peerId": other, "isHub": False},
                "networkName": "net1",
                "fromPeerId": "system",
                "targetPeerId": own,
            }
        for kind, data in (
            ("offer", {"type": "offer", "sdp": "v=0\r\n" + "a=x\r\n" * 1500}),
            ("ice-candidate", {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host"}),
            ("connection-rejected", {"reason": "initiator_role_conflict"}),
        ):
            await a.signal(B, kind, data)
            got = await b.next()
            assert isinstance(got.pop("timestamp"), int)
            assert got == {
                "type": kind,
                "data": data,
                "fromPeerId": A,
                "targetPeerId": B,
                "networkName": "net1",
            }


async def test_a_burst_arrives_whole_and_in_order() -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        await b.next()
        for number in range(500):
            await a.signal(B, "ice-candidate", number)
        assert [(await b.next())["data"] for _ in range(500)] == list(range(500))


async def test_namespaces_are_strict() -> None:
    """S25."""
    async with running() as server, await join(server, A) as a, await join(server, B, "net2") as b:
        await a.signal(B)
        await a.signal(B, namespace="net2")
        assert [m["type"] for m in await a.before_pong()] == ["error", "error"]
        assert await b.before_pong() == []


async def test_a_goodbye_reaches_the_others() -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        await b.next()
        await a.say({"type": "goodbye", "data": {"peerId": A}, "networkName": "net1"})
        assert (await b.next())["fromPeerId"] == A
        assert (await b.next())["type"] == "peer-disconnected"
        await a.close()
        assert await b.before_pong() == []


@pytest.mark.parametrize("how", ["close", "vanish"])
async def test_a_leaver_is_told_of_once(how: str) -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        await b.next()
        gone = asyncio.Event()
        server.on(PeerDisconnected, lambda _: gone.set())
        await (a.close() if how == "close" else a.vanish())
        async with asyncio.timeout(DEADLINE):
            await gone.wait()
        assert [m["type"] for m in await b.before_pong()] == ["peer-disconnected"]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "7",
        "{}",
        {"type": 7},
        {"type": "nonsense"},
        {"type": "offer"},
        {"type": "offer", "data": 1, "targetPeerId": "x"},
        {"type": "announce", "data": [], "networkName": "net1"},
        {"type": "announce", "networkName": "n" * 5000},
        '{"type":"offer","data":' + "[" * 50_000 + "]" * 50_000 + "}",
        '{"type":"announce","data":{"n":' + "9" * 100_000 + "}}",
        {"type": "announce", "data": {"isHub": True}, "networkName": "pigeonhub-mesh"},
    ],
    ids=lambda message: str(message)[:40],
)
async def test_nonsense_gets_an_error_and_costs_nobody_anything(message: Json | str) -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        await a.next()
        await b.next()
        await a.say(message)
        (error,) = await a.before_pong()
        assert error["type"] == "error"
        await a.signal(B)
        await b.signal(A)
        assert (await b.next())["type"] == "offer"
        assert (await a.next())["type"] == "offer"


async def test_a_binary_message_closes_its_sender_only() -> None:
    async with running() as server, await join(server, A) as a, await join(server, B) as b:
        await b.next()
        await a._socket.send_bytes(b'{"type":"ping"}')
        assert (await a.closed())[0] == 1003
        assert (await b.next())["type"] == "peer-disconnected"


async def test_a_message_above_the_limit_closes_its_sender_only() -> None:
    async with running(max_message_size=2048, max_announce_size=1024) as server:
        async with await join(server, A) as a, await join(server, B) as b:
            await b.next()
            await a.signal(B, data="x" * 2048)
            assert (await a.closed())[0] == 1009
            assert (await b.next())["type"] == "peer-disconnected"


async def test_who_sends_much_to_a_client_that_does_not_read_is_told_and_nobody_is_closed() -> None:
    async with running(max_outbox_size=2**20, max_message_size=2**18, close_timeout=0.2) as server:
        slow = await join(server, A)
        async with await join(server, B) as b, await join(server, C) as c:
            for _ in range(2):
                await c.until("peer-discovered")
            heard = asyncio.create_task(b.until("error"))
            async with asyncio.timeout(DEADLINE):
                while not heard.done():
                    await b.signal(A, data="x" * 200_000)
                    await b.signal(C)
                    assert (await c.next())["type"] == "offer"
            assert (await heard)["data"]["reason"] == "overloaded"
            assert [peer.peer_id for peer in server.get_peers()] == [A, B, C]
        await slow.close()


async def test_a_silent_client_is_dropped() -> None:
    """S28: a client that neither speaks nor answers pings is gone after ``peer_timeout``."""
    options = {"cleanup_interval": 0.05, "peer_timeout": 0.3, "close_timeout": 0.1}
    async with running(**options) as server:
        silent = await Client.connect(server, A)
        lost: asyncio.Future[PeerDisconnected] = asyncio.get_running_loop().create_future()
        server.on(PeerDisconnected, lost.set_result)
        async with asyncio.timeout(DEADLINE):
            assert (await lost).reason == "no answer to pings"
        await silent.close()
