"""What a command line and an environment that are nearly right get told, in a line or two."""

from __future__ import annotations

import os
import re

import pytest

from peerpigeon.cli.commands import COMMANDS
from peerpigeon.cli.environment import misspelt
from peerpigeon.cli.main import main
from peerpigeon.core.config import ALL_OPTIONS
from tests.cli.test_main import command


def refused(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith(" --help says what there is\n")
    return told.err.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("hub", "--max-conections", "5"),
            "peerpigeon hub: there is no --max-conections; did you mean --max-connections?",
        ),
        (
            ("network", "--hub=3"),  # short for --hub-secret, --hubs and more
            "peerpigeon network: ambiguous option: --hub=3 could match --hubs",
        ),
        (
            ("simulate", "--kil=3", "--sede=1"),
            "peerpigeon simulate: there is no --sede; did you mean --seed?",
        ),
        (("server", "--xyzzy"), "peerpigeon server: there is no --xyzzy"),
        (("server", "3000"), "peerpigeon server: '3000' is one word too many"),
        (("network", "--hubs", "0"), "peerpigeon network: argument --hubs: '0' is no number from"),
        (("serve",), "peerpigeon: argument COMMAND: invalid choice: 'serve' (choose from"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_told_why(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(*words, capsys=capsys).startswith(told)


def test_without_a_command_it_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    told = capsys.readouterr().err
    assert re.search("network +run a mesh of hubs on this machine", told)


def test_hubs_for_which_there_are_no_ports_are_refused_before_any_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["network", "--port", "65534", "--hubs", "3"]) == 2
    assert "3 hubs take those up to 65536" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("MAX_CONNECTION", "MAX_CONNECTIONS"),
        ("MAX_CONECTIONS", "MAX_CONNECTIONS"),
        ("CORS_ORIGINS", "CORS_ORIGIN"),
        ("BOOTSTRAP_HUB", "BOOTSTRAP_HUBS"),
        ("HUBID", "HUB_ID"),
        ("hub_secret", "HUB_SECRET"),
        ("LOGFORMAT", "LOG_FORMAT"),
        ("EVENT", "EVENTS"),
    ],
)
def test_a_variable_that_is_nearly_ours_is_told_of(name: str, near: str) -> None:
    environment = {name: "secret", "PATH": "/bin"}
    assert list(misspelt(environment)) == [f"the variable {name} is not read; did you mean {near}?"]


def test_variables_of_others_are_let_be() -> None:
    others = "HOSTNAME PORTS HOSTS host port HUB_PORT HUB_SERVICE_HOST LOG_LEVEL DEBUG SHELL LANG"
    ours = "PORT HOST MAX_CONNECTIONS HUB_ID EVENTS LOG_FORMAT"
    assert list(misspelt(dict.fromkeys([*others.split(), *ours.split()], "x"))) == []


def test_a_picture_that_could_not_be_written_is_refused_before_the_mesh_is_played(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate", "--hubs", "3", "--picture", "/nonexistent/mesh.svg"]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == (
        "",
        "peerpigeon: /nonexistent/mesh.svg: No such file or directory\n",
    )


@pytest.mark.parametrize("command", ["server", "hub", "network"])
def test_help_begins_with_what_the_command_does(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    first, _, about, *_ = capsys.readouterr().out.splitlines()
    assert first == f"usage: peerpigeon {command} [OPTION ...]"
    assert about.split()[0] in ("Serve", "Starts")


@pytest.mark.parametrize("command", [*COMMANDS, ""])
def test_help_ends_with_examples_that_name_the_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    text = capsys.readouterr().out
    head, _, examples = text.partition("\n\nexamples:\n\n")
    assert f"  peerpigeon {command}" in examples
    assert "None" not in head
    assert [name for name in ALL_OPTIONS if f"`{name}`" in head] == []
    assert all(line.isascii() and len(line) < 100 for line in text.splitlines())


def test_each_command_is_told_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    listed = capsys.readouterr().err.partition("commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)
    assert all(len(line.split()) > 2 for line in listed.splitlines())


@pytest.mark.slow
async def test_an_empty_variable_counts_as_not_set() -> None:
    options = {"HOST": "127.0.0.1", "PORT": "0", "LOG_FORMAT": "", "EVENTS": ""}
    async with command("server", **options) as server:
        assert "started" in await server.line()


@pytest.mark.slow
async def test_a_server_warns_of_a_misspelt_variable_at_the_start() -> None:
    options = {"HOST": "127.0.0.1", "PORT": "0", "MAX_CONNECTION": "5", "LOG_FORMAT": "json"}
    async with command("server", **options) as server:
        line = await server.json()
        assert line["level"] == "warning"
        assert line["message"].endswith("did you mean MAX_CONNECTIONS?")
        assert (await server.json())["event"] == "started"


@pytest.mark.parametrize(("columns", "widest"), [("60", 58), ("100", 98), ("", 78), ("many", 78)])
def test_a_help_is_as_wide_as_the_terminal(
    columns: str,
    widest: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("os.get_terminal_size", lambda: os.terminal_size((0, 0)))
    with pytest.raises(SystemExit):
        main(["token", "--help"])
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("  pe")]
    assert widest - 15 < max(map(len, lines)) <= widest
