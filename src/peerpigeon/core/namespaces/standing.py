"""Whether a client of another hub may speak under its id, as far as this hub knows."""

from __future__ import annotations

from enum import Enum


class Standing(Enum):
    """What is known of the registration that a signal comes from."""

    CURRENT = "the one that has the id"
    UNKNOWN = "none is known that has the id"
    CONTESTED = "another one is known that has the id, or may have it by now"
    OVER = "it is over"
