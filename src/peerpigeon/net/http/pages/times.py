"""How pages write a time."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(wall_time: float) -> str:
    """Return a time, seconds since 1970, as ISO 8601 has it, in UTC with milliseconds."""
    moment = datetime.fromtimestamp(wall_time, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
