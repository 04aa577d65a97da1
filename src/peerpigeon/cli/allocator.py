"""Has memory that was taken for large messages go back to the system."""

from __future__ import annotations

import ctypes

LARGE = 128 * 1024
"""Bytes from which on memory is taken from the system for itself, and given back when it is free:
what the C library begins with."""

_M_MMAP_THRESHOLD = -3  # of malloc.h


def give_back_large_memory() -> bool:
    """Keep the C library from holding back what is free; ``False`` where it is not glibc.

    It raises its threshold with what is freed, up to 32 MiB. Messages of a megabyte then lie side
    by side with what stays, and their room is lost: 700 that were begun and dropped left 120 MB.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE))
