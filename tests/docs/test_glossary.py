"""The glossary has each word once, and each word is at home where the glossary says."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import NamedTuple

from tests.docs.pages import ROOT, code_in, tables

PACKAGE = ROOT / "src" / "peerpigeon"


class Entry(NamedTuple):
    """One row: the words as they stand there, and the modules or folders of its last column."""

    words: list[str]
    homes: list[str]


def entries() -> list[Entry]:
    return [
        Entry(words.split(", "), code_in(homes))
        for titles, *rows in tables("docs/glossary.md")
        if titles == ["word", "meaning", "not", "where"]
        for words, _, _, homes in rows
    ]


def test_each_word_has_one_meaning() -> None:
    counts = Counter(word for entry in entries() for word in entry.words)
    assert len(counts) > 50
    assert [word for word, count in counts.items() if count > 1] == []


def test_each_word_is_used_in_the_modules_where_it_is_at_home() -> None:
    strangers = {
        f"{word}: {entry.homes}"
        for entry in entries()
        for word in entry.words
        if not any(_uses(_text(home), word) for home in entry.homes)
    }
    assert strangers == set()


@cache
def _text(home: str) -> str:
    """The paths and texts of a module, or of all modules in a folder."""
    [place] = [root / home for root in (PACKAGE / "core", PACKAGE) if (root / home).exists()]
    modules = [place] if place.is_file() else sorted(place.rglob("*.py"))
    return "\n".join(
        f"{module.relative_to(PACKAGE)}\n{module.read_text(encoding='utf-8')}" for module in modules
    )


def _uses(text: str, word: str) -> bool:
    """Whether a text has a word, also as a name: ``back_off`` and ``BackOff`` for "back-off".

    What stands in brackets behind a word tells two meanings apart and is left out.
    """
    bare = re.sub(r" ?\(.*\)", "", word)
    return re.search(re.sub(r"[ -]", "[ _-]?", bare), text, re.IGNORECASE) is not None
