"""The options of the commands that run a server, which are none of the server itself."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Output:
    """Operation."""

    log_format: str = field(default="human", metadata={"choices": ("human", "json")})
    """How log lines are written to standard error: human or json."""

    events: bool = False
    """Write each event as a line of JSON to standard output."""


@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Processes:
    """Operation."""

    workers: str = "1"
    """How many processes `peerpigeon hub` serves with, each on a core of its own: a number, or
    auto for as many as there are cores."""


OF_COMMANDS = (Output, Processes)
