"""Variables of the environment that look like ours and are not read."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from peerpigeon.core.config import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SIMILARITY = 0.9
"""Two names of ten letters that differ in one. An environment is full of names of others, so that
less would warn of them: HOSTNAME, PORTS."""


def misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """Say of each variable that is not read and nearly has the name of one that is."""
    for name in sorted(environ.keys() - VARIABLES.keys()):
        near = difflib.get_close_matches(name.upper(), VARIABLES, 1, SIMILARITY)
        # Short names in small letters are everybody's: host, port.
        if near and (len(name) > len("HOST") or name.isupper()):
            yield f"the variable {name} is not read; did you mean {near[0]}?"
