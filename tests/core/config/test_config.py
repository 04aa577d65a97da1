"""S10 and S28."""

import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.cli.option_texts import option_texts
from peerpigeon.core.config import (
    GROUPS,
    OPTIONS,
    ConfigError,
    Options,
    ServerConfig,
    ServerOptions,
    config_of,
    dialect_at,
    host_in,
    host_of_origin,
    parse_option,
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"HOST": "localhost"}, True),
        ({"HOST": "127.0.0.2"}, True),
        ({"HOST": "::1"}, True),
        ({"HOST": "0.0.0.0"}, False),
        ({"HOST": "::"}, False),
        ({"HOST": "hub.example"}, False),
        ({"HOST": "localhost.example"}, False),
        ({"HOST": "0.0.0.0", "DEMO": "on"}, True),
        ({"HOST": "localhost", "DEMO": "no"}, False),
        ({"ADVERTISE": "wss://hub.example"}, False),  # behind a proxy
        ({"ADVERTISE": "ws://127.0.0.1:3001"}, True),
        ({"ALLOWED_HOSTS": "hub.example"}, False),
        ({"ALLOWED_HOSTS": "*"}, False),
        ({"ALLOWED_HOSTS": "localhost"}, True),
    ],
)
def test_only_a_server_for_its_own_machine_serves_the_demo_unasked(
    options: dict[str, str], expected: bool
) -> None:
    assert ServerConfig.from_environment(options).serves_demo is expected


def test_the_defaults_are_the_documented_ones() -> None:
    config = ServerConfig()
    assert (config.port, config.host, config.max_connections) == (3000, "localhost", 1000)
    assert (config.cleanup_interval, config.peer_timeout, config.cors_origin) == (30.0, 300.0, "*")
    assert (config.max_message_size, config.port_retries) == (1024 * 1024, 10)
    assert (config.hub_mesh_namespace, config.auto_connect) == ("pigeonhub-mesh", True)
    assert (config.reconnect_interval, config.max_reconnect_attempts) == (5.0, 10)
    assert (config.hub_mesh_min_peers, config.hub_mesh_max_peers) == (2, 3)
    assert (config.mesh_migration_delay, config.verbose_logging, config.is_hub) == (
        10.0,
        False,
        False,
    )


