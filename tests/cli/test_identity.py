"""The command ``peerpigeon identity``: keys of hubs, and their ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.cli.main import main
from peerpigeon.core.ids import parse_peer_id

if TYPE_CHECKING:
    from pathlib import Path


def test_it_prints_the_id_of_a_key_and_makes_the_key_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hub.pem"
    said = []
    for _ in range(2):
        assert main(["identity", str(path)]) == 0
        said.append(capsys.readouterr().out.strip())
    assert parse_peer_id(said[0]) is not None
    assert said[0] == said[1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert main(["identity", str(tmp_path / "other.pem")]) == 0
    assert capsys.readouterr().out.strip() != said[0]


@pytest.mark.parametrize("name", ["hub.pem", "nowhere/hub.pem"])
def test_a_file_that_cannot_be_used_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "hub.pem").write_text("something else")
    assert main(["identity", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("peerpigeon: hub_identity is ")
    assert len(error.splitlines()) == 1
