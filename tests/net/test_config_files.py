"""Files with options: one of TOML, and those with one secret each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon import ConfigError, load_config
from peerpigeon.cli.option_texts import option_texts
from peerpigeon.net.config_files import _READERS, Files

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s" * 32


def written(path: Path, text: str, mode: int = 0o600) -> str:
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_program_takes_its_options_from_a_file_and_the_environment(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret", f"{SECRET}\n")
    file = tmp_path / "peerpigeon.toml"
    written(file, f'is_hub = true\nport = 1\nhub_secret_file = "{secret}"\nevents = true\n')
    config = load_config(file, {"PEERPIGEON_PORT": "2"})
    assert (config.is_hub, config.port, config.hub_secret) == (True, 2, SECRET)
    assert load_config(environ={"PEERPIGEON_CONFIG": str(file)}).port == 1
    assert load_config(environ={"PEERPIGEON_CONFIG": "", "PORT": "3"}).port == 3


def test_all_that_is_wrong_with_a_file_is_told_at_once(tmp_path: Path) -> None:
    file = written(tmp_path / "f.toml", 'prot = 1\nhost = "a..b"\n')
    with pytest.raises(ConfigError) as refused:
        load_config(file, {})
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()] == [
        f"{file}:1",
        f"{file}:2",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"\xff", "it is no text in UTF-8"),
        (b" " * (256 * 1024 + 1), "it has more than 262144 bytes"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    content: bytes | None, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"file cannot be read: {told}"):
        load_config(path, {})
    with pytest.raises(ConfigError, match=f"HUB_SECRET_FILE: .*file cannot be read: {told}"):
        load_config(environ={"HUB_SECRET_FILE": str(path)})


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o640, False), (0o644, True)])
def test_a_secret_that_all_users_can_read_is_told_of(
    mode: int, is_told: bool, tmp_path: Path
) -> None:
    secret = written(tmp_path / "secret", SECRET, mode)
    table = written(tmp_path / "f.toml", f'hub_secret = "{SECRET}"', mode)
    for file in (secret, table):
        files = Files()
        files.secret(file) if file is secret else files.options(file)
        told = [f"{file} has a secret, and all users can read it: chmod o= {file}"]
        assert files.warnings == (told if is_told else [])


def test_a_file_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    files = Files()
    files.options(written(tmp_path / "f.toml", 'hub_secret_file = "f"\nport = 1\n', 0o644))
    assert files.warnings == []


def test_each_option_that_names_a_file_has_what_reads_it_for_a_check() -> None:
    names = {name for name, text in option_texts().items() if text.startswith("File ")}
    assert names - {"tls_key"} == _READERS.keys()  # which goes with tls_cert