def test_what_the_npm_package_calls_verbose_is_the_level_debug() -> None:
    assert ServerConfig().lowest_log_level == "info"
    assert ServerConfig(log_level="error").lowest_log_level == "error"
    assert ServerConfig(log_level="error", verbose_logging=True).lowest_log_level == "debug"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"port": 65536}, "port is 65536"),
        ({"port": -1}, "port is -1"),
        ({"host": " "}, "host is empty"),
        ({"admin_port": 65536}, "admin_port is 65536"),
        ({"admin_port": 3000}, "port and admin_port are both 3000"),
        ({"admin_host": "http://a"}, "admin_host is 'http://a'"),
        ({"path_prefix": "signal"}, "path_prefix is 'signal'; write it as /signal"),
        ({"path_prefix": "/signal/"}, "path_prefix is '/signal/'"),
        ({"path_prefix": "/a/../b"}, "path_prefix is '/a/../b'"),
        ({"path_prefix": "/a b"}, "path_prefix is '/a b'"),
        ({"max_connections": 0}, "max_connections is 0"),
        ({"peer_timeout": float("nan")}, "peer_timeout is nan"),
        ({"peer_timeout": 10.0}, "cleanup_interval .* below peer_timeout"),
        ({"hub_mesh_min_peers": 4}, "hub_mesh_min_peers .4. is above hub_mesh_max_peers .3."),
        ({"hub_mesh_max_peers": 1, "hub_mesh_min_peers": 1}, "hub_mesh_max_peers is 1"),
        ({"hub_peer_id": "xyz"}, "hub_peer_id is 'xyz'"),
        ({"hub_mesh_namespace": ""}, "hub_mesh_namespace is empty"),
        ({"hub_mesh_namespace": "n" * 129}, "hub_mesh_namespace has 129 characters"),
        ({"bootstrap_hubs": ("localhost:3000",)}, "bootstrap_hubs has 'localhost:3000'"),
        ({"max_announce_size": 2**21}, "max_announce_size .* above max_message_size"),
        ({"max_message_size": 2**23}, "max_message_size .* above max_outbox_size"),
        ({"max_memory": 2**23 - 1}, "max_memory .* below 8388608, .* twice max_outbox_size"),
        ({"max_memory": 2**23, "max_message_size": 2**22}, "below 16777216, .* four times"),
        ({"discovery_limit": 0}, "discovery_limit is 0"),
        ({"port": "3000"}, "port is '3000'; it must be of type int"),
        ({"max_connections": True}, "max_connections is True; it must be of type int"),
        ({"verbose_logging": 1}, "verbose_logging is 1; it must be of type bool"),
        ({"log_level": "loud"}, "log_level is 'loud'; write debug, info, warning or error"),
        ({"peer_timeout": "30"}, "peer_timeout is '30'"),
        ({"mesh_migration_delay": float("inf")}, "mesh_migration_delay is inf"),
        ({"bootstrap_hubs": "ws://a:1"}, "bootstrap_hubs is 'ws://a:1'"),
        ({"ice_servers": (1,)}, "ice_servers .* must be of type tuple"),
        ({"host": "http://a"}, "host is 'http://a'"),
        ({"cors_origin": "example.org"}, "cors_origin has 'example.org'"),
        ({"cors_origin": "https://a/b"}, "cors_origin has 'https://a/b'"),
        ({"bootstrap_hubs": ("ws://a:99999",)}, "bootstrap_hubs has 'ws://a:99999'; a port"),
        ({"advertise": ("ws://a:0",)}, "advertise has 'ws://a:0'; a port"),
        ({"reference_hubs": "maybe"}, "reference_hubs is 'maybe'; write auto, yes or no"),
        (
            {"webrtc_engine": "nonsense"},
            "webrtc_engine is 'nonsense'; write auto, builtin, aiortc, libdatachannel or none",
        ),
        ({"ice_servers": ("foo",)}, "ice_servers has 'foo:' is no STUN or TURN server"),
        ({"ice_servers": ("turn:host",)}, "ice_servers has .* takes a username"),
        ({"ice_servers": ("stun:host:0",)}, "ice_servers has 'stun:host:0'"),
        ({"udp_ports": "x"}, "udp_ports is 'x'; write the first and the last"),
        ({"udp_ports": "2-1"}, "udp_ports is '2-1'; ports are 1 to 65535"),
        ({"udp_ports": "0-1"}, "udp_ports is '0-1'"),
        ({"public_address": "nope"}, "public_address is 'nope'; write the IPv4 or IPv6 address"),
        ({"public_address": "0.0.0.0"}, "public_address is '0.0.0.0'; .* of one machine"),
        ({"port": 3000.0}, "port is 3000.0; it must be of type int"),
        ({"bootstrap_dns": ("ws://a:1",)}, "bootstrap_dns has 'ws://a:1'; write NAME or NAME:PORT"),
        ({"bootstrap_dns": ("wss://a",)}, "Hubs behind TLS each need a name of their own"),
        ({"bootstrap_dns": ("10.0.0.1",)}, "bootstrap_dns has '10.0.0.1'; write NAME"),
        ({"bootstrap_dns": ("10.0.0.1:3000",)}, "and addresses as bootstrap_hubs"),
        ({"bootstrap_dns": ("::1",)}, "bootstrap_dns has '::1'; write NAME or NAME:PORT"),
        ({"bootstrap_dns": ("a b",)}, "bootstrap_dns has 'a b'; write NAME or NAME:PORT"),
        ({"bootstrap_dns": ("a:x",)}, "bootstrap_dns has 'a:x'; write NAME or NAME:PORT"),
        ({"bootstrap_dns": ("a:",)}, "bootstrap_dns has 'a:'; write NAME or NAME:PORT"),
        ({"bootstrap_dns": ("a:0",)}, "bootstrap_dns has 'a:0'; a port is between 1 and 65535"),
        ({"bootstrap_hubs": ["ws://a:1"]}, "bootstrap_hubs is .* must be of type tuple"),
        ({"host": "localhost:3000"}, "host is 'localhost:3000'; .* without port"),
        ({"host": "[::1]"}, "host is .* brackets"),
        ({"host": "a..b"}, "host is 'a..b'"),
        ({"host": "a" * 300}, "host is 'aaa"),
        ({"host": "a\x00b"}, "host is .* control characters"),
        ({"hub_mesh_namespace": "\udcff"}, "hub_mesh_namespace is .* Unicode text"),
        ({"cors_origin": ","}, "cors_origin is ','; name an origin"),
        ({"cors_origin": "https://a:99999"}, "cors_origin has 'https://a:99999'; a port"),
        ({"cors_origin": "https://[::::]"}, "cors_origin has 'https://"),
        ({"advertise": ("ws://[::::]:1",)}, "advertise has 'ws://"),
        ({"advertise": ("ws://" + "a." * 99 + "b",) * 21}, "advertise has 4284 characters in 21"),
        ({"ice_servers": ("stun:[::::]",)}, "ice_servers has 'stun:"),
        ({"ice_servers": ("stun:host?transport=tcp",)}, "names a transport; leave it out"),
        ({"ice_servers": ("turns:a:b@host?transport=udp",)}, "turns is TLS, which goes over TCP"),
        ({"tls_cert": "a.pem"}, "tls_cert is 'a.pem' and tls_key is not set; .* needs both"),
        ({"tls_key": "a.key"}, "tls_key is 'a.key' and tls_cert is not set; .* needs both"),
        ({"hub_secret": "short"}, "hub_secret has 5 characters; use 16 or more"),
        ({"is_hub": True, "host": "0.0.0.0"}, "a hub at 0.0.0.0 can be reached"),
        ({"hub_mesh_namespace": "n" * 9, "max_namespace_length": 8}, "has 9 characters; at most 8"),
    ],
)
def test_an_option_that_cannot_work_is_refused_by_name_and_value(
    options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        ServerConfig(**options)


def test_the_environment_keeps_the_names_of_the_reference() -> None:
    config = ServerConfig.from_environment(
        {
            "PORT": "3001",
            "HOST": "0.0.0.0",
            "BOOTSTRAP_HUBS": "ws://localhost:3000, wss://hub.example:443/x",
            "HUB_MESH_NAMESPACE": "other",
            "HUB_ID": "a" * 40,
            "AUTO_CONNECT": "false",
            "MAX_CONNECTIONS": "5",
            "CORS_ORIGIN": "https://a.example",
            "PATH": "/bin",
            "MAX_PORT_RETRIES": "",
        }
    )
    assert (config.port, config.host, config.hub_peer_id) == (3001, "0.0.0.0", "a" * 40)
    assert config.bootstrap_hubs == ("ws://localhost:3000", "wss://hub.example:443/x")
    assert (config.hub_mesh_namespace, config.auto_connect) == ("other", False)
    assert (config.max_connections, config.cors_origin) == (5, "https://a.example")
    assert config.max_port_retries is None


def test_every_option_can_come_from_the_environment() -> None:
    assert set(OPTIONS) == {option.name for option in fields(Options)}
    assert len({option.variable for option in OPTIONS.values()}) == len(OPTIONS)


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10.0), ("2.5", 2.5), ("500ms", 0.5), ("10s", 10), ("5 m", 300.0)]
)
def test_durations_are_seconds_or_carry_a_unit(text: str, seconds: float) -> None:
    assert parse_option("peer_timeout", text) == seconds


