"""Foreign clients at a server that takes tokens: where each shows one, and what it opens."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import aiohttp
import pytest

from peerpigeon.net.http import tokens
from peerpigeon.net.http.tokens import LEEWAY
from tests.net.client import DEADLINE, get, running
from tests.net.http.token_making import Key, made, write_keys
from tests.net.test_dialects import said, subscribe, visiting

if TYPE_CHECKING:
    from pathlib import Path

    from peerpigeon import PeerPigeonServer

KEY, STRANGERS = Key("EdDSA", "one"), Key("EdDSA", "one")

MADE_UP = "k3w0x9q1z7b"
"""What a client of PeerJS makes up that was given no token."""

PEER = "/peerjs?key=peerjs&version=1.5.5&id={0}&token={1}"
DOORS = ("/y-webrtc?token={1}", "/announce?token={1}", "/tracker?token={1}", PEER)


@pytest.fixture
def keys(tmp_path: Path) -> str:
    return write_keys(tmp_path / "keys.json", KEY)


async def refusal(server: PeerPigeonServer, path: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with visiting(server, path):
            pass
    return caught.value.status


@pytest.mark.parametrize("door", DOORS)
async def test_each_door_asks_for_a_token_that_is_in_order(keys: str, door: str) -> None:
    async with running(token_keys=keys) as server:
        refused = [MADE_UP, STRANGERS.sign(), KEY.sign(exp=time.time() - LEEWAY - 60)]
        refused += [made({"alg": "none"}, {"exp": time.time() + 60, "ns": ["*"]})]
        for token in refused:
            assert await refusal(server, door.format("ann", token)) == 401
        if door != PEER:  # there is none without one
            assert await refusal(server, door.partition("?")[0]) == 401
        async with visiting(server, door.format("ann", KEY.sign())):
            pass


async def test_a_token_names_ids_of_peerjs(keys: str) -> None:
    async with running(token_keys=keys) as server:
        token = KEY.sign(ns=["peerjs/peerjs/ann"])
        async with visiting(server, PEER.format("ann", token)) as ann:
            assert await said(ann) == {"type": "OPEN"}
            async with visiting(server, PEER.format("ben", token)) as ben:
                reason = "networkName 'peerjs/peerjs/ben' is not in the token"
                assert await said(ben) == {"type": "ERROR", "payload": {"msg": reason}}
            # The same one has its id again, as by a token that it has made up.
            async with visiting(server, PEER.format("ann", token)) as again:
                assert await said(again) == {"type": "OPEN"}
            other = KEY.sign(ns=["peerjs/*"])
            async with visiting(server, PEER.format("ann", token)) as holder:
                assert await said(holder) == {"type": "OPEN"}
                answering = asyncio.create_task(holder.receive())  # it answers pings
                async with visiting(server, PEER.format("ann", other)) as thief:
                    assert (await said(thief))["type"] == "ID-TAKEN"
                answering.cancel()


async def test_what_clients_of_peerjs_make_up_is_no_token(keys: str) -> None:
    """Where ids of PeerJS are open to all they come as they are; others still need a token."""
    async with running(token_keys=keys, namespace_access=("peerjs/*=open",)) as server:
        async with visiting(server, PEER.format("ann", MADE_UP)) as ann:
            assert await said(ann) == {"type": "OPEN"}
        assert await refusal(server, PEER.format("ann", STRANGERS.sign())) == 401
        assert await refusal(server, f"/y-webrtc?token={MADE_UP}") == 401
    rules = ("peerjs/*=token", "lobby=open")
    async with (
        running(token_keys=keys, namespace_access=rules) as server,
        visiting(server, PEER.format("ann", MADE_UP)) as ann,
    ):
        reason = "networkName 'peerjs/peerjs/ann' takes a token, and there was none"
        assert await said(ann) == {"type": "ERROR", "payload": {"msg": reason}}


async def test_an_id_is_given_without_a_token(keys: str) -> None:
    """The package has no way to show one there, and an id that nobody has opens nothing."""
    async with running(token_keys=keys) as server:
        assert (await get(server, "/peerjs/id")).status == 200


async def test_a_token_names_rooms_of_y_webrtc(keys: str) -> None:
    async with running(token_keys=keys) as server:
        path = f"/y-webrtc?token={KEY.sign(ns=['y-webrtc/mine'])}"
        async with visiting(server, path) as one, visiting(server, path) as other:
            for socket in (one, other):
                await subscribe(socket, "mine", "of others")
            for topic in ("of others", "mine"):
                await one.send_json({"type": "publish", "topic": topic, "data": topic})
            for socket in (one, other):
                assert (await said(socket))["data"] == "mine"


async def test_a_token_names_swarms_of_a_tracker(keys: str) -> None:
    mine, of_others = "a" * 20, "b" * 20
    token = KEY.sign(ns=[f"tracker/{mine.encode().hex()}"])
    async with (
        running(token_keys=keys) as server,
        visiting(server, f"/announce?token={token}") as one,
    ):
        message = {"action": "announce", "peer_id": "1" * 20, "left": 1, "offers": []}
        await one.send_json(message | {"info_hash": of_others})
        named = of_others.encode().hex()
        told = await said(one)
        assert told["failure reason"] == f"networkName 'tracker/{named}' is not in the token"
        await one.send_json(message | {"info_hash": mine})
        assert (await said(one))["incomplete"] == 1


@pytest.mark.parametrize("door", DOORS)
async def test_who_stays_beyond_its_token_is_closed(
    keys: str, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(token_keys=keys) as server:
        # Valid by the clock of the library, and at its end by that of the server.
        later = SimpleNamespace(time=lambda: time.time() + 60 + LEEWAY)
        monkeypatch.setattr(tokens, "time", later)
        async with visiting(server, door.format("ann", KEY.sign())) as socket:
            async with asyncio.timeout(DEADLINE):
                while (end := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass
            assert (end.type, end.data) == (aiohttp.WSMsgType.CLOSE, 1008)
            assert end.extra == "token has expired"
