"""Variables of the environment that look like ours and are not read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from peerpigeon.core.config import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIMILARITY = 0.9
"""Two names of ten letters that differ in one. An environment is full of names of others, so that
less would warn of them: HOSTNAME, PORTS."""


def misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """Say of each variable that is not read and nearly has the name of one that is."""
    letters = {known: Counter(known) for known in VARIABLES}
    for name in sorted(environ.keys() - VARIABLES.keys()):
        own = Counter(name.upper())
        similar = [known for known, its in letters.items() if _similarity(own, its) >= SIMILARITY]
        near = _nearest(name.upper(), similar) if similar else []
        # Short names in small letters are everybody's: host, port.
        if near and (len(name) > len("HOST") or name.isupper()):
            yield f"the variable {name} is not read; did you mean {near[0]}?"


def _similarity(one: Counter[str], other: Counter[str]) -> float:
    """Return what two texts of these letters have in common at most, from 0 to 1."""
    sizes = one.total(), other.total()
    most = 2 * min(sizes) / sum(sizes)
    # Most differ too much by their lengths already, and the letters take ten times as long.
    return most if most < SIMILARITY else 2 * (one & other).total() / sum(sizes)


def _nearest(name: str, names: list[str]) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - most environments need it not

    return get_close_matches(name, names, 1, SIMILARITY)
