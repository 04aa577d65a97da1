"""A stream whose writes never wait: what its reader gets, early, late and never."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from peerpigeon.observe.background_writer import BackgroundWriter
from peerpigeon.observe.log_lines import LogFormat, loss_line
from tests.net.client import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    not hasattr(fcntl, "F_SETPIPE_SZ"), reason="no pipe of a known size"
)

FULL = Path("/dev/full")
PIPE_SIZE = 4096


def told(lost: int) -> str:
    return f"{lost} missing\n"


class Pipe:
    """A pipe with a writer at its one end, and a reader at the other that is slow to begin."""

    def __init__(self, limit: int) -> None:
        self.reader, self.end = os.pipe()
        self.errors: list[OSError] = []
        self.writer = BackgroundWriter(self.end, told, failed=self.errors.append, limit=limit)

    def fill(self) -> None:
        """Let it take no more."""
        fcntl.fcntl(self.end, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        os.write(self.end, b"." * PIPE_SIZE)

    def read(self, last: str) -> list[str]:
        """Return the lines up to the one that is ``last``."""
        text = ""
        deadline = time.monotonic() + DEADLINE
        while not text.endswith(f"{last}\n"):
            assert time.monotonic() < deadline
            text += os.read(self.reader, 65536).decode()
        return text.lstrip(".").splitlines()


@contextmanager
def pipe(limit: int = 1000) -> Iterator[Pipe]:
    made = Pipe(limit)
    yield made
    os.set_blocking(made.end, False)  # what still waits to be written is given up
    made.writer.finish()
    for each in (made.reader, made.end):
        os.close(each)


def test_lines_come_whole_and_in_order() -> None:
    with pipe() as one:
        for part in ("a", "b\n", "c\nd", "e\nf"):
            one.writer.write(part)
        one.writer.flush()
        one.writer.write("g\n")
        assert one.read("fg") == ["ab", "c", "de", "fg"]


def test_print_and_logging_write_to_it() -> None:
    with pipe() as one:
        print("printed", 1, file=one.writer)
        handler = logging.StreamHandler(one.writer)
        handler.handle(logging.makeLogRecord({"msg": "logged"}))
        assert one.read("logged") == ["printed 1", "logged"]


def test_text_that_cannot_be_encoded_is_written_all_the_same() -> None:
    with pipe() as one:
        one.writer.write("a\udc80é\n")
        assert one.read("é") == ["a\\udc80é"]


def test_what_a_reader_was_too_late_for_is_counted_where_it_is_missing() -> None:
    with pipe(limit=40) as one:
        one.fill()
        for number in range(10, 30):
            one.writer.write(f"line {number}\n")  # 8 bytes
        lines = one.read("15 missing")
        assert lines == [f"line {number}" for number in range(10, 15)] + ["15 missing"]
        one.writer.write("later\n")
        assert one.read("later") == ["later"]


def test_lines_that_fit_again_come_behind_the_count_of_those_that_did_not() -> None:
    with pipe(limit=64) as one:
        one.fill()
        for size in (20, 30, 40, 1):
            one.writer.write("x" * (size - 1) + "\n")
        assert one.read("1 missing\n") == ["x" * 19, "x" * 29, "1 missing", ""]


def test_a_writer_that_finishes_waits_for_a_reader_only_so_long() -> None:
    with pipe() as one:
        one.fill()
        one.writer.write("last\n")
        began = time.monotonic()
        one.writer.finish(timeout=0.05)
        assert time.monotonic() - began < DEADLINE
        one.writer.write("too late\n")
        assert one.read("1 missing")[0] == "last"


def test_what_was_taken_before_the_end_is_written_before_it() -> None:
    with pipe() as one:
        one.writer.write("a\nb")
        one.writer.finish()
        assert os.read(one.reader, 100) == b"a\nb"


def test_a_pipe_that_somebody_made_non_blocking_loses_nothing() -> None:
    with pipe() as one:
        one.fill()
        os.set_blocking(one.end, False)
        one.writer.write("whole\n")
        assert one.read("whole") == ["whole"]


def test_a_reader_that_is_gone_is_told_of_and_costs_nothing() -> None:
    with pipe() as one:
        os.close(one.reader)
        one.reader = os.open(os.devnull, os.O_RDONLY)
        for number in range(3):
            one.writer.write("nobody\n")
            until_errors(one, number + 1)
        one.writer.finish()
        assert [type(each) for each in one.errors] == [BrokenPipeError] * 3


def until_errors(one: Pipe, count: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while len(one.errors) < count:
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_what_a_full_disk_did_not_take_is_counted_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "log"
    errors: list[OSError] = []
    descriptor = os.open(FULL, os.O_WRONLY)
    writer = BackgroundWriter(descriptor, told, failed=errors.append)
    try:
        writer.write("no room\n")
        deadline = time.monotonic() + DEADLINE
        while not errors:
            assert time.monotonic() < deadline
            threading.Event().wait(0.001)
        with path.open("w") as room:
            os.dup2(room.fileno(), descriptor)
        writer.write("room\n")
        writer.finish()
    finally:
        os.close(descriptor)
    assert path.read_text() == "1 missing\nroom\n"


@pytest.mark.parametrize(
    ("style", "pattern"),
    [
        (
            "human",
            r"[0-9]{4}-\d\d-\d\d \d\d:\d\d:\d\d warning - 3 lines of this log are missing here.*\n",
        ),
        ("json", r'\{"time": ".*", "level": "warning", "hub": null, .*"message": "3 lines .*\}\n'),
    ],
)
def test_a_log_says_in_its_own_format_what_is_missing(style: LogFormat, pattern: str) -> None:
    assert re.fullmatch(pattern, loss_line(style, 3))
