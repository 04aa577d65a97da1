"""What counts where several places say something of an option, and what is said of errors (S10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peerpigeon.core.config import (
    ALL_OPTIONS,
    ConfigError,
    ServerConfig,
    Settings,
    from_environment,
    from_flags,
    settle,
    text_of,
    without,
)
from peerpigeon.core.config.toml_file import from_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "s" * 32
FILES = {
    "secret": f"{SECRET}\n",
    "empty": "\n",
    "short": "short",
    "ice": "stun:a.example\nturn:me:hush@b.example\n",
}


def read(file: str) -> str:
    if file not in FILES:
        raise ConfigError(f"{file} cannot be read: there is none")
    return FILES[file]


def settled(
    flags: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    toml: str = "",
) -> Settings:
    said = [from_flags(flags or {}), from_environment(environ or {}), from_toml(toml, "f.toml")]
    return settle(said, read)


# Which place counts


def test_a_flag_goes_before_the_environment_and_that_before_the_file() -> None:
    toml = "port = 1\nmax_connections = 1\nsignal_lifetime = 1"
    environ = {"PORT": "2", "PEERPIGEON_MAX_CONNECTIONS": "2"}
    settings = settled({"port": "3"}, environ, toml)
    assert settings.of_server() == {"port": 3, "max_connections": 2, "signal_lifetime": 1}
    assert settings.places == {
        "port": "--port",
        "max_connections": "PEERPIGEON_MAX_CONNECTIONS",
        "signal_lifetime": "f.toml:3",
    }
    assert settings.value("max_outbox_size") == 4 * 2**20
    assert settings.warnings == []


def test_a_variable_with_the_prefix_goes_before_the_one_without() -> None:
    settings = settled(environ={"PORT": "8080", "PEERPIGEON_PORT": "3000"})
    assert settings.of_server() == {"port": 3000}
    assert settings.warnings == [
        "PEERPIGEON_PORT and PORT are set, and differ; PEERPIGEON_PORT counts"
    ]
    same = settled(environ={"PORT": "3000", "PEERPIGEON_PORT": "3000"})
    assert (same.of_server(), same.warnings) == ({"port": 3000}, [])


def test_an_empty_variable_counts_as_not_set_with_the_prefix_too() -> None:
    settings = settled(environ={"PEERPIGEON_PORT": "", "PORT": "3001", "PEERPIGEON_HOST": ""})
    assert settings.places == {"port": "PORT"}


def test_what_is_wrong_in_a_place_that_does_not_count_does_no_harm() -> None:
    assert settled({"port": "1"}, {"PORT": "http"}).of_server() == {"port": 1}


def test_a_negated_flag_is_named_as_it_was_written() -> None:
    settings = settled({"demo": "false", "auto_connect": "false", "events": "true"})
    assert settings.places == {
        "demo": "--no-demo",
        "auto_connect": "--no-auto-connect",
        "events": "--events",
    }
    assert settings.of_server() == {"demo": False, "auto_connect": False}


def test_of_options_that_are_left_out_nothing_is_said() -> None:
    said = without({"port"}, from_environment({"PORT": "1", "HOST": "::1", "PEERPIGEON_X": "1"}))
    assert [given.option.name for given in said.given] == ["host"]
    assert len(said.errors) == 1


# Names that there are not


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("PEERPIGEON_MAX_CONECTIONS", "; did you mean PEERPIGEON_MAX_CONNECTIONS?"),
        ("PEERPIGEON_HUB_PEER_ID", "; did you mean PEERPIGEON_HUB_ID?"),
        ("PEERPIGEON_CONFG", "; did you mean PEERPIGEON_CONFIG?"),
        ("PEERPIGEON_XYZZY", ""),
        ("PEERPIGEON_", ""),
    ],
)
def test_an_unknown_variable_with_the_prefix_is_refused_with_the_nearest_name(
    variable: str, told: str
) -> None:
    expected = [f"{variable}: there is no such option{told}"]
    assert (
        settled(environ={variable: "", "PEERPIGEON_CONFIG": "f", "XYZZY": "1"}).errors == expected
    )


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_let_be() -> None:
    environ = {
        "PEERPIGEON_PORT": "tcp://10.0.0.1:3000",
        "PEERPIGEON_PORT_3000_TCP": "tcp://10.0.0.1:3000",
        "PEERPIGEON_PORT_3000_TCP_PROTO": "tcp",
        "PEERPIGEON_PORT_3000_TCP_PORT": "3000",
        "PEERPIGEON_PORT_3000_TCP_ADDR": "10.0.0.1",
        "PEERPIGEON_SERVICE_HOST": "10.0.0.1",
        "PEERPIGEON_SERVICE_PORT": "3000",
        "PEERPIGEON_SERVICE_PORT_HTTP": "3000",
        "PEERPIGEON_HUBS_PORT": "udp://10.0.0.1:3000",
        "PORT": "3001",
    }
    settings = settled(environ=environ)
    assert (settings.of_server(), settings.warnings) == ({"port": 3001}, [])


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("prot = 1", "f.toml:1: there is no option prot; did you mean port?"),
        ("\nmax-port-retries = 1", "f.toml:2: there is no option max-port-retries; did you mean"),
        ("XYZZY = 1", "f.toml:1: there is no option XYZZY"),
        ('"x y" = 1', "f.toml: there is no option x y"),
        ("[mesh]\nport = 1", "f.toml:1: mesh is a table; write options without one"),
        ("[[mesh]]\nport = 1", "f.toml:1: there is no option mesh"),
        ("a.b = 1", "f.toml:1: a is a table"),
        ("port = 1\nport = 2", "f.toml:2: Cannot overwrite a value"),
        ("host =", "f.toml:1: Invalid value"),
        ("port = 1\nhost = '''", "f.toml:2: Expected"),
    ],
)
def test_what_a_file_has_beside_options_is_refused_with_its_line(toml: str, told: str) -> None:
    [error] = settled(toml=toml).errors
    assert error.startswith(told)


@pytest.mark.parametrize("toml", ["a = " + "[" * 5000, "port = " + "1" * 5000])
def test_what_is_too_much_for_the_library_is_refused(toml: str) -> None:
    [error] = settled(toml=toml).errors
    assert error.startswith("f.toml: ")


@given(st.text(alphabet="ports[]{}='\"#.\n 1-_", max_size=60))
def test_no_file_does_more_than_be_refused(toml: str) -> None:
    settings = settled(toml=toml)
    assert all(error.startswith("f.toml") for error in settings.errors)


def test_a_key_is_found_in_the_line_where_it_stands() -> None:
    lines = ["host = '''\\", "port = 1'''", "advertise = [", "'port = 1', ]", "'port' = 1"]
    lines += ["discovery_limit = 1 # udp_ports = 1", ' "udp_ports"= "1-2"']
    assert settled(toml="\n".join(lines)).places == {
        "host": "f.toml:1",
        "advertise": "f.toml:3",
        "port": "f.toml:5",
        "discovery_limit": "f.toml:6",
        "udp_ports": "f.toml:7",
    }


# Values


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("port = 3001", {"port": 3001}),
        ('port = "3001"', {"port": 3001}),
        ("signal_lifetime = 20", {"signal_lifetime": 20}),
        ("signal_lifetime = 0.5", {"signal_lifetime": 0.5}),
        ('signal_lifetime = "500ms"', {"signal_lifetime": 0.5}),
        ("max_outbox_size = 8_388_608", {"max_outbox_size": 2**23}),
        ('max_outbox_size = "8 MiB"', {"max_outbox_size": 2**23}),
        ("demo = true", {"demo": True}),
        ('auto_connect = "no"', {"auto_connect": False}),
        ('advertise = ["ws://a:1", "ws://b:1"]', {"advertise": ("ws://a:1", "ws://b:1")}),
        ('advertise = "ws://a:1, ws://b:1"', {"advertise": ("ws://a:1", "ws://b:1")}),
        ("advertise = []", {"advertise": ()}),
        ('host = "::1"', {"host": "::1"}),
        ('log_format = "json"', {}),
        ("events = true", {}),
    ],
)
def test_a_file_has_values_as_toml_writes_them_or_as_texts(
    toml: str, expected: dict[str, Any]
) -> None:
    assert settled(toml=toml).of_server() == expected


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("port = true", "port is true; write a whole number"),
        ("port = 3000.0", "port is 3000.0; write a whole number"),
        ("port = [1]", "port is [1]; write a whole number"),
        ("max_memory = 1.5", "max_memory is 1.5; write bytes as a whole number, or a text with a"),
        ("signal_lifetime = false", "signal_lifetime is false; write seconds as a number, or a"),
        ("peer_timeout = 00:01:00", "peer_timeout is datetime.time(0, 1); write seconds"),
        ("peer_timeout = nan", "peer_timeout is nan; it must be a finite number"),
        ("demo = 1", "demo is 1; write true or false"),
        ("open_mesh = 0", "open_mesh is 0; write true or false"),
        ("advertise = [1]", 'advertise is [1]; write texts in brackets: ["one", "two"]'),
        ("host = ['a', 'b']", "host is ['a', 'b']; write a text in quotation marks"),
        ("hub_secret = 123", "hub_secret has a value that is secret; write a text in quotation"),
        ("hub_secret_file = 1", "write the name of a file in quotation marks, not 1"),
        ("log_format = 'xml'", "log_format is 'xml'; write human or json"),
        (f"port = 0x{'f' * 5000}", "port is a number of more than 63 bits; write a smaller one"),
        ("port = 65536", "port is 65536; it must be between 0 and 65535"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_to_write(toml: str, told: str) -> None:
    [error] = settled(toml=toml).errors
    assert error.startswith(f"f.toml:1: {told}")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("peer_timeout", 300.0, "5m"),
        ("peer_timeout", 90.0, "90s"),
        ("peer_timeout", 86400, "1d"),
        ("peer_timeout", 0.25, "250ms"),
        ("peer_timeout", 2.5, "2500ms"),
        ("peer_timeout", 0.0, "0s"),
        ("max_memory", 2**30, "1 GiB"),
        ("max_memory", 70000, "70000"),
        ("max_memory", None, ""),
        ("port", 3000, "3000"),
        ("demo", True, "true"),
        ("open_mesh", False, "false"),
        ("advertise", ("ws://a:1", "ws://b:1"), "ws://a:1,ws://b:1"),
        ("host", "::1", "::1"),
    ],
)
def test_a_value_is_shown_as_people_write_it(name: str, value: object, text: str) -> None:
    option = ALL_OPTIONS[name]
    assert text_of(option, value) == text
    if value is not None:
        assert option.parse(text) == value


# Everything that is wrong at once


def test_all_errors_are_told_at_once_each_with_its_place() -> None:
    toml = 'prot = 1\nport = "http"\nhost = "a..b"'
    environ = {"PEERPIGEON_X": "", "MAX_CONNECTIONS": "0", "HUB_SECRET": "short"}
    settings = settled({"udp_ports": "x"}, environ, toml)
    places = [error.partition(": ")[0] for error in settings.errors]
    assert sorted(places) == [
        *("--udp-ports", "HUB_SECRET", "MAX_CONNECTIONS", "PEERPIGEON_X"),
        *("f.toml:1", "f.toml:2", "f.toml:3"),
    ]
    with pytest.raises(ConfigError) as refused:
        settings.of_server()
    assert str(refused.value).splitlines() == settings.errors


def test_options_that_do_not_go_together_are_told_with_the_place_of_each() -> None:
    settings = settled({"max_outbox_size": "64KiB"}, {}, 'max_message_size = "128KiB"')
    assert settings.errors == [
        "f.toml:1, --max-outbox-size: max_message_size (131072) is above max_outbox_size (65536);"
        " one message would close its receiver"
    ]
    [error] = settled({"max_announce_size": "2MiB"}).errors
    assert error.startswith("--max-announce-size: max_announce_size (2097152) is above max_message")


def test_whether_options_go_together_is_looked_at_when_each_of_them_could_work() -> None:
    environ = {"OLD_HUB_SECRET": SECRET}
    [error] = settled({"port": "http"}, environ).errors
    assert error.startswith("--port: ")
    [error] = settled({}, environ).errors
    assert error.startswith("OLD_HUB_SECRET: old_hub_secret is set and hub_secret is not; give")


# Secrets in files


def test_a_secret_stands_in_a_file_that_a_flag_a_variable_or_a_key_names() -> None:
    for settings in (
        settled({"hub_secret_file": "secret"}),
        settled(environ={"HUB_SECRET_FILE": "secret"}),
        settled(environ={"PEERPIGEON_HUB_SECRET_FILE": "secret"}),
        settled(toml='hub_secret_file = "secret"'),
    ):
        assert settings.of_server() == {"hub_secret": SECRET}
    assert settings.places == {"hub_secret": "f.toml:1"}


def test_servers_stand_in_a_file_one_a_line() -> None:
    expected = ("stun:a.example", "turn:me:hush@b.example")
    assert settled({"ice_servers_file": "ice"}).of_server() == {"ice_servers": expected}


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("missing", "--hub-secret-file: missing cannot be read: there is none"),
        ("empty", "--hub-secret-file: empty is empty; write hub_secret into it"),
        ("short", "--hub-secret-file: hub_secret has 5 characters; use 16"),
    ],
)
def test_a_file_without_a_secret_is_refused(file: str, told: str) -> None:
    [error] = settled({"hub_secret_file": file}).errors
    assert error.startswith(told)


def test_a_secret_and_a_file_with_it_in_one_place_are_one_too_many() -> None:
    environ = {"HUB_SECRET": SECRET, "PEERPIGEON_HUB_SECRET_FILE": "secret"}
    assert settled(environ=environ).errors == [
        "HUB_SECRET and PEERPIGEON_HUB_SECRET_FILE both give hub_secret; leave one of them out"
    ]
    assert settled({"hub_secret_file": "secret"}, {"HUB_SECRET": "x" * 16}).errors == []


def test_only_what_is_secret_may_stand_in_a_file() -> None:
    assert settled(environ={"PEERPIGEON_PORT_FILE": "x"}).errors
    assert settled(toml='port_file = "x"').errors


def test_a_text_is_secret_if_there_is_anything_secret_in_it() -> None:
    ice, secret = ALL_OPTIONS["ice_servers"], ALL_OPTIONS["hub_secret"]
    assert not ice.has_secret("stun:a.example")
    assert ice.has_secret("stun:a.example,turn:me:hush@b.example")
    assert secret.has_secret("")
    assert not ALL_OPTIONS["host"].has_secret("@")


def test_an_option_says_whether_it_is_of_hubs_alone() -> None:
    assert ALL_OPTIONS["hub_secret"].is_of_hubs
    assert not ALL_OPTIONS["port"].is_of_hubs


def test_the_library_says_where_files_are_read() -> None:
    with pytest.raises(ConfigError, match=r"HUB_SECRET_FILE: .* use peerpigeon\.load_config"):
        ServerConfig.from_environment({"HUB_SECRET_FILE": "secret"})


def test_the_library_refuses_an_unknown_variable_with_the_prefix() -> None:
    with pytest.raises(ConfigError, match="did you mean PEERPIGEON_PORT"):
        ServerConfig.from_environment({"PEERPIGEON_PROT": "1"})
