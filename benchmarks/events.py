"""What it costs to build one small event, as a dataclass, a NamedTuple and a msgspec struct.

``python -m benchmarks.events`` prints nanoseconds, the best of several rounds: why the core's
events and actions are structs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from timeit import repeat
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7
COUNT = 200_000


@dataclass(frozen=True, slots=True)
class AsDataclass:
    """Two fields."""

    session: int
    text: str


class AsNamedTuple(NamedTuple):
    """Two fields."""

    session: int
    text: str


class AsStruct(msgspec.Struct, frozen=True, gc=False):
    """Two fields, as in ``peerpigeon.core.interface.events``."""

    session: int
    text: str


def nanoseconds(build: Callable[[int, str], object]) -> float:
    """Return the time of one call."""
    best = min(repeat(lambda: build(7, "text"), repeat=ROUNDS, number=COUNT))
    call_alone = min(repeat(lambda: None, repeat=ROUNDS, number=COUNT))
    return (best - call_alone) / COUNT * 1e9


def main() -> None:
    """Print a line for each way."""
    for name, build in (
        ("frozen dataclass with slots", AsDataclass),
        ("NamedTuple", AsNamedTuple),
        ("frozen msgspec Struct", AsStruct),
    ):
        sys.stdout.write(f"{name:<28} {nanoseconds(build):5.0f} ns\n")


if __name__ == "__main__":
    main()
