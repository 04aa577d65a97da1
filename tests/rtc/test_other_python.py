"""libdatachannel is there for newer Pythons only: with one of these all tests here run again."""

import os
import subprocess

import pytest

from tests.rtc.environment import HAS_LIBDATACHANNEL, ROOT, newer_python

VENV = ".venv-libdatachannel"
SET_UP_TIMEOUT = 600.0
TIMEOUT = 900.0

pytestmark = [pytest.mark.slow, pytest.mark.libdatachannel, pytest.mark.xdist_group("ports")]

if not HAS_LIBDATACHANNEL:

    @pytest.mark.thorough
    def test_all_of_this_passes_with_libdatachannel() -> None:
        environ = {**os.environ, "PYTHON": newer_python() or "", "VENV": VENV}
        environ.pop("COVERAGE_PROCESS_START", None)
        command = ["sh", "scripts/setup.sh", "dev"]
        done = run(command, environ, SET_UP_TIMEOUT)
        assert done.returncode == 0, done.stdout
        command = [f"{VENV}/bin/python", "-m", "pytest", "-q", "--no-header", "tests/rtc"]
        done = run(command, environ, TIMEOUT)
        assert done.returncode == 0, done.stdout
        assert "group libdatachannel" not in done.stdout, done.stdout  # none was skipped


def run(
    command: list[str], environ: dict[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
