"""What shells complete with the scripts that ``peerpigeon completion`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.cli.main import main
from tests.cli.shells import by_bash, by_fish, by_zsh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES = [
    ("peerpigeon ser", ["server"]),
    ("peerpigeon hub --dial-p", ["--dial-private"]),
    ("peerpigeon hub --dial-private ", ["auto", "yes", "no"]),
    ("peerpigeon hub --hub-secret", ["--hub-secret-file"]),
    ("peerpigeon server --bootstrap", []),
    ("peerpigeon server --log-format j", ["json"]),
    ("peerpigeon completion f", ["fish"]),
]


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], Path]:
    def make(shell: str) -> Path:
        assert main(["completion", shell]) == 0
        script = tmp_path / shell
        script.write_text(capsys.readouterr().out)
        return script

    return make


@pytest.mark.slow
@pytest.mark.parametrize(("line", "offered"), CASES)
def test_bash_completes_commands_flags_and_choices(
    line: str, offered: list[str], made: Callable[[str], Path]
) -> None:
    assert by_bash(made("bash"), line) == offered


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.shells
@pytest.mark.parametrize(("line", "offered"), CASES)
def test_fish_completes_the_same(
    line: str, offered: list[str], made: Callable[[str], Path]
) -> None:
    assert by_fish(made("fish"), line) == offered


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.shells
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("peerpigeon ser", ["server"]),
        ("peerpigeon hub --dial-p\ty", ["hub", "--dial-private", "yes"]),
        ("peerpigeon hub --hub-secret", ["hub", "--hub-secret-file"]),
    ],
)
def test_zsh_completes_the_same(line: str, words: list[str], made: Callable[[str], Path]) -> None:
    assert by_zsh(made("zsh"), line) == words


@pytest.mark.slow
def test_files_are_completed_where_a_file_is_wanted(
    tmp_path: Path, made: Callable[[str], Path]
) -> None:
    file = tmp_path / "peerpigeon.toml"
    file.touch()
    for flag in ("--config", "--hub-secret-file", "--token-keys"):
        offered = by_bash(made("bash"), f"peerpigeon hub {flag} {tmp_path}/peer")
        assert offered == [str(file)]
