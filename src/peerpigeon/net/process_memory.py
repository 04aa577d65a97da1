"""How much memory this process takes."""

from __future__ import annotations

import sys
from pathlib import Path


def process_memory() -> dict[str, int]:
    """Return this process's resident memory in bytes, on systems that report it."""
    if sys.platform == "win32":
        return {}
    import resource  # noqa: PLC0415 - there is none on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    memory = {"peakRss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    statm = Path("/proc/self/statm")
    if statm.exists():
        memory["rss"] = int(statm.read_text().split()[1]) * resource.getpagesize()
        # The kernel updates the peak less often.
        memory["peakRss"] = max(memory.values())
    return memory
