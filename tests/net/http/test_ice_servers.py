"""``/ice-servers``: who is told of STUN and TURN servers, and with which credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon import ServerConfig
from peerpigeon.net.http.pages.ice_servers import credentials, ice_servers
from tests.net.client import get, running
from tests.net.http.token_making import Key, write_keys

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "no-one-guesses-this"
RELAY: dict[str, Any] = {
    "client_ice_servers": ("stun:stun.example.org", "turn:a.example.org", "turns:b.example.org"),
    "turn_secret": SECRET,
}


def test_credentials_are_what_coturn_computes_with_the_same_secret() -> None:
    made = credentials(SECRET, 1_800_000_000, "somebody")
    assert made["username"] == "1800000000:somebody"
    # printf %s 1800000000:somebody | openssl dgst -sha1 -hmac no-one-guesses-this -binary | base64
    digest = hmac.new(SECRET.encode(), b"1800000000:somebody", hashlib.sha1).digest()
    assert made["credential"] == base64.b64encode(digest).decode()


def test_nobody_is_given_the_name_of_another() -> None:
    names = {credentials(SECRET, 1_800_000_000)["username"] for _ in range(100)}
    assert len(names) == 100


def test_servers_are_listed_as_a_browser_takes_them() -> None:
    body = ice_servers(ServerConfig(**RELAY, turn_lifetime=600.0), 1_800_000_000.9)
    stun, turn = body["iceServers"]
    assert body["lifetime"] == 600.0
    assert stun == {"urls": ["stun:stun.example.org"]}
    assert turn["urls"] == ["turn:a.example.org", "turns:b.example.org"]
    assert turn["username"].startswith("1800000600:")
    assert SECRET not in str(body)


def test_stun_alone_needs_no_secret() -> None:
    config = ServerConfig(client_ice_servers=("stun:stun.example.org",))
    assert ice_servers(config, 0.0)["iceServers"] == [{"urls": ["stun:stun.example.org"]}]


async def test_whoever_may_be_a_client_is_told_and_nothing_of_it_is_kept() -> None:
    async with running(**RELAY) as server:
        answer = await get(server, "/ice-servers")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        until = int(answer.json()["iceServers"][1]["username"].partition(":")[0])
        assert until == pytest.approx(time.time() + 3600, abs=60)
        assert (await get(server, "/limits")).json()["features"]["iceServers"] is True


async def test_without_servers_there_is_no_such_page() -> None:
    async with running() as server:
        assert (await get(server, "/ice-servers")).status == 404


async def test_pages_of_other_origins_are_told_if_they_may_connect() -> None:
    async with running(**RELAY, cors_origin="https://good.example") as server:
        for origin, status in (("https://good.example", 200), ("https://evil.example", 403)):
            answer = await get(server, "/ice-servers", origin=origin)
            assert answer.status == status
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            assert allowed == (origin if status == 200 else None)


async def test_a_token_opens_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    key = Key("EdDSA")
    keys = write_keys(tmp_path / "keys", key)
    access = ("lobby=open", "old=closed", "*=token")
    async with running(**RELAY, token_keys=keys, namespace_access=access) as server:
        token = key.sign(ns=["room-*"])

        async def ask(query: str, **headers: str) -> tuple[int, str | None]:
            answer = await get(server, f"/ice-servers?{query}", headers=headers)
            return answer.status, answer.headers.get("WWW-Authenticate")

        assert await ask("networkName=lobby") == (200, None)
        assert await ask("networkName=room-1") == (403, None)
        assert await ask(f"networkName=room-1&token={token}") == (200, None)
        assert await ask("networkName=room-1", Authorization=f"Bearer {token}") == (200, None)
        assert await ask(f"networkName=other&token={token}") == (403, None)
        assert await ask(f"networkName=old&token={token}") == (403, None)
        assert await ask(f"token={token}") == (403, None), "the namespace of those that name none"
        status, challenge = await ask(f"networkName=lobby&token={token}x")
        assert (status, challenge) == (401, 'Bearer error="invalid_token"')
        status, challenge = await ask(f"token={token}", Authorization=f"Bearer {token}")
        assert (status, challenge) == (401, 'Bearer error="invalid_request"')


async def test_where_all_takes_a_token_nobody_is_told_without(tmp_path: Path) -> None:
    key = Key("EdDSA")
    async with running(**RELAY, token_keys=write_keys(tmp_path / "keys", key)) as server:
        answer = await get(server, "/ice-servers?networkName=a")
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


async def test_some_namespaces_have_a_relay_and_others_have_none() -> None:
    async with running(**RELAY, turn_namespaces=("room-*", "lobby")) as server:
        for query, status in (
            ("networkName=room-1", 200),
            ("networkName=lobby", 200),
            ("networkName=lobby2", 403),
            ("", 403),
        ):
            assert (await get(server, f"/ice-servers?{query}")).status == status
