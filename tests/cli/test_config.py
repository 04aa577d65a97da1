"""Options from a file, and the command that says where each comes from and what is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from peerpigeon.cli.main import main
from peerpigeon.core.config import ALL_OPTIONS, NAMES
from peerpigeon.core.config.given import value_of
from peerpigeon.core.config.toml_file import from_toml
from tests.cli.test_main import command

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s" * 32


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for option in ALL_OPTIONS.values():
        monkeypatch.delenv(option.variable, raising=False)
    return monkeypatch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "peerpigeon.toml"
    path.write_text('port = 3100\nhost = "127.0.0.1"\nmax_connections = 5\n')
    return path


def shown(text: str) -> dict[str, tuple[str, str]]:
    """Return what is printed of each option: its value, and where that is from."""
    rows = [line.split() for line in text.splitlines() if line.startswith("  ")]
    return {row[0]: (" ".join(row[1:-1]), row[-1]) for row in rows}


def test_each_option_is_shown_with_where_its_value_is_from(
    file: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("PEERPIGEON_SIGNAL_LIFETIME", "20")
    environment.setenv("MAX_CONNECTIONS", "6")
    assert main(["config", "--show", "--config", str(file), "--max-outbox-size", "8MiB"]) == 0
    rows = shown(capsys.readouterr().out)
    assert rows["port"] == ("3100", f"{file}:1")
    assert rows["max_connections"] == ("6", "MAX_CONNECTIONS")
    assert rows["signal_lifetime"] == ("20s", "PEERPIGEON_SIGNAL_LIFETIME")
    assert rows["max_outbox_size"] == ("8 MiB", "--max-outbox-size")
    assert rows["peer_timeout"] == ("5m", "default")
    assert rows["max_memory"] == ("a quarter of the machine's memory, 128 MiB to 1 GiB", "default")
    assert rows.keys() == {each.name for each in ALL_OPTIONS.values() if not each.is_of_hubs}


def test_a_file_may_be_named_by_the_environment(
    file: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("PEERPIGEON_CONFIG", str(file))
    assert main(["config", "hub", "--show"]) == 0
    rows = shown(capsys.readouterr().out)
    assert rows["port"] == ("3100", f"{file}:1")
    assert rows["is_hub"] == ("true peerpigeon", "hub")
    assert rows.keys() == ALL_OPTIONS.keys()


def test_secrets_are_shown_as_set_and_never_as_they_are(
    tmp_path: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    environment.setenv("ICE_SERVERS", "turn:me:hush@a.example")
    assert main(["config", "--show", "--hub-secret-file", str(secret)]) == 0
    told = capsys.readouterr()
    rows = shown(told.out)
    assert rows["hub_secret"] == ("set", "--hub-secret-file")
    assert rows["ice_servers"] == ("set", "ICE_SERVERS")
    assert rows["old_hub_secret"] == ("not set", "default")
    assert SECRET not in told.out
    assert "hush" not in told.out
    assert told.err == ""


def test_a_check_says_all_that_is_wrong_and_where(
    tmp_path: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "f.toml"
    file.write_text('prot = 1\nsignal_lifetime = true\nhost = "a..b"\n')
    environment.setenv("PEERPIGEON_MAX_CONECTIONS", "5")
    assert main(["config", "--check", "--config", str(file), "--udp-ports", "x"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert [line.partition(": ")[2] for line in told.err.splitlines()] == [
        "PEERPIGEON_MAX_CONECTIONS: there is no such option; did you mean"
        " PEERPIGEON_MAX_CONNECTIONS?",
        f"{file}:1: there is no option prot; did you mean port?",
        f"{file}:2: signal_lifetime is true; write seconds as a number, or a text with a unit: 10,"
        ' "10s", "5m"',
        "--udp-ports: udp_ports is 'x'; write the first and the last, as 40000-40100",
        f"{file}:3: host is 'a..b'; write a host name or an IP address alone, without port or"
        " brackets, or several with commas",
    ]


@pytest.mark.parametrize("flag", ["--token-keys", "--hub-identity", "--hub-ca"])
@pytest.mark.parametrize("content", ["{}", None])
def test_a_check_looks_into_files_that_a_server_reads_and_makes_none(
    flag: str, content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    status = main(["config", "--check", flag, str(path)])
    told = capsys.readouterr().err
    name = flag.removeprefix("--").replace("-", "_")
    if content is None and flag == "--hub-identity":  # a hub makes it when it starts
        assert (status, told) == (0, "")
    else:
        assert status == 2
        assert told.startswith(f"peerpigeon: {flag}: {name} is {str(path)!r}")
    assert path.exists() is (content is not None)


def test_a_check_warns_of_what_is_let_pass(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("MAX_CONNECTION", "5")
    environment.setenv("PORT", "1")
    environment.setenv("PEERPIGEON_PORT", "2")
    assert main(["config", "--check"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "peerpigeon: warning: PEERPIGEON_PORT and PORT are set, and differ; PEERPIGEON_PORT counts",
        "peerpigeon: warning: the variable MAX_CONNECTION is not read; did you mean"
        " MAX_CONNECTIONS?",
    ]


def test_what_is_wrong_is_not_shown_as_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--show", "--port", "http"]) == 2
    told = capsys.readouterr()
    assert shown(told.out)["port"] == ("(wrong)", "--port")
    assert told.err == "peerpigeon: --port: port is 'http'; write a whole number\n"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ([], 0, "`peerpigeon server` can be started with these options\n"),
        (["--host", "0.0.0.0"], 0, "`peerpigeon server` can be started with these options\n"),
        (["--open-mesh"], 0, "`peerpigeon hub` can be started with these options\n"),
        (["hub"], 0, "`peerpigeon hub` can be started with these options\n"),
        (["hub", "--host", "0.0.0.0"], 2, ""),
        (["server", "--open-mesh"], 0, "`peerpigeon server` can be started with these options\n"),
    ],
)
def test_options_are_looked_at_as_of_a_hub_if_any_is_of_hubs_or_as_is_asked(
    words: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", *words, "--check"]) == status
    assert capsys.readouterr().out == told


def test_the_example_has_each_option_and_is_in_order_when_all_of_it_is_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "--example"]) == 0
    text = capsys.readouterr().out
    assert tomllib.loads(text) == {}
    taken = re.sub(r"^#(?! |#)", "", text, flags=re.MULTILINE)
    said = from_toml(taken, "f.toml")
    assert (said.errors, len(said.given)) == ([], len(NAMES) - 1)  # all but is_hub
    assert {type(value_of(each)) for each in said.given if each.option.name == "demo"} == {bool}
    for each in said.given:
        default = each.option.default
        assert each.is_file or default is None or value_of(each) == default


def test_a_file_that_cannot_be_read_is_named_with_who_named_it(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "--check", "--config", "/nonexistent"]) == 2
    environment.setenv("PEERPIGEON_CONFIG", "/nonexistent")
    assert main(["config", "--check"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "peerpigeon: --config: /nonexistent cannot be read: No such file or directory",
        "peerpigeon: PEERPIGEON_CONFIG: /nonexistent cannot be read: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--hub-secret", SECRET], "--hub-secret: other users of this machine can read command"),
        (["--ice-servers", "turn:me:hush@a.example"], "--ice-servers: other users of this"),
    ],
)
@pytest.mark.parametrize("name", ["hub", "network"])
def test_a_secret_on_a_command_line_is_refused_with_what_to_do(
    name: str, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, *words]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert f"{words[0]}-file" in err
    assert words[1] not in err


def test_servers_that_are_no_secret_may_stand_on_a_command_line() -> None:
    assert main(["config", "--check", "--ice-servers", "stun:a.example"]) == 0


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--bootstrap-hubs", "--bootstrap-hubs is for hubs: use `peerpigeon hub`"),
        ("--no-auto-connect", "--no-auto-connect is for hubs: use `peerpigeon hub`"),
        ("--hub-secret-file", "--hub-secret-file is for hubs: use `peerpigeon hub`"),
        (
            "--advertize=x",
            "there is no --advertize; if --advertise was meant: --advertise is for hubs: use"
            " `peerpigeon hub`",
        ),
    ],
)
def test_a_flag_of_hubs_is_none_of_a_server(
    flag: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["server", flag])
    assert capsys.readouterr().err.splitlines()[0] == f"peerpigeon server: {told}"


@pytest.mark.slow
async def test_a_server_takes_its_options_from_a_file_and_says_what_has_no_effect(
    tmp_path: Path,
) -> None:
    file = tmp_path / "f.toml"
    file.write_text('port = 0\nhost = "127.0.0.1"\nlog_format = "json"\nwebrtc_engine = "none"\n')
    async with command("server", "--config", str(file)) as server:
        warning, started = await server.json(), await server.json()
        assert warning["message"] == (
            f"{file}:4: webrtc_engine is for hubs and has no effect here; `peerpigeon hub` runs one"
        )
        assert started["event"] == "started"


@pytest.mark.slow
def test_a_server_does_not_start_with_anything_wrong_and_says_all_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "peerpigeon", "hub", "--port", "x", "--host", "a..b"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert [line.split()[1] for line in done.stderr.splitlines()] == ["--port:", "--host:"]


@pytest.mark.slow
async def test_hubs_join_whose_common_secret_is_in_a_file(tmp_path: Path) -> None:
    secret, table = tmp_path / "secret", tmp_path / "f.toml"
    secret.write_text(f"{SECRET}\n")
    table.write_text(f'hub_secret_file = "{secret}"\nwebrtc_engine = "none"\nhost = "127.0.0.1"\n')
    secret.chmod(0o600)
    words = ("hub", "--config", str(table), "--log-format", "json", "--port", "0")
    async with command(*words) as first:
        port = (await first.json())["port"]
        options = {"PEERPIGEON_BOOTSTRAP_HUBS": f"ws://127.0.0.1:{port}"}
        async with command(*words, **options) as second:
            line = await second.json()
            while line["event"] != "hubDiscovered":
                assert line["event"] != "bootstrapDisconnected", line
                line = await second.json()
