"""How much memory this process may take, as the machine and its container have it."""

from __future__ import annotations

import os
from pathlib import Path

from peerpigeon.core.config.quantities import MIB
from peerpigeon.core.memory import MOST_BY_ITSELF

LEAST_BY_ITSELF = 128 * MIB
"""Bytes that may be kept for others, where the options do not say how many, at least: on a machine
that has less than four times as much it is better said how many."""

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def default_limit() -> int:
    """Return how many bytes may be kept for others where the options do not say how many.

    It is a quarter of the memory of the machine, or of the container if that has less.
    """
    return min(max(_installed() // 4, LEAST_BY_ITSELF), MOST_BY_ITSELF)


def _installed() -> int:
    """Return the bytes that this process and others may take together."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # as on Windows
        machine = 4 * MOST_BY_ITSELF
    return min([machine, *_container_limits(_OWN_CGROUPS, _CGROUPS)])


def _container_limits(own: Path, cgroups: Path) -> list[int]:
    """Return the limits of the control groups of this process, version 1 or 2, if there are any."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top = cgroups / "memory" if controllers else cgroups
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        # In a container the path may be that outside of it: then only the top is there.
        group = top / path.lstrip("/")
        for each in (group, *group.parents):
            limits += _number_in(each / name)
            if each == top:
                break
    return limits


def _number_in(file: Path) -> list[int]:
    try:
        return [int(file.read_text())]
    except (OSError, ValueError):  # ``max`` is no limit
        return []
