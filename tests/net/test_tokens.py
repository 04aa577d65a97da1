"""A server that takes tokens, by real sockets: who comes in, and until when."""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.interface.notices import Warned
from peerpigeon.net import watched_files
from peerpigeon.net.http import tokens
from peerpigeon.net.http.tokens import LEEWAY
from tests.net.client import A, B, Client, get, running
from tests.net.http.token_making import Key, write_keys
from tests.net.hubs import Told, eventually, network

if TYPE_CHECKING:
    from pathlib import Path

KEY, LATER = Key("EdDSA", "one"), Key("ES256", "two")


@pytest.fixture
def keys(tmp_path: Path) -> str:
    return write_keys(tmp_path / "keys.json", KEY)


async def shown(server: PeerPigeonServer, peer_id: str, token: str) -> Client:
    """Connect with a token in the query."""
    return await Client.connect(server, f"{peer_id}&token={token}")


async def refusal(server: PeerPigeonServer, query: str) -> int:
    """Return the status with which a handshake is refused."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await Client.connect(server, query)
    return caught.value.status


async def test_a_token_opens_the_namespaces_that_it_names(keys: str) -> None:
    async with running(token_keys=keys) as server:
        assert await refusal(server, A) == 401
        assert await refusal(server, f"{A}&token=nonsense") == 401
        assert await refusal(server, f"{A}&token={LATER.sign()}") == 401
        async with (
            await shown(server, A, KEY.sign(sub=A, ns=["net*"])) as a,
            await shown(server, B, KEY.sign(sub=B, ns=["net1"])) as b,
        ):
            for client in (a, b):
                assert (await client.next())["type"] == "connected"
                await client.announce("net1")
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B
            await b.announce("net2")
            assert (await b.until("error"))["error"] == "networkName 'net2' is not in the token"
            await a.signal(B)
            assert (await b.until("offer"))["fromPeerId"] == A


async def test_a_token_is_for_its_id_alone(keys: str) -> None:
    async with running(token_keys=keys) as server:
        told = Told(server)
        async with await shown(server, B, KEY.sign(sub=A)) as thief:
            assert await thief.closed() == (1008, "token is for another peerId")
        warned = await told.until(Warned)
        assert warned.message.startswith("a client was refused: its token names another peerId")


async def test_a_subprotocol_carries_a_token_and_is_not_repeated(keys: str) -> None:
    async with running(token_keys=keys) as server:
        offered = ("peerpigeon", f"bearer.{KEY.sign(sub=A)}")
        async with await Client.connect(server, A, protocols=offered) as client:
            assert client._socket.protocol == "peerpigeon"
            assert (await client.next())["type"] == "connected"


async def test_an_open_namespace_beside_those_that_take_a_token(keys: str) -> None:
    async with running(token_keys=keys, namespace_access=("lobby=open",)) as server:
        async with await Client.connect(server, A) as guest:
            await guest.announce("lobby")
            await guest.announce("net1")
            error = await guest.until("error")
            assert error["error"] == "networkName 'net1' takes a token, and there was none"
            assert server.get_peers()[0].namespace == "lobby"


async def test_who_stays_beyond_its_token_is_closed_and_may_come_again(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(token_keys=keys) as server:
        told = Told(server)
        with monkeypatch.context() as patched:
            # Valid by the clock of the library, however long it takes to connect; and by that of
            # the server at its end.
            later = SimpleNamespace(time=lambda: time.time() + 60 + LEEWAY)
            patched.setattr(tokens, "time", later)
            async with await shown(server, A, KEY.sign()) as client:
                assert await client.closed() == (1008, "token has expired")
        warned = await told.until(Warned)
        assert warned.message.startswith("a client was closed: its token has expired")
        async with await shown(server, A, KEY.sign()) as client:
            assert (await client.next())["type"] == "connected"


async def test_keys_change_while_the_server_runs(
    keys: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_files, "LOOK_EVERY", 0.01)
    async with running(token_keys=keys) as server:
        assert await refusal(server, f"{A}&token={LATER.sign()}") == 401
        async with await shown(server, A, KEY.sign()) as client:
            write_keys(tmp_path / "keys.json", LATER)
            checks = server._runtime._entrance.tokens  # type: ignore[union-attr]
            assert checks is not None
            await eventually(lambda: "two" in checks._keys.keys)
            async with await shown(server, B, LATER.sign()) as other:
                assert (await other.next())["type"] == "connected"
            assert await refusal(server, f"{B}&token={KEY.sign()}") == 401
            await client.before_pong()  # who is in stays


async def test_hubs_need_no_token_to_link(keys: str) -> None:
    async with network(2, token_keys=keys) as (first, second):
        async with (
            await shown(first, A, KEY.sign(ns=["net1"])) as a,
            await shown(second, B, KEY.sign(ns=["net1"])) as b,
        ):
            for client in (a, b):
                await client.announce("net1")
            assert (await a.until("peer-discovered"))["data"]["peerId"] == B


async def test_pages_need_no_token(keys: str) -> None:
    async with running(token_keys=keys) as server:
        assert (await get(server, "/health")).status == 200


async def test_keys_that_cannot_be_read_are_said_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    server = PeerPigeonServer(host="127.0.0.1", port=0, token_keys=str(path))
    with pytest.raises(ConfigError, match="token_keys is"):
        await server.start()
    write_keys(path, KEY)
    async with server:
        assert server.is_running


async def test_no_token_gets_into_the_log(keys: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good, bad = KEY.sign(sub=A), LATER.sign(sub=A)
    async with running(token_keys=keys, verbose_logging=True) as server:
        assert await refusal(server, f"{A}&token={bad}") == 401
        assert await refusal(server, f"{A}&token={good}&token={good}") == 401
        assert (await get(server, f"/health?token={good}")).status == 200
        assert (await get(server, f"/?peerId={A}&token={good}")).status == 426
        async with await shown(server, A, good) as client:
            await client.before_pong()
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "a client was refused (401)" in text
    for token in (good, bad):
        assert token not in text
        assert token.split(".")[1] not in text
