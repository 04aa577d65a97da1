"""What follows from the options of the pages: the path, the second port, servers for clients."""

from __future__ import annotations

from typing import Any

import pytest

from peerpigeon.core.config import ConfigError, IceServer, ServerConfig

SECRET = "no-one-guesses-this"
RELAY: dict[str, Any] = {
    "client_ice_servers": ("stun:stun.example.org", "turn:a.example.org", "turns:b.example.org"),
    "turn_secret": SECRET,
}


def test_hubs_are_told_the_path() -> None:
    config = ServerConfig(path_prefix="/a/b").listening_at(3001, ("localhost",))
    assert config.own_addresses == ("ws://localhost:3001/a/b",)
    assert config.starts_from == ("ws://localhost:3000/a/b",)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("hub-0.internal", {}, False),
        ("hub-0.internal", {"admin_host": "Hub-0.internal"}, True),
        ("hub-0.internal", {"allowed_hosts": ("*.internal",)}, True),
        ("evil.example", {"allowed_hosts": ("*.internal",)}, False),
    ],
)
def test_by_which_names_the_second_port_answers(
    name: str, options: dict[str, Any], expected: bool
) -> None:
    names = ServerConfig(**options).admin_answers_to
    assert names is not None
    assert (name in names) is expected


def test_the_second_port_may_answer_to_all_names() -> None:
    assert ServerConfig(allowed_hosts=("*",)).admin_answers_to is None


def test_servers_for_clients_have_no_credentials_of_their_own() -> None:
    stun, turn, tls = ServerConfig(**RELAY).parsed_client_ice_servers
    assert [each.is_relay for each in (stun, turn, tls)] == [False, True, True]
    assert IceServer.told("stun:a").username == ""


def test_some_namespaces_have_a_relay() -> None:
    assert ServerConfig(**RELAY).has_relay_for("any")
    some = ServerConfig(**RELAY, turn_namespaces=("room-*", "lobby"))
    asked = ("room-1", "lobby", "lobby2", "global")
    assert [some.has_relay_for(each) for each in asked] == [True, True, False, False]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"client_ice_servers": ("turn:a",)}, "there is no turn_secret"),
        ({"turn_secret": SECRET}, "turn_secret is for TURN servers"),
        ({"client_ice_servers": ("stun:a",), "turn_secret": SECRET}, "names none"),
        ({**RELAY, "turn_secret": "short"}, "turn_secret has 5 characters"),
        ({"client_ice_servers": ("http://a",)}, "client_ice_servers: 'http://a' is no STUN"),
        ({"client_ice_servers": ("turn:user:pass@a",)}, "client_ice_servers: 'turn:user:pass@a'"),
        ({**RELAY, "turn_namespaces": ("a*b",)}, "turn_namespaces has 'a.*; a . stands at the end"),
        ({**RELAY, "turn_lifetime": 59.0}, "turn_lifetime is 59"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        ServerConfig(**options)


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(ServerConfig(**RELAY))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, True),
        ({"token_keys": "k"}, False),
        ({"namespace_access": ("lobby=open", "*=closed")}, True),
        (
            {"namespace_access": ("lobby=open", "*=closed"), "turn_namespaces": ("calls", "lobby")},
            True,
        ),
        ({"namespace_access": ("lobby=open", "*=closed"), "turn_namespaces": ("calls-*",)}, False),
        ({"client_ice_servers": ("stun:stun.example.org",), "turn_secret": ""}, False),
    ],
)
def test_credentials_of_turn_servers_are_for_strangers_where_a_namespace_is_open(
    options: dict[str, Any], expected: bool
) -> None:
    assert ServerConfig(**{**RELAY, **options}).gives_relays_to_strangers is expected
