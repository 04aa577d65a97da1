"""How deep JSON may be nested that goes from hub to hub.

A parser that looks at values one inside the other needs stack for it, and how much there is differs
from caller to caller. So the hub of a client refuses what is nested deeper than the data of any
signal is, and another hub that cannot look so deep knows that it was told nonsense.
"""

from __future__ import annotations

import re

DEEPEST = 128
"""Arrays and objects one inside the other. Descriptions and candidates have three."""

# What is between quotes may have brackets, too.
_MARK = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


def is_too_deep(data: bytes) -> bool:
    """Tell whether a JSON value is nested deeper than ``DEEPEST``."""
    if data.count(b"[") + data.count(b"{") <= DEEPEST:  # as nearly always
        return False
    depth = 0
    for mark in _MARK.finditer(data):
        match mark[0]:
            case b"[" | b"{":
                depth += 1
                if depth > DEEPEST:
                    return True
            case b"]" | b"}":
                depth -= 1
    return False
