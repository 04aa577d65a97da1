"""What the pages show of an experiment is what it prints, but for the time that it took."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT
from tests.selection import thorough

_SHOWN = re.compile(
    r"^(?:    |```sh\n)(peerpigeon simulate[^\n]*)\n.*?^```\n(hubs .*?)^```",
    re.DOTALL | re.MULTILINE,
)
DEADLINE = 120.0  # seconds; far beyond what any of these takes


def experiments() -> list[tuple[str, str]]:
    """Return each command whose figures a page shows, and these; once if two pages do."""
    pages = ("README.md", "docs/simulator.md")
    found = [each for page in pages for each in _SHOWN.findall((ROOT / page).read_text())]
    return list(dict.fromkeys(found))


def figures(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("time ")]


def test_the_pages_show_experiments() -> None:
    assert len({command for command, _ in experiments()}) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "shown"),
    [each if "--hubs 20" in each[0] else thorough(*each) for each in experiments()],
    ids=lambda text: text[:60],
)
def test_an_experiment_has_the_figures_that_are_shown(command: str, shown: str) -> None:
    words = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert figures(done.stdout) == figures(shown)