@pytest.mark.parametrize(("text", "size"), [("2048", 2048), ("64KiB", 65536), ("1mib", 1048576)])
def test_sizes_are_bytes_or_carry_a_unit(text: str, size: int) -> None:
    assert parse_option("max_message_size", text) == size


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "http"),
        ("port", "3000.5"),
        ("peer_timeout", "10 parsecs"),
        ("peer_timeout", "-1"),
        ("peer_timeout", "nan"),
        ("max_message_size", "big"),
        ("max_message_size", "9" * 400),
        ("auto_connect", "maybe"),
    ],
)
def test_a_text_that_is_no_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is '{text}'"):
        ServerConfig.from_environment({name.upper(): text})


@given(st.sampled_from(sorted(OPTIONS)), st.text())
def test_no_text_does_more_than_be_refused(name: str, text: str) -> None:
    try:
        ServerConfig.from_environment({}, {name: text})
    except ConfigError as error:
        assert name in str(error)  # noqa: PT017 - that it may not be refused is the point


def test_what_is_given_on_the_command_line_goes_before_the_environment() -> None:
    assert ServerConfig.from_environment({"PORT": "1"}, {"port": "2"}).port == 2


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        ("*", None),
        ("https://a.example, *", None),
        ("null", {"null"}),
        ("https://a.example,http://b:81", {"https://a.example", "http://b:81"}),
    ],
)
def test_the_origins_that_may_connect(origins: str, allowed: set[str] | None) -> None:
    names = ServerConfig(cors_origin=origins).allowed_origins
    assert (None if names is None else names.names) == allowed


