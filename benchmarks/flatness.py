"""Whether what a process holds grows, judged by samples that were taken all the while."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_GROWTH = 0.02
"""Of the memory, from the second quarter of the run to the last. What leaks with each client or
link of an hour would be several times that; what an allocator keeps back varies by half of it."""

MOST_FILES = 4
"""Descriptors that may be more: those of clients come and go. One kept in each minute of an hour
would be thirty."""

FEWEST = 8
"""Samples that can be judged: two in each quarter."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one process held at one moment."""

    at: float
    """Seconds since the run began."""
    memory: int
    """Resident, in bytes."""
    files: int
    """Open file descriptors."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How what a process held in the last quarter compares with the second one, in the median.

    The first quarter is left out: caches fill, and the allocator sees the worst.
    """

    memory: tuple[float, float]
    files: tuple[float, float]

    @property
    def growth(self) -> float:
        """Of the memory, as a share of what it was."""
        return self.memory[1] / self.memory[0] - 1.0

    @property
    def is_flat(self) -> bool:
        """Whether neither memory nor descriptors have grown."""
        return self.growth <= MOST_GROWTH and self.files[1] <= self.files[0] + MOST_FILES


def judge(samples: Sequence[Sample], lasting: float) -> Verdict:
    """Judge the samples of a run of so many seconds.

    Raises ``ValueError`` if there are too few.
    """
    if len(samples) < FEWEST:
        raise ValueError(f"{len(samples)} samples are too few to judge, {FEWEST} are needed")
    quarter = lasting / 4
    second = [each for each in samples if quarter <= each.at < 2 * quarter]
    last = [each for each in samples if each.at >= 3 * quarter]
    return Verdict(
        (median(each.memory for each in second), median(each.memory for each in last)),
        (median(each.files for each in second), median(each.files for each in last)),
    )
