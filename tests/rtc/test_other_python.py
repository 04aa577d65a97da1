"""libdatachannel is there for newer Pythons only: with one of these all tests here run again."""

import pytest

from tests.rtc.environment import HAS_LIBDATACHANNEL, libdatachannel_python, run

TIMEOUT = 900.0

pytestmark = [pytest.mark.slow, pytest.mark.libdatachannel, pytest.mark.xdist_group("ports")]

if not HAS_LIBDATACHANNEL:

    @pytest.mark.thorough
    def test_all_of_this_passes_with_libdatachannel() -> None:
        tests = [libdatachannel_python(), "-m", "pytest", "-q", "--no-header", "tests/rtc"]
        done = run(tests, TIMEOUT)
        assert done.returncode == 0, done.stdout
        assert "group libdatachannel" not in done.stdout, done.stdout  # none was skipped
