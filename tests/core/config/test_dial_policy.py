"""Which addresses are dialled that other hubs tell."""

from __future__ import annotations

from typing import Any

import pytest

from peerpigeon.core.config import ConfigError, ServerConfig
from peerpigeon.core.config.networks import Network, network_of

LOOPBACK, PRIVATE, PUBLIC, NOWHERE = (
    Network.LOOPBACK,
    Network.PRIVATE,
    Network.PUBLIC,
    Network.NOWHERE,
)
SECRET: dict[str, Any] = {"is_hub": True, "hub_secret": "a secret of the mesh"}
HERE = "ws://127.0.0.1:3001"
HOME = "ws://192.168.1.7:3000"
WORLD = "wss://198.51.100.7"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", LOOPBACK),
        ("127.9.9.9", LOOPBACK),
        ("::1", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("10.0.0.1", PRIVATE),
        ("172.16.0.1", PRIVATE),
        ("172.32.0.1", PUBLIC),
        ("192.168.255.255", PRIVATE),
        ("100.64.0.1", PRIVATE),
        ("100.128.0.1", PUBLIC),
        ("fd00::1", PRIVATE),
        ("fec0::1", PRIVATE),
        ("::ffff:10.0.0.1", PRIVATE),
        ("64:ff9b::10.0.0.1", PRIVATE),
        ("2002:a00:1::", PRIVATE),
        ("169.254.169.254", NOWHERE),
        ("::ffff:169.254.169.254", NOWHERE),
        ("64:ff9b::a9fe:a9fe", NOWHERE),
        ("::169.254.169.254", NOWHERE),
        ("fe80::1", NOWHERE),
        ("0.0.0.0", NOWHERE),
        ("0.0.0.1", NOWHERE),
        ("::", NOWHERE),
        ("224.0.0.1", NOWHERE),
        ("ff02::1", NOWHERE),
        ("255.255.255.255", NOWHERE),
        ("240.0.0.1", NOWHERE),
        ("192.0.2.1", PUBLIC),
        ("2001:db8::1", PUBLIC),
        ("64:ff9b::192.0.2.1", PUBLIC),
    ],
)
def test_in_which_network_an_address_is(address: str, network: Network) -> None:
    assert network_of(address) is network


@pytest.mark.parametrize(
    ("options", "networks"),
    [
        ({"is_hub": True}, {LOOPBACK, PUBLIC}),
        ({"is_hub": True, "host": "127.0.0.1"}, {LOOPBACK, PUBLIC}),
        ({**SECRET, "host": "0.0.0.0"}, {PUBLIC}),
        ({**SECRET, "host": "192.168.1.5"}, {PRIVATE, PUBLIC}),
        ({**SECRET, "host": "0.0.0.0", "own_addresses": (HOME,)}, {PRIVATE, PUBLIC}),
        # A cloud machine whose outer address the operator has named.
        (
            {**SECRET, "host": "0.0.0.0", "own_addresses": (HOME,), "advertise": (WORLD,)},
            {PUBLIC},
        ),
        ({**SECRET, "host": "0.0.0.0", "advertise": ("wss://hub.example",)}, {PUBLIC}),
        ({**SECRET, "host": "0.0.0.0", "advertise": ("ws://hub-1:3000",)}, {PRIVATE, PUBLIC}),
        ({**SECRET, "host": "0.0.0.0", "advertise": ("ws://a.svc.local",)}, {PRIVATE, PUBLIC}),
        ({**SECRET, "host": "0.0.0.0", "bootstrap_hubs": (HOME,)}, {PRIVATE, PUBLIC}),
        ({**SECRET, "host": "0.0.0.0", "bootstrap_hubs": (HERE,)}, {LOOPBACK, PUBLIC}),
        ({**SECRET, "bootstrap_hubs": ("ws://[fe80::1]:3000",)}, {LOOPBACK, PUBLIC}),
        (
            {**SECRET, "bootstrap_dns": ("hubs.mesh.svc.cluster.local:3000",), "host": "0.0.0.0"},
            {PRIVATE, PUBLIC},
        ),
        ({**SECRET, "bootstrap_dns": ("hubs.example.org",), "host": "0.0.0.0"}, {PUBLIC}),
        # What listens on the loopback behind a proxy is no reason to dial there.
        ({**SECRET, "advertise": (WORLD,)}, {PUBLIC}),
        ({**SECRET, "allowed_hosts": ("hub.example",)}, {PUBLIC}),
        ({**SECRET, "host": "0.0.0.0", "dial_private": "yes"}, {PRIVATE, PUBLIC}),
        ({**SECRET, "host": "192.168.1.5", "dial_private": "no"}, {PUBLIC}),
    ],
)
def test_what_is_dialled_is_in_the_networks_that_the_operator_has_named(
    options: dict[str, Any], networks: set[Network]
) -> None:
    assert ServerConfig(**options).dial_policy.networks == networks


@pytest.mark.parametrize(
    ("uri", "is_admitted"),
    [
        ("ws://hub.example", True),
        ("wss://hub.example/", True),
        ("wss://hub.example/ours", True),
        ("wss://hub.example/theirs", True),
        ("wss://hub.example/ours/", False),
        ("wss://hub.example/other", False),
        ("wss://hub.example/?a=b", False),
        ("wss://hub.example?a=b", False),
        ("ws://hub.example:0", False),
        ("ws://hub.example:65536", False),
        ("ws://192.0.2.1:80", True),
        ("ws://[2001:db8::1]:80", True),
        ("ws://[fe80::1%25eth0]:80", False),
        ("ws://10.0.0.1", False),
        ("ws://169.254.169.254/", False),
        ("ws://localhost:3000", False),
        ("ws://a.localhost:3000", False),
        ("ws://[::1]:3000", False),
        ("ws://user@hub.example", False),
        ("http://hub.example", False),
        ("ws://hub .example", False),
        ("nonsense", False),
        ("", False),
        # Named by the operator, whatever they are.
        ("ws://10.9.9.9/x?y=z", True),
        ("ws://10.9.9.9/x", False),
    ],
)
def test_the_text_of_an_address_shows_whether_it_may_be_dialled(
    uri: str, *, is_admitted: bool
) -> None:
    config = ServerConfig(
        **SECRET,
        host="0.0.0.0",
        advertise=("wss://hub.example/ours",),
        bootstrap_hubs=("wss://first.example/theirs", "ws://10.9.9.9/x?y=z"),
        dial_private="no",
    )
    assert config.dial_policy.admits(uri) == is_admitted


@pytest.mark.parametrize(
    ("address", "is_admitted"),
    [("192.0.2.1", True), ("10.0.0.1", False), ("fe80::1%eth0", False), ("a name", False)],
)
def test_where_a_name_leads_is_judged_as_an_address(address: str, *, is_admitted: bool) -> None:
    policy = ServerConfig(**SECRET, host="0.0.0.0").dial_policy
    assert policy.admits_address(address) == is_admitted


def test_whether_private_networks_are_dialled_is_yes_no_or_auto() -> None:
    with pytest.raises(ConfigError, match="dial_private is 'maybe'; write auto, yes or no"):
        ServerConfig(dial_private="maybe")
