"""The application by itself: what an ASGI server says to it, and what it says."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from peerpigeon import ConfigError, ServerConfig
from peerpigeon.asgi import HubApp
from tests.net.client import DEADLINE, A
from tests.net.hubs import eventually

Event = dict[str, Any]


class Connection:
    """One connection of an ASGI server, in the hands of a test."""

    def __init__(self, app: HubApp, kind: str, **scope: Any) -> None:
        self._said: asyncio.Queue[Event] = asyncio.Queue()
        self.heard: asyncio.Queue[Event] = asyncio.Queue()
        self.is_read = asyncio.Event()
        self.is_read.set()
        self.scope = {
            "type": kind,
            "path": "/signal/",
            "root_path": "/signal",
            "query_string": b"",
            "headers": [(b"host", b"hub.example")],
            "client": ("192.0.2.1", 1234),
            **scope,
        }
        self.task = asyncio.create_task(self._run(app))

    async def _run(self, app: HubApp) -> None:
        await app(self.scope, self._said.get, self._hear)

    async def _hear(self, event: Event) -> None:
        await self.is_read.wait()
        self.heard.put_nowait(event)

    def say(self, **event: Any) -> None:
        self._said.put_nowait(event)

    def text(self, **message: Any) -> None:
        self.say(type="websocket.receive", text=json.dumps(message))

    async def next(self) -> Event:
        async with asyncio.timeout(DEADLINE):
            return await self.heard.get()

    async def until(self, kind: str) -> Event:
        while (event := await self.next())["type"] != kind:
            pass
        return event

    async def ended(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await self.task


async def opened(app: HubApp, **scope: Any) -> Connection:
    query = {"query_string": f"peerId={A}".encode()}
    connection = Connection(app, "websocket", **{**query, **scope})
    connection.say(type="websocket.connect")
    assert (await connection.next())["type"] == "websocket.accept"
    assert json.loads((await connection.next())["text"])["type"] == "connected"
    return connection


async def test_a_lifespan_starts_and_stops_it() -> None:
    app = HubApp()
    life = Connection(app, "lifespan")
    life.say(type="lifespan.startup")
    assert (await life.next())["type"] == "lifespan.startup.complete"
    assert app.server.is_running
    life.say(type="lifespan.shutdown")
    assert (await life.next())["type"] == "lifespan.shutdown.complete"
    await life.ended()
    assert not app.server.is_running


async def test_without_a_lifespan_it_runs_from_the_first_request_to_the_end_of_the_loop() -> None:
    app = HubApp()

    async def main() -> None:
        async with asyncio.timeout(DEADLINE):
            client = await opened(app)
            client.task.cancel()
        assert app.server.is_running

    await asyncio.to_thread(asyncio.run, main())
    assert not app.server.is_running


async def test_a_hub_needs_a_secret_wherever_it_is_mounted() -> None:
    with pytest.raises(ConfigError, match="can be reached from other machines"):
        HubApp(is_hub=True)
    with pytest.raises(TypeError):
        HubApp(ServerConfig(), port=1)


async def test_a_client_that_reads_too_slowly_is_closed() -> None:
    limits = {"max_outbox_size": 128 * 1024, "max_message_size": 64 * 1024}
    async with HubApp(**limits) as app:  # type: ignore[arg-type]
        client = await opened(app)
        client.is_read.clear()
        for _ in range(40_000):
            client.text(type="ping")
        await eventually(lambda: app.server.get_stats().connections == 0)
        client.is_read.set()
        assert (await client.until("websocket.close"))["code"] == 1013
        await client.ended()


async def test_a_client_that_reads_nothing_at_all_is_given_up() -> None:
    async with HubApp(close_timeout=0.05, cleanup_interval=0.02, peer_timeout=0.1) as app:
        client = await opened(app)
        client.is_read.clear()
        client.text(type="ping")
        await client.ended()  # although its server is still sending
        assert app.server.get_stats().connections == 0


async def test_a_client_that_goes_is_gone() -> None:
    async with HubApp() as app:
        for code in (1000, 1001, 1005, 1006):
            client = await opened(app)
            assert app.server.get_stats().connections == 1
            client.say(type="websocket.disconnect", code=code)
            await client.ended()
            assert app.server.get_stats().connections == 0


async def test_a_client_is_alive_for_as_long_as_its_server_says_so() -> None:
    async with HubApp(cleanup_interval=0.02, peer_timeout=1.0) as app:
        client = await opened(app)
        await asyncio.sleep(2.0)
        assert app.server.get_stats().connections == 1
        client.is_read.clear()  # not even what was sent before a ping is taken
        client.text(type="ping")
        await eventually(lambda: app.server.get_stats().connections == 0)
        client.is_read.set()
        await client.ended()


async def test_clients_are_told_that_it_stops() -> None:
    app = HubApp()
    client = await opened(app)
    await app.stop()
    assert (await client.until("websocket.close"))["code"] == 1001
    await client.ended()
    await opened(app)  # it starts again
    await app.stop()


async def test_a_message_of_the_wrong_kind_closes() -> None:
    async with HubApp() as app:
        client = await opened(app)
        client.say(type="websocket.receive", bytes=b"binary")
        assert (await client.until("websocket.close"))["code"] == 1003
        await client.ended()


@pytest.mark.parametrize(
    ("trusted", "address"), [((), "192.0.2.1"), (("192.0.2.1",), "198.51.100.7")]
)
async def test_where_a_client_is_the_server_tells_and_a_proxy_that_is_trusted(
    trusted: tuple[str, ...], address: str
) -> None:
    async with HubApp(trusted_proxies=trusted) as app:
        headers = [(b"host", b"hub.example"), (b"x-forwarded-for", b"198.51.100.7")]
        await opened(app, headers=headers)
        (record,) = app.server.get_peers()
        assert record.address == address


async def test_a_server_that_knows_no_answer_to_a_handshake_closes() -> None:
    async with HubApp(cors_origin="https://good.example") as app:
        headers = [(b"host", b"hub.example"), (b"origin", b"https://bad.example")]
        offers: tuple[Event, ...] = ({}, {"websocket.http.response": {}})
        for extensions in offers:
            refused = Connection(app, "websocket", headers=headers, extensions=extensions)
            refused.say(type="websocket.connect")
            answer = await refused.next()
            if extensions:
                assert (answer["type"], answer["status"]) == ("websocket.http.response.start", 403)
            else:
                assert answer["type"] == "websocket.close"
            await refused.ended()


@pytest.mark.parametrize(
    ("path", "root"), [("/signal/live", "/signal"), ("/live", "/signal"), ("/live", "")]
)
async def test_a_page_is_below_the_root_path(path: str, root: str) -> None:
    async with HubApp() as app:
        asked = Connection(app, "http", method="GET", path=path, root_path=root)
        assert (await asked.next())["status"] == 200
        assert (await asked.next())["body"]


async def test_nobody_is_shown_details_unasked() -> None:
    async with HubApp() as app:
        asked = Connection(app, "http", method="GET", path="/signal/hubs", client=("127.0.0.1", 1))
        assert (await asked.next())["status"] == 404


async def test_what_is_no_connection_is_refused() -> None:
    with pytest.raises(ValueError, match="'smoke' is no kind of connection"):
        await Connection(HubApp(), "smoke").ended()
