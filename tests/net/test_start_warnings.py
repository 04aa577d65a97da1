"""What a server says at its start of what it lets others do."""

from __future__ import annotations

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.net.start_warnings import start_warnings
from tests.net.client import running


def said(**options: str) -> list[str]:
    return list(start_warnings(ServerConfig.from_environment(options), 3000))


@pytest.mark.parametrize(
    ("options", "names", "silent_on"),
    [
        ({}, ["any program and any web page", "every namespace", "TOKEN_KEYS", "CORS_ORIGIN"], []),
        (
            {"CORS_ORIGIN": "https://app.example"},
            ["any program can", "every namespace", "TOKEN_KEYS"],
            ["CORS_ORIGIN", "web page"],
        ),
        (
            {"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "lobby=open"},
            ["any program and any web page", "each open namespace"],
            ["every"],
        ),
        ({"NAMESPACE_ACCESS": "old=closed"}, ["each open namespace"], ["every"]),
    ],
)
@pytest.mark.parametrize(
    "public", [{"HOST": "0.0.0.0"}, {"ADVERTISE": "wss://hub.example"}, {"ALLOWED_HOSTS": "a.b"}]
)
def test_a_server_that_others_reach_says_in_one_line_what_strangers_may(
    options: dict[str, str], public: dict[str, str], names: list[str], silent_on: list[str]
) -> None:
    [line] = said(**options, **public)
    assert "\n" not in line
    assert "port 3000" in line
    assert [each for each in names if each not in line] == []
    assert [each for each in silent_on if each in line] == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"HOST": "127.0.0.1,::1"},
        {"HOST": "0.0.0.0", "TOKEN_KEYS": "k"},
        {"HOST": "0.0.0.0", "NAMESPACE_ACCESS": "*=closed"},
    ],
)
def test_a_server_that_lets_no_stranger_in_says_nothing(options: dict[str, str]) -> None:
    assert [line for line in said(**options) if "let in" in line] == []


TURN = {"CLIENT_ICE_SERVERS": "stun:a.b,turn:turn.a.b", "TURN_SECRET": "s" * 32}


@pytest.mark.parametrize(
    ("options", "is_told", "who"),
    [
        ({}, True, "any program and any web page"),
        ({"CORS_ORIGIN": "https://app.example"}, True, "any program can"),
        ({"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "lobby=open"}, True, "any program and"),
        (
            {"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "lobby=open", "TURN_NAMESPACES": "lobby"},
            True,
            "any program and",
        ),
        (
            {"TOKEN_KEYS": "k", "NAMESPACE_ACCESS": "lobby=open", "TURN_NAMESPACES": "calls-*"},
            False,
            "",
        ),
        ({"TOKEN_KEYS": "k"}, False, ""),
        ({"CLIENT_ICE_SERVERS": "stun:a.b", "TURN_SECRET": ""}, False, ""),
        ({"CLIENT_ICE_SERVERS": "", "TURN_SECRET": ""}, False, ""),
    ],
)
def test_a_server_that_gives_turn_credentials_to_strangers_says_what_they_get(
    options: dict[str, str], who: str, *, is_told: bool
) -> None:
    lines = [line for line in said(HOST="0.0.0.0", **{**TURN, **options}) if "TURN" in line]
    assert [line for line in said(**{**TURN, **options}) if "credentials" in line] == []
    lines = [line for line in lines if "credentials" in line]
    assert len(lines) == is_told
    for line in lines:
        assert "\n" not in line
        assert who in line
        assert "for 3600 s" in line
        assert "TOKEN_KEYS" in line
        assert "TURN_NAMESPACES" in line


def test_a_hub_says_if_its_mesh_is_open_and_if_no_other_could_dial_it() -> None:
    lines = said(HOST="0.0.0.0", IS_HUB="1", OPEN_MESH="1", TOKEN_KEYS="k")
    assert ["the mesh is open" in lines[0], "no address of this machine" in lines[1]] == [True] * 2


async def test_it_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running(host="0.0.0.0"):
        pass
    [record] = [each for each in caplog.records if "let in" in each.getMessage()]
    assert record.levelname == "WARNING"


def test_without_a_port_the_path_is_named_or_nothing_that_is_not_listened_at() -> None:
    [below] = start_warnings(ServerConfig(host="0.0.0.0"), 0)
    assert below.startswith("whoever reaches this server is let in")
    [at_a_path] = start_warnings(ServerConfig(uds="/run/hub.sock"), 0)
    assert at_a_path.startswith("whoever reaches unix:/run/hub.sock is let in")
