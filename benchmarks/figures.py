"""What is measured, what was asked for, and how rounds become one figure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Better = Literal["more", "less"]
Sample = dict[str, float]
"""One play: the value of each of its rows, by their keys."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A bound for our own value, or for its ratio to the reference's."""

    of: Literal["ours", "ratio"]
    at: Literal["least", "most"]
    bound: float

    def is_met(self, value: float) -> bool:
        """Tell whether a value keeps it."""
        return value >= self.bound if self.at == "least" else value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at == "least" else "≤"
        return f"{sign} {number(self.bound)}{'x' if self.of == 'ratio' else ''}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the report."""

    key: str
    title: str
    unit: str
    asked: Asked | None = None
    is_check: bool = False
    """Whether it is there to judge the others by."""


class Bench(Protocol):
    """Something to be played by several contenders in turn."""

    name: str

    @property
    def contenders(self) -> Sequence[str]:
        """Who plays."""

    def rows(self) -> list[Row]:
        """Return what a play yields."""

    def play(self, contender: str) -> Sample:
        """Measure one contender once."""


@dataclass
class Figure:
    """A row with all that was measured for it."""

    row: Row
    samples: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def value(self, contender: str) -> float | None:
        """Return the median of a contender's rounds."""
        values = self.samples.get(contender)
        return median(values) if values else None

    @property
    def ratios(self) -> list[float]:
        """Ours to the reference's, round by round: both had about the same weather."""
        pairs = zip(self.samples.get("ours", ()), self.samples.get("reference", ()), strict=False)
        return [ours / reference for ours, reference in pairs if reference]

    @property
    def ratio(self) -> float | None:
        """The median of the rounds' ratios."""
        return median(self.ratios) if self.ratios else None

    @property
    def is_met(self) -> bool | None:
        """Whether it is as asked; ``None`` if nothing was asked, or could be told."""
        if self.row.asked is None:
            return None
        value = self.ratio if self.row.asked.of == "ratio" else self.value("ours")
        return None if value is None else self.row.asked.is_met(value)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "key": self.row.key,
            "title": self.row.title,
            "unit": self.row.unit,
            "isCheck": self.row.is_check,
            "medians": {name: self.value(name) for name in self.samples},
            "samples": dict(self.samples),
            "ratio": self.ratio,
            "ratios": self.ratios,
            "asked": str(self.row.asked) if self.row.asked else None,
            "isMet": self.is_met,
        }


def measure(bench: Bench, rounds: int, tell: Callable[[str], None]) -> list[Figure]:
    """Have all contenders play in turn, so many rounds, each round in another order."""
    figures = {row.key: Figure(row) for row in bench.rows()}
    order = list(bench.contenders)
    for each in range(rounds):
        for contender in order:
            tell(f"{bench.name}: round {each + 1} of {rounds}, {contender}")
            for key, value in bench.play(contender).items():
                figures[key].samples[contender].append(value)
        order.reverse()
    return list(figures.values())


def number(value: float) -> str:
    """Write a figure with three digits or so, as far as it deserves them."""
    for least, digits in ((100, 0), (10, 1)):
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if value else "0"
