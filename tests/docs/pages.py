"""What the pages of the documentation contain: programs, what they print, and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_PROGRAM = re.compile(r"```python\n(.*?)```(?:\s*prints\s*```\n(.*?)```)?", re.DOTALL)


@dataclass(frozen=True)
class Program:
    """One block of Python in a page."""

    page: str
    source: str
    prints: str
    """What the page says that it prints; empty if it says nothing."""


def programs(page: str) -> list[Program]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Program(page, source, prints) for source, prints in _PROGRAM.findall(text)]


def tables(page: str) -> list[list[list[str]]]:
    """Return the tables of a page: rows of cells, the row of titles first."""
    found: list[list[list[str]]] = [[]]
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            found.append([])
        elif not line.startswith("|---"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
    return [table for table in found if table]


def code_in(cell: str) -> list[str]:
    """Return what a cell has between backticks."""
    return re.findall(r"`([^`]+)`", cell)
