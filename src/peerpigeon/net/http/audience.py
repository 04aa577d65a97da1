"""Who may see a page."""

from __future__ import annotations

from enum import IntEnum


class Audience(IntEnum):
    """Those who ask, and those for whom a page is: whoever is one sees all that smaller ones see.

    ``insiders.py`` decides who is one of the insiders. Whoever reaches the admin port is ``ADMIN``;
    nobody else is.
    """

    EVERYBODY = 0
    INSIDERS = 1
    LOCAL = 2
    """Whoever asks on the server's own machine, unless nobody is told anything."""
    ADMIN = 3
