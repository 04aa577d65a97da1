"""The fragments of ``changes/`` are such that the next release's changelog has all of them."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRAGMENTS = [path for path in (ROOT / "changes").iterdir() if path.name != "README.md"]


def test_each_fragment_is_named_after_an_issue_or_a_word_and_a_section_of_the_changelog() -> None:
    named = re.compile(rf"(?:\d+|\+[a-z0-9-]+)\.(?:{'|'.join(sections())})\.md")
    assert [path.name for path in FRAGMENTS if not named.fullmatch(path.name)] == []


def test_each_fragment_is_one_line_of_whole_sentences() -> None:
    one_line = re.compile(r"\S.*\.\n")
    assert [path.name for path in FRAGMENTS if not one_line.fullmatch(path.read_text())] == []


def sections() -> list[str]:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [section["directory"] for section in content["tool"]["towncrier"]["type"]]
