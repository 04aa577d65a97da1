"""libdatachannel is there for newer Pythons only: with one of these all tests here run again."""

import os
import subprocess

import pytest

from tests.rtc.environment import HAS_LIBDATACHANNEL, ROOT, libdatachannel_python

TIMEOUT = 900.0

pytestmark = [pytest.mark.slow, pytest.mark.libdatachannel, pytest.mark.xdist_group("ports")]

if not HAS_LIBDATACHANNEL:

    @pytest.mark.thorough
    def test_all_of_this_passes_with_libdatachannel() -> None:
        environ = {**os.environ}
        environ.pop("COVERAGE_PROCESS_START", None)
        done = subprocess.run(
            [libdatachannel_python(), "-m", "pytest", "-q", "--no-header", "tests/rtc"],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "group libdatachannel" not in done.stdout, done.stdout  # none was skipped