@pytest.mark.parametrize(
    ("written", "admitted", "refused"),
    [
        (
            "https://*.app.example",
            ["https://a.app.example", "https://a.b.app.example"],
            [
                "https://app.example",
                "http://a.app.example",
                "https://a.app.example:8443",
                "https://aapp.example",
                "https://.app.example",
                "https://a.app.example.evil.example",
                "https://evil.example/.app.example",
                "https://a.appxexample",
                "null",
                "",
            ],
        ),
        ("HTTPS://*.App.Example:443/", ["https://a.app.example"], ["https://b.example"]),
        ("http://*.localhost:5173", ["http://a.localhost:5173"], ["http://a.localhost"]),
    ],
)
def test_a_wildcard_stands_for_all_below_a_name(
    written: str, admitted: list[str], refused: list[str]
) -> None:
    names = ServerConfig(cors_origin=written).allowed_origins
    assert names is not None
    assert [each for each in admitted if each not in names] == []
    assert [each for each in refused if each in names] == []


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://app.example/", "https://app.example"),
        ("HTTPS://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80/", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("https://app.example:08443", "https://app.example:8443"),
        ("https://app.example:", "https://app.example"),
        ("http://[0:0::1]:5173", "http://[::1]:5173"),
        ("http://192.0.2.1:80", "http://192.0.2.1"),
        ("chrome-extension://AbC/", "chrome-extension://AbC"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_origin_is_taken_as_browsers_send_it_however_it_is_written(
    written: str, sent: str
) -> None:
    """RFC 6454, section 6.2."""
    config = ServerConfig.from_environment({"CORS_ORIGIN": written})
    assert config.allowed_origins is not None
    assert config.allowed_origins.names == {sent}


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("app.example", "write it with its scheme, as https://"),
        ("localhost:5173", "write it with its scheme, as https://"),
        ("//app.example", "write it with its scheme, as https://"),
        ("https://app.example/chat", "an origin has no path; write https://app.example$"),
        ("https://app.example?a", "an origin has no path; write https://app.example$"),
        ("https://me@app.example", "an origin has no user"),
        ("https://*app.example", r"write \*. before the host, as https://\*.example.org, or"),
        ("https://a.*.example", r"write \*. before the host"),
        ("https://*", r"write \*. before the host"),
        ("https://*.", r"without \*. cors_origin has 'https://'; that is no host"),
        ("https://*.b/c", r"without \*. .*; an origin has no path; write https://b$"),
        ("https://*.192.0.2.1", "there is no name below an address"),
        ("https://*.[::1]", "there is no name below an address"),
        ("wss://app.example", "write the address of the page, not of the server"),
        ("file:///", "pages from files have the origin null"),
        ("https://b\u00fccher.example", "write the host as browsers send it"),
        ("https://", "that is no host"),
        ("https://a b", "that is no host"),
        ("https://192.0.2", "that is no host"),
        ("https://app.example:0", "a port is between 1 and 65535"),
    ],
)
def test_an_origin_that_no_browser_would_send_is_refused_with_the_remedy(
    written: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=f"cors_origin has .*; {reason}"):
        ServerConfig(cors_origin=f"https://good.example,{written}")


def test_what_options_say_of_the_network_is_read_once() -> None:
    config = ServerConfig(
        ice_servers=("stun:a.example", "turn:me:p%40ss@b.example:99?transport=tcp"),
        udp_ports=" 4000 - 4010 ",
    )
    stun, turn = config.parsed_ice_servers
    assert (stun.host, stun.port, stun.is_relay) == ("a.example", 3478, False)
    assert (turn.host, turn.port, turn.credential, turn.is_tcp) == ("b.example", 99, "p@ss", True)
    assert config.udp_port_range == (4000, 4010)
    assert ServerConfig().udp_port_range is None


