"""A history as a file, and what is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.checker import check
from chaos.history import History, Opened, read
from chaos.report import details, summary

from tests.chaos.stories import Story

if TYPE_CHECKING:
    from pathlib import Path


def test_a_history_that_is_written_can_be_judged_again(tmp_path: Path) -> None:
    story = Story().sent(30.0, 1).heard(30.1, 1).heard(30.2, 1)
    history = History()
    history.records = story.records
    history.write(tmp_path / "history.jsonl")
    again = read(tmp_path / "history.jsonl")
    assert again == story.records
    assert check(again) == check(story.records)


def test_sockets_and_signals_are_numbered() -> None:
    history = History()
    assert [history.new_socket(), history.new_socket(), history.new_serial()] == [1, 2, 1]


def test_a_finding_is_told_with_what_was_around_it() -> None:
    records = Story().sent(30.0, 1).heard(30.1, 1).heard(30.2, 1).records
    found = check(records)
    assert "BROKEN delivered once: 1" in summary(1, records, found)
    told = "\n".join(details(records, found))
    assert told.count("Heard(") == 2
    assert "Sent(" in told
    assert not any(isinstance(record, Opened) and str(record) in told for record in records)


def test_a_run_in_which_all_holds_says_so() -> None:
    records = Story().sent(30.0, 1).heard(30.1, 1).records
    assert summary(1, records, check(records)).endswith("all holds")
