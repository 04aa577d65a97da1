"""``docs/operating.md`` has each line that the log can have, and each is shown by a test."""

from __future__ import annotations

import ast
from pathlib import Path

import peerpigeon
from tests.docs.pages import code_in, tables

SOURCE = Path(peerpigeon.__file__).parent
TESTS = Path(__file__).parent.parent
SUBJECTS = (
    "a client ",
    "a hub ",
    "a request ",
    "a page ",
    "a message ",
    "a connection ",
    "a host ",
)


def described() -> list[str]:
    [rows] = [rows for rows in tables("docs/operating.md") if rows[0][0] == "the line begins with"]
    return [code_in(row[0])[0] for row in rows[1:]]


def texts(folder: Path) -> set[str]:
    """Return all texts in the programs of a folder; of those with values in them the beginnings."""
    found: set[str] = set()
    for path in folder.rglob("*.py"):
        if "node_modules" in path.parts:  # packages of npm have programs, too
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                node = node.values[0]  # noqa: PLW2901
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_each_line_of_the_table_is_in_the_program() -> None:
    known = texts(SOURCE)
    assert [line for line in described() if not any(each.startswith(line) for each in known)] == []


def test_each_line_of_the_program_is_in_the_table() -> None:
    ours = {each for each in texts(SOURCE) if each.startswith(SUBJECTS) and ("; " in each)}
    lines = tuple(described())
    assert [each for each in ours if not each.startswith(lines)] == []


def test_each_line_of_the_table_is_shown_by_a_test() -> None:
    shown = {each for each in texts(TESTS) if len(each) > len("a client was closed")}
    assert [
        line
        for line in described()
        if not any(each.startswith(line) or line.startswith(each) for each in shown)
    ] == []
