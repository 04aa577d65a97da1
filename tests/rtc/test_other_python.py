"""libdatachannel is there for newer Pythons only: what is about it runs with one of these."""

import pytest

from tests.rtc.environment import HAS_LIBDATACHANNEL, libdatachannel_python, run

TIMEOUT = 900.0

pytestmark = [pytest.mark.slow, pytest.mark.libdatachannel, pytest.mark.xdist_group("ports")]

if not HAS_LIBDATACHANNEL:

    @pytest.mark.thorough
    def test_all_that_is_about_libdatachannel_passes() -> None:
        tests = [libdatachannel_python(), "-m", "pytest", "-q", "--no-header", "tests/rtc"]
        tests += ["-k", "libdatachannel"]  # what is about other engines has run with this Python
        done = run(tests, TIMEOUT)
        assert done.returncode == 0, done.stdout
        assert "group libdatachannel" not in done.stdout, done.stdout  # none was skipped