def test_the_keywords_that_type_checkers_know_are_the_options() -> None:
    declared = {option.name: str(option.type) for option in fields(Options)}
    assert ServerOptions.__annotations__.keys() == declared.keys()
    written = {name: ref.__forward_arg__ for name, ref in ServerOptions.__annotations__.items()}
    assert written == declared


def test_every_option_is_declared_in_a_group_and_described_there() -> None:
    assert Options.__bases__ == GROUPS
    assert [each for each in fields(Options) if each.name in Options.__annotations__] == []
    assert sum(len(fields(group)) for group in GROUPS) == len(OPTIONS)
    texts = option_texts(GROUPS)
    assert texts.keys() == OPTIONS.keys()
    assert texts["port"] == "TCP port; 0 takes any free one"


@pytest.mark.parametrize(
    "options",
    [
        {"hub_secret": b"a secret of sixteen bytes"},
        {"hub_secret": "a secret in no Unicode \udcff"},
        {"ice_servers": ("turn:me:a secret@host", 1)},
        {"ice_servers": ("turn:me:a secret@host:0",)},
    ],
)
def test_a_refusal_does_not_tell_a_secret(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refused:
        ServerConfig(**options)
    assert "a secret" not in str(refused.value)


def test_a_config_and_its_parts_are_shown_without_secrets() -> None:
    config = ServerConfig(hub_secret="hush" * 8, ice_servers=("turn:me:hush@host",))
    assert "hush" not in f"{config} {config.parsed_ice_servers}"


@pytest.mark.parametrize(
    "text", ["::1", "fe80::1%eth0", "192.0.2.1", "hub.example.", "m\u00fcnchen.example", "my_host"]
)
def test_hosts_that_the_resolver_takes_are_taken(text: str) -> None:
    assert ServerConfig(host=text).host == text


@pytest.mark.parametrize(
    ("host", "advertise", "expected"),
    [
        ("127.0.0.1", (), False),
        ("localhost", ("ws://[::1]:3000", "ws://127.0.0.1:3000"), False),
        ("127.0.0.1", ("wss://hub.example",), True),
        ("0.0.0.0", (), True),
    ],
)
def test_a_mesh_is_open_that_other_machines_reach_without_a_secret(
    host: str, advertise: tuple[str, ...], expected: bool
) -> None:
    config = ServerConfig(is_hub=True, open_mesh=True, host=host, advertise=advertise)
    assert config.is_open is expected
    assert not ServerConfig(
        is_hub=True, host=host, advertise=advertise, hub_secret="s" * 16
    ).is_open


def test_where_a_hub_has_come_to_listen_does_not_open_its_mesh() -> None:
    config = ServerConfig(is_hub=True, host="127.0.0.1")
    assert not config.listening_at(3000, ["127.0.0.1"]).is_open


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 10),
        ({"host": "127.0.0.1,::1"}, 10),
        ({"host": "0.0.0.0"}, 0),
        ({"host": "localhost,10.0.0.1"}, 0),
        ({"advertise": ("ws://127.0.0.1:3000",)}, 10),
        ({"advertise": ("wss://hub.example",)}, 0),
        ({"host": "::", "max_port_retries": 3}, 3),
        ({"max_port_retries": 0}, 0),
    ],
)
def test_another_port_is_tried_unasked_only_where_nobody_else_counts_on_the_first_s11(
    options: dict[str, Any], expected: int
) -> None:
    assert ServerConfig(**options).port_retries == expected


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("localhost,127.0.0.1, ::1", True),
        ("0.0.0.0,::", False),
        ("localhost,hub.example", False),
        ("localhost,", None),
        ("localhost,,::1", None),
        ("localhost ::1", None),
    ],
)
def test_a_host_is_one_or_several_with_commas(host: str, is_local: bool | None) -> None:
    if is_local is None:
        with pytest.raises(ConfigError, match="or several with commas"):
            ServerConfig(host=host)
    else:
        assert ServerConfig(host=host).is_local is is_local
        if not is_local:
            with pytest.raises(ConfigError, match="anybody could join"):
                ServerConfig(is_hub=True, host=host)


