"""Who types the lines for an installation has the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.commands import TAG, blocks
from tests.docs.pages import ROOT
from tests.docs.test_commands import DEADLINE, HOW, INSTALL

LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "build", "dist", "__pycache__")


@pytest.mark.thorough
@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_the_command_is_there_once_the_lines_were_typed(page: str, tmp_path: Path) -> None:
    [lines] = [lines for tag, lines in blocks(page) if tag == TAG and "-m venv" in lines[0]]
    lines = lines[: lines.index("pip install .") + 1]
    assert set(lines[:-1]) == {line for line, how in HOW.items() if how is INSTALL}
    shutil.copytree(ROOT, tmp_path / "sources", ignore=LEFT_OUT)
    done = subprocess.run(
        ["sh", "-ec", "\n".join([*lines, "command -v peerpigeon", "peerpigeon --version"])],
        cwd=tmp_path / "sources",
        env=os.environ | {"PATH": f"{Path(sys.base_prefix, 'bin')}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{tmp_path}/sources/.venv/bin/peerpigeon\n" in done.stdout
