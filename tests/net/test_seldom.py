"""Lines of what strangers can cause: few, none of them hidden by another reason, none forged."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from peerpigeon.core.interface.notices import Warned
from peerpigeon.net.seldom import INTERVAL, LONGEST, MOST_KINDS, SeldomWarnings, generic

if TYPE_CHECKING:
    import pytest

NAME = "peerpigeon.net.seldom"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def test_what_happens_often_is_told_once_a_minute_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, told = Clock(), list[Warned]()
    seldom = SeldomWarnings(clock, told.append)
    for clock.now in (100.0, 101.0, 100.0 + INTERVAL - 0.1, 100.0 + INTERVAL, 500.0):
        seldom.add("it is full; make room", f"192.0.2.{clock.now:.0f}")
    assert warnings(caplog) == [
        "it is full; make room  address=192.0.2.100",
        "it is full; make room  address=192.0.2.160 more=2",
        "it is full; make room  address=192.0.2.500",
    ]
    assert [each.address for each in told] == ["192.0.2.100", "192.0.2.160", "192.0.2.500"]


def test_another_reason_is_never_hidden(caplog: pytest.LogCaptureFixture) -> None:
    seldom = SeldomWarnings(Clock())
    for reason in ("'a' is closed here", "'b' is closed here", "not valid JSON: byte 3"):
        seldom.add("refused", kind=generic(reason), reason=reason)
    assert warnings(caplog) == [
        "refused  reason=\"'a' is closed here\"",
        'refused  reason="not valid JSON: byte 3"',
    ]


def test_with_debug_each_is_written(caplog: pytest.LogCaptureFixture) -> None:
    seldom = SeldomWarnings(Clock())
    with caplog.at_level(logging.DEBUG, NAME):
        for number in range(3):
            seldom.add("refused", f"192.0.2.{number}")
    assert [record.levelname for record in caplog.records] == ["WARNING", "DEBUG", "DEBUG"]
    assert "address=192.0.2.2" in caplog.text


def test_a_stranger_can_make_neither_many_kinds_nor_long_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    seldom = SeldomWarnings(clock)
    for number in range(10 * MOST_KINDS):
        seldom.add("refused", kind=f"kind {number}", reason="x\n" * 1000)
    lines = warnings(caplog)
    assert len(lines) == MOST_KINDS + 1
    assert lines[-1].startswith("more has been refused than is told of one by one")
    assert all("\n" not in line and len(line) < 3 * LONGEST for line in lines)
    clock.now += INTERVAL
    seldom.add("of another kind")
    assert warnings(caplog)[-1] == "of another kind"
