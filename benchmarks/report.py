"""Figures as text for people, and as JSON for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.figures import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figure

COLUMNS = {"ours": "ours", "reference": "reference", "floor": "C relay", "loop": "bare loop"}


def as_text(machine: dict[str, str], figures: Sequence[Figure], rounds: int) -> str:
    """Return the whole report, its tables in Markdown."""
    parts = [
        "\n".join(f"{name:20}{value}" for name, value in machine.items()),
        f"Medians of {rounds} alternating rounds; in brackets the least and the most ratio.",
        _table([figure for figure in figures if not figure.row.is_check]),
        "To judge them by:",
        _table([figure for figure in figures if figure.row.is_check]),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(
    machine: dict[str, str], figures: Sequence[Figure], settings: dict[str, Any]
) -> dict[str, Any]:
    """Return all of it, each round's values too."""
    rows = [figure.as_json() for figure in figures]
    return {"machine": machine, "settings": settings, "figures": rows}


def _table(figures: Sequence[Figure]) -> str:
    names = [name for name in COLUMNS if any(name in figure.samples for figure in figures)]
    head = ["figure", "unit", *(COLUMNS[name] for name in names), "ratio", "asked", "met"]
    lines = [head, ["---"] * len(head), *(_cells(figure, names) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)


def _cells(figure: Figure, names: Sequence[str]) -> list[str]:
    values = [figure.value(name) for name in names]
    ratio, ratios = figure.ratio, figure.ratios
    return [
        figure.row.title,
        figure.row.unit,
        *("-" if value is None else number(value) for value in values),
        "" if ratio is None else f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
        str(figure.row.asked or ""),
        {True: "yes", False: "NO", None: ""}[figure.is_met],
    ]
