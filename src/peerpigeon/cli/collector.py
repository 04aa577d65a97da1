"""Keeps the garbage collector from what stays as long as the process."""

from __future__ import annotations

import gc


def rest_while_loading() -> None:
    """Have the collector look at nothing until ``spare_what_stays``.

    What modules make as they are loaded stays, and to look through it again and again takes a
    twelfth of the CPU of a start.
    """
    gc.disable()


def spare_what_stays() -> None:
    """Have the collector never look again at what there is by now: modules, above all.

    That is most of what it would go through while a hub has few clients, 45 of 70 ms with 4,000,
    in which nobody is heard. Nothing that comes later is spared: an engine leaves circles behind.
    """
    gc.freeze()
    gc.enable()
