"""Waiting for a condition with a deadline, never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

CONDITION_TIMEOUT = 30.0
PAUSE = 0.05

T = TypeVar("T")


def eventually(what: str, read: Callable[[], T], is_wanted: Callable[[T], bool]) -> T:
    """Read until the value is as wanted; past the deadline, fail with what was read last."""
    deadline = time.monotonic() + CONDITION_TIMEOUT
    while True:
        value = read()
        if is_wanted(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {CONDITION_TIMEOUT:.0f} s: {what}; last: {value!r}")
        time.sleep(PAUSE)
