"""What the pages say of files with options."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT
from tests.docs.test_commands import CONFIG, HOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import ModuleType

_TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def peerpigeon(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "peerpigeon", *words],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def option_tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    yield importlib.import_module("option_tables")
    del sys.modules["option_tables"]


def test_the_tables_have_the_options_that_there_are(option_tables: ModuleType) -> None:
    page = option_tables.PAGE.read_text(encoding="utf-8")
    assert page == option_tables.renewed(page), "run: python scripts/option_tables.py"


@pytest.mark.slow
def test_the_file_on_the_page_is_in_order(tmp_path: Path) -> None:
    [text] = _TOML.findall((ROOT / "docs/configuration.md").read_text(encoding="utf-8"))
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    secret.chmod(0o600)
    (tmp_path / "peerpigeon.toml").write_text(text.replace("/run/secrets/hub_secret", "secret"))
    [line] = [line for line, how in HOW.items() if how is CONFIG]
    done = peerpigeon(shlex.split(line)[1:], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