@pytest.mark.parametrize(
    ("host", "start"),
    [
        ("localhost", "ws://localhost:3000"),
        ("0.0.0.0", "ws://localhost:3000"),
        ("10.0.0.1,::", "ws://localhost:3000"),
        ("10.0.0.1,::1", "ws://[::1]:3000"),
        ("fd00::1,10.0.0.1", "ws://[fd00::1]:3000"),
    ],
)
def test_a_hub_without_bootstrap_hubs_starts_from_the_one_at_port_3000_of_its_machine(
    host: str, start: str
) -> None:
    """S7."""
    config = ServerConfig(is_hub=True, open_mesh=True, host=host)
    assert config.starts_from == ()
    assert config.listening_at(3001, ["there"]).starts_from == (start,)
    assert config.listening_at(3000, ["there"]).starts_from == ()
    given = replace(config, bootstrap_hubs=("ws://one:1",)).listening_at(3001, ["there"])
    assert given.starts_from == ("ws://one:1",)


def test_a_hub_that_speaks_tls_has_addresses_that_say_so() -> None:
    config = ServerConfig(is_hub=True, tls_cert="hub.crt", tls_key="hub.key")
    listening = config.listening_at(3001, ["there"])
    assert listening.own_addresses == ("wss://there:3001",)
    assert listening.starts_from == ("wss://localhost:3000",)


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::1"])
def test_a_public_address_is_that_of_one_machine(text: str) -> None:
    assert ServerConfig(public_address=text).public_address == text


def test_the_host_of_an_origin_comes_without_brackets() -> None:
    origins = ("http://[::1]:80", "https://a.example", "null")
    assert [host_of_origin(each) for each in origins] == ["::1", "a.example", ""]


@pytest.mark.parametrize(
    ("options", "answered", "refused"),
    [
        ({}, [], ["hub.example", "192.0.2.1"]),
        ({"advertise": ("wss://Hub.example/x", "ws://[0::2]:1")}, ["hub.example", "::2"], ["a.b"]),
        ({"advertise": ("wss://b\u00fccher.example",)}, ["xn--bcher-kva.example"], []),
        ({"allowed_hosts": ("Hub.Example.",)}, ["hub.example"], ["a.hub.example"]),
        ({"allowed_hosts": ("0::2", "[0::3]")}, ["::2", "::3"], ["::4"]),
        (
            {"allowed_hosts": ("*.hub.example",)},
            ["a.hub.example", "a.b.hub.example"],
            ["hub.example", ".hub.example", "ahub.example", "a.hub.example.b", "a/.hub.example"],
        ),
        ({"host": "0.0.0.0", "allowed_hosts": ("a.b",)}, ["a.b"], ["192.0.2.1"]),
    ],
)
def test_the_names_that_a_server_answers_to_besides_the_loopback(
    options: dict[str, Any], answered: list[str], refused: list[str]
) -> None:
    names = ServerConfig(**options).answers_to
    assert names is not None
    assert [each for each in answered if each not in names] == []
    assert [each for each in refused if each in names] == []


@pytest.mark.parametrize("options", [{"host": "0.0.0.0"}, {"allowed_hosts": ("a.b", "*")}])
def test_a_server_that_others_reach_or_that_is_told_so_answers_to_any_name(
    options: dict[str, Any],
) -> None:
    assert ServerConfig(**options).answers_to is None


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("https://hub.example", "write the name alone"),
        ("hub.example/a", "write the name alone"),
        ("hub.example:3000", "ports are not compared; write hub.example$"),
        ("*hub.example", r"a \* stands for all that is before a name"),
        ("a.*.example", r"a \* stands for all that is before a name"),
        ("b\u00fccher.example", "write the name as browsers send it, in ASCII"),
        ("a b", "that is no name of a host"),
        ("*.", "that is no name of a host"),
        ("[::g]", "that is no name of a host"),
        ("*.192.0.2.1", "there is no name below an address"),
        ("*.[::1]", "there is no name below an address"),
    ],
)
def test_a_name_that_no_request_has_is_refused_with_the_remedy(written: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"allowed_hosts has .*; {reason}"):
        ServerConfig(allowed_hosts=("good.example", written))


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("Hub.Example:3000", "hub.example"),
        ("hub.example.", "hub.example"),
        ("[0:0::1]:1", "::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("[nonsense]", ""),
        ("a:b", ""),
        ("a:1:2", ""),
        ("", ""),
    ],
)
def test_the_host_of_a_request_comes_in_one_spelling(header: str, host: str) -> None:
    assert host_in(header) == host


