"""Options as texts: from the environment and from command lines (S10)."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

from peerpigeon.core.config.options import Options
from peerpigeon.core.config.quantities import ConfigError, parse_bytes, parse_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

_SWITCHES = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


class Kind(Enum):
    """What the text of an option is."""

    SECONDS = "seconds"
    BYTES = "bytes"
    NUMBER = "number"
    SWITCH = "switch"
    """Yes or no, with a default."""
    CHOICE = "choice"
    """Yes or no, and what is best if neither is said."""
    LIST = "list"
    TEXT = "text"


_KINDS = {
    "Seconds": Kind.SECONDS,
    "Bytes": Kind.BYTES,
    "Bytes | None": Kind.BYTES,
    "int": Kind.NUMBER,
    "int | None": Kind.NUMBER,
    "bool": Kind.SWITCH,
    "bool | None": Kind.CHOICE,
    "tuple[str, ...]": Kind.LIST,
}


@dataclass(frozen=True, slots=True)
class Option:
    """One option, as those who write it see it."""

    name: str
    variable: str
    """The environment variable that sets it."""
    kind: Kind
    default: object


OPTIONS: Mapping[str, Option] = {
    each.name: Option(
        each.name,
        each.metadata.get("variable", each.name.upper()),
        _KINDS.get(str(each.type), Kind.TEXT),
        each.default,
    )
    for each in fields(Options)
}
"""All options by name."""


def parse_option(name: str, text: str) -> Any:  # noqa: ANN401 - each option has its own type
    """Return the value that ``text`` (from the environment or a command line) gives an option.

    Raises ``ConfigError`` if the text is no such value.
    """
    match OPTIONS[name].kind:
        case Kind.SECONDS:
            return parse_seconds(name, text)
        case Kind.BYTES:
            return parse_bytes(name, text)
        case Kind.NUMBER:
            if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
                raise ConfigError(f"{name} is {text!r}; write a whole number")
            return int(text)
        case Kind.SWITCH | Kind.CHOICE:
            return parse_switch(name, text)
        case Kind.LIST:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        case Kind.TEXT:
            return text.strip()
        case unknown:
            assert_never(unknown)


def parse_switch(name: str, text: str) -> bool:
    """Return whether ``text`` says yes. Raises ``ConfigError`` if it says neither yes nor no."""
    if text.strip().lower() not in _SWITCHES:
        raise ConfigError(f"{name} is {text!r}; write true or false")
    return _SWITCHES[text.strip().lower()]


def values_from(environ: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that environment variables give options, then ``overrides`` by name.

    Raises ``ConfigError`` for a text that is no such value.
    """
    texts = {name: environ.get(option.variable, "") for name, option in OPTIONS.items()}
    texts.update(overrides)
    return {name: parse_option(name, text) for name, text in texts.items() if text}
