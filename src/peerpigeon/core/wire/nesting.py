"""How deep JSON may be nested that goes from hub to hub.

A parser that looks at values one inside the other needs stack for it, and how much there is differs
from caller to caller, and from one Python to the next. So the hub of a client refuses what is
nested deeper than the data of any signal is, and another hub that hears such knows it for nonsense.
"""

from __future__ import annotations

import re

DEEPEST = 128
"""Arrays and objects one inside the other. Descriptions and candidates have three."""

DEEPEST_INSIDE = 2 * DEEPEST
"""The same of what hubs tell each other: an introduction has the data of an announce inside it."""

# What is between quotes may have brackets, too.
_MARK = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


def is_shallow(data: bytes, deepest: int = DEEPEST) -> bool:
    """Tell whether it is certain at a glance that nothing in a JSON text is nested too deeply.

    One look at all of it is for each of its parts, too.
    """
    # So brackets are looked for several bytes at a time, and ``count`` looks at each byte.
    most = deepest + 1
    rest = data.replace(b"[", b"", most).replace(b"{", b"", most)
    return len(data) - len(rest) <= deepest


def is_too_deep(data: bytes, deepest: int = DEEPEST) -> bool:
    """Tell whether a JSON value is nested deeper than ``deepest``."""
    if is_shallow(data, deepest):  # as nearly always
        return False
    depth = 0
    for mark in _MARK.finditer(data):
        match mark[0]:
            case b"[" | b"{":
                depth += 1
                if depth > deepest:
                    return True
            case b"]" | b"}":
                depth -= 1
    return False