def test_a_hub_that_is_addressed_by_another_name_is_not_for_its_machine_alone() -> None:
    assert ServerConfig(is_hub=True).welcomes_reference_hubs
    for names in (("hub.example",), ("*",)):
        assert not ServerConfig(is_hub=True, allowed_hosts=names).welcomes_reference_hubs
    assert ServerConfig(is_hub=True, allowed_hosts=("localhost",)).welcomes_reference_hubs


def test_a_mesh_namespace_fits_what_a_hub_may_say_before_it_has_proved_itself() -> None:
    ServerConfig(hub_mesh_namespace="\U0001f54a" * 128)
    with pytest.raises(ConfigError, match="hub_mesh_namespace has 129 characters; at most 128"):
        ServerConfig(hub_mesh_namespace="m" * 129, max_namespace_length=4096)


def test_networks_of_trusted_proxies_are_read() -> None:
    config = ServerConfig(trusted_proxies=("127.0.0.1", "10.0.0.0/8", "2001:db8::/32"))
    assert [str(each) for each in config.trusted_networks] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "2001:db8::/32",
    ]
    assert ServerConfig().trusted_networks == ()


@pytest.mark.parametrize("written", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", ""])
def test_what_is_no_network_is_no_trusted_proxy(written: str) -> None:
    with pytest.raises(ConfigError, match=r"trusted_proxies has .*; write an address"):
        ServerConfig(trusted_proxies=("192.0.2.7", written))


def test_a_server_at_a_unix_socket_has_a_proxy_before_it() -> None:
    config = ServerConfig(uds="/run/hub.sock", trusted_proxies=("unix:", "10.0.0.0/8"))
    assert config.place == "unix:/run/hub.sock"
    assert not config.is_local
    assert config.trusts_unix
    assert len(config.trusted_networks) == 1
    assert ServerConfig().place == "localhost"
    assert not ServerConfig(uds="/run/hub.sock").trusts_unix


def test_a_config_is_given_whole_or_by_options() -> None:
    given = ServerConfig(port=4000)
    assert config_of(given, {}) is given
    assert config_of(None, {"port": 4000}) == given
    with pytest.raises(TypeError, match="not both"):
        config_of(given, {"port": 4000})


def test_dialects_are_named_by_the_last_part_of_a_path() -> None:
    assert dialect_at("/y-webrtc", ("y-webrtc",)) == "y-webrtc"
    assert dialect_at("/app/y-webrtc/", ("y-webrtc",)) == "y-webrtc"
    assert (
        dialect_at("/announce", ("tracker",)) == dialect_at("/tracker", ("tracker",)) == "tracker"
    )
    assert dialect_at("/y-webrtc", ()) == dialect_at("/none", ("none",)) == dialect_at("", ()) == ""


@pytest.mark.parametrize("dialects", [("y-webrtc", "none"), ("peerpigeon",)])
def test_a_dialect_that_is_none_is_refused(dialects: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="there are y-webrtc, peerjs, tracker, or none alone"):
        ServerConfig(dialects=dialects)
    assert ServerConfig(dialects=("none",)).dialects == ("none",)


@given(st.text(st.sampled_from("ab-_.0é"), max_size=70))
def test_a_host_is_what_the_resolver_takes(text: str) -> None:
    try:
        text.encode("idna")
        is_taken = re.fullmatch(r"[\w.-]+", text) is not None
    except UnicodeError:
        is_taken = False
    objection = None
    try:
        ServerConfig(host=text)
    except ConfigError as error:
        objection = error
    assert (objection is None) == is_taken, objection


def test_a_part_of_a_host_has_63_letters_at_most() -> None:
    ServerConfig(host=f"{'a' * 63}.example")
    with pytest.raises(ConfigError, match="host"):
        ServerConfig(host=f"{'a' * 64}.example")
