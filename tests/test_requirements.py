"""``docs/requirements.md``: each promise has tests, and each number that is cited has a promise."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "requirements.md"

NUMBER = re.compile(r"\bS(\d{1,2})\b")
RANGE = re.compile(r"\bS(\d{1,2}) to S(\d{1,2})\b")
IN_NAME = re.compile(r"_s(\d{1,2})(?=_|\b)")
ROW = re.compile(r"^\| S(\d+) \| (?P<promise>[^|]+) \| (?P<tests>[^|]*) \|$", re.MULTILINE)


def test_each_promise_has_one_row() -> None:
    numbers = [int(row[1]) for row in ROW.finditer(PAGE.read_text())]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= max(cited_anywhere())


def test_each_number_that_is_cited_has_a_row() -> None:
    unknown = {n: sorted(places) for n, places in cited_anywhere().items() if n not in rows()}
    assert not unknown


def test_each_row_names_tests_and_all_of_them_exist() -> None:
    without = [number for number, tests in rows().items() if not tests]
    assert not without
    missing = {
        f"S{number} {test}"
        for number, tests in rows().items()
        for test in tests
        if not exists(test)
    }
    assert not missing


def test_a_test_that_cites_a_number_stands_in_its_row() -> None:
    absent = {
        f"S{number} {citing}"
        for number, tests in citations().items()
        for citing in tests
        if not _is_named(citing, rows().get(number, ()))
    }
    assert not absent


def rows() -> dict[int, tuple[str, ...]]:
    """The tests that each row of the page names: ``path::function``, or ``path`` for all of it."""
    return {
        int(row[1]): tuple(re.findall(r"`([^`]+)`", row["tests"]))
        for row in ROW.finditer(PAGE.read_text())
    }


def exists(test: str) -> bool:
    """Whether a file has a test, or any test if no function or class is named."""
    name, _, function = test.partition("::")
    path = ROOT / name
    if not path.is_file():
        return False
    names = _names(path)
    return function in names if function else any(name.startswith("test_") for name in names)


def citations() -> dict[int, set[str]]:
    """Which tests cite a number in name or docstring, and which modules in their docstring."""
    found = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if path == Path(__file__) or "node_modules" in path.parts:
            continue
        text = path.read_text()
        if not (NUMBER.search(text) or IN_NAME.search(text)):
            continue  # to parse them all takes a second
        tree = ast.parse(text)
        place = path.relative_to(ROOT).as_posix()
        for number in _numbers(ast.get_docstring(tree) or ""):
            found[number].add(place)
        for test in _definitions(tree):
            in_name = {int(number) for number in IN_NAME.findall(test.name)}
            for number in in_name | _numbers(ast.get_docstring(test) or ""):
                found[number].add(f"{place}::{test.name}")
    return found


@cache
def cited_anywhere() -> dict[int, set[str]]:
    """The files that cite each number, the page itself left out."""
    found = defaultdict(set)
    folders = (("src", "*.py"), ("tests", "*.py"), ("docs", "*.md"))
    nested = chain.from_iterable((ROOT / folder).rglob(pattern) for folder, pattern in folders)
    for path in chain(nested, ROOT.glob("*.md")):
        if path in (PAGE, Path(__file__)) or "node_modules" in path.parts:
            continue
        for number in _numbers(path.read_text()):
            found[number].add(path.relative_to(ROOT).as_posix())
    return found


@cache
def _names(path: Path) -> frozenset[str]:
    return frozenset(found.name for found in _definitions(ast.parse(path.read_text())))


def _numbers(text: str) -> set[int]:
    ranges = ((int(first), int(last)) for first, last in RANGE.findall(text))
    between = {number for first, last in ranges for number in range(first, last + 1)}
    return between | {int(number) for number in NUMBER.findall(text)}


def _is_named(citing: str, tests: tuple[str, ...]) -> bool:
    path, _, function = citing.partition("::")
    if not function:
        return any(test.partition("::")[0] == path for test in tests)
    return citing in tests or path in tests


def _definitions(
    tree: ast.Module,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes at the top of a module."""
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node
