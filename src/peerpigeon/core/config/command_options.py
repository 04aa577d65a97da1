"""The options of the commands that run a server, which are none of the server itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Output:
    """Operation."""

    log_format: str = field(default="human", metadata={"choices": ("human", "json")})
    """How log lines are written to standard error: human or json."""

    events: bool = False
    """Write each event as a line of JSON to standard output."""


OF_COMMANDS = (Output,)
