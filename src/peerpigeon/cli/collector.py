"""Keeps the garbage collector from what stays as long as the process."""

from __future__ import annotations

import gc


def spare_what_stays() -> None:
    """Have the collector never look again at what there is by now: modules, above all.

    That is most of what it would go through while a hub has few clients, 45 of 70 ms with 4,000,
    in which nobody is heard. Nothing that comes later is spared: an engine leaves circles behind.
    """
    gc.freeze()
