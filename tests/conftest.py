"""Groups of tests that need more than Python, and what becomes of them where it is lacking."""

import os
from collections.abc import Callable, Generator
from typing import NoReturn

import pytest

from tests.cli import shells
from tests.deploy import proxies
from tests.deploy import tools as deploy
from tests.e2e import environment as e2e
from tests.mesh import hosts
from tests.net.metrics import environment as metrics
from tests.rtc import environment as rtc

GROUPS: dict[str, Callable[[str], str | None]] = {
    "browser": e2e.lacking,
    "node": e2e.lacking,
    "libdatachannel": rtc.lacking,
    "namespace": rtc.lacking,
    "turn": rtc.lacking,
    "dns": hosts.lacking,
    "proxy": proxies.lacking,
    "hosts": hosts.lacking,
    "shells": shells.lacking,
    "prometheus": metrics.lacking,
    "deploytools": deploy.lacking,
    "containers": deploy.lacking,
}
IS_STRICT = os.environ.get("STRICT", "") not in ("", "0")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for group, lacking in GROUPS.items():
        if item.get_closest_marker(group):
            reason = lacking(group)
            if reason:
                skip_group(group, reason)


def skip_group(group: str, reason: str) -> NoReturn:
    """Skip here and nowhere else: pytest's summary has one line for each place and reason."""
    pytest.skip(f"group {group}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # An expected failure is reported as skipped too, but has run.
    if not hasattr(report, "wasxfail"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IS_STRICT and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped with STRICT=1, but this was: {reason}"
