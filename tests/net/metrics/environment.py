"""What this machine has of Prometheus, and how to get the rest."""

import shutil


def lacking(_: str) -> str | None:
    """Say in one line why tests with Prometheus cannot run here, or None if they can."""
    for program in ("promtool", "prometheus"):
        if shutil.which(program) is None:
            return f"no {program} found (install the package prometheus)"
    return None
