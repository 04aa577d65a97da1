"""The programs in the documentation run, and print what it says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.pages import Program, programs

PAGES = ("docs/api.md", "docs/sans-io.md")
DEADLINE = 60.0  # seconds; only ever reached when something is wrong


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_program_prints_what_its_page_says(page: str) -> None:
    shown = programs(page)
    assert shown
    for program in shown:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program.source],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert (done.stdout, done.stderr, done.returncode) == (program.prints, "", 0)


@pytest.mark.slow
def test_the_server_of_the_readme_listens() -> None:
    [program] = programs("README.md")
    serves = on_any_port(program)
    with subprocess.Popen(
        [sys.executable, "-u", "-c", serves], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert re.fullmatch(r"listening on port [0-9]+\n", process.stdout.readline())
        finally:
            process.kill()


def on_any_port(program: Program) -> str:
    assert program.source.count("port=3000") == 1
    return program.source.replace("port=3000", "port=0")
