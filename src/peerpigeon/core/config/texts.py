"""Options as texts: from the environment and from command lines (S10)."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

import msgspec

from peerpigeon.core.config.options import GROUPS, OF_HUBS
from peerpigeon.core.config.quantities import (
    BYTES_OF,
    SECONDS_OF,
    ConfigError,
    parse_bytes,
    parse_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class Option(msgspec.Struct, frozen=True):
    """One option, as those who write it see it."""

    name: str
    variable: str
    """The environment variable that sets it."""
    kind: Kind
    default: object
    group: type
    """The class that declares it; its docstring is the title of the group."""
    is_secret: bool = False
    unset: str = ""
    """What holds where nothing is said, if the default does not say it."""
    choices: tuple[str, ...] = ()
    secret_mark: str = ""
    """What a text of a secret option has in it if there is anything secret in it."""

    def has_secret(self, text: str) -> bool:
        """Tell whether a text is nothing that others may read."""
        return self.is_secret and self.secret_mark in text

    @property
    def is_of_hubs(self) -> bool:
        """Whether nobody but hubs has any use for it."""
        return self.group in OF_HUBS

    def parse(self, text: str) -> Any:  # noqa: ANN401 - each option has its own type
        """Return the value that a text gives it. Raises ``ConfigError`` if it is no such value."""
        match self.kind:
            case Kind.SECONDS:
                return parse_seconds(self.name, text)
            case Kind.BYTES:
                return parse_bytes(self.name, text)
            case Kind.NUMBER:
                if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
                    raise ConfigError(f"{self.name} is {text!r}; write a whole number")
                return int(text)
            case Kind.SWITCH | Kind.CHOICE:
                return parse_switch(self.name, text)
            case Kind.LIST:
                return tuple(part.strip() for part in text.split(",") if part.strip())
            case Kind.TEXT:
                return text.strip()
            case unknown:
                assert_never(unknown)


def options_in(groups: Iterable[type]) -> dict[str, Option]:
    """Return the options that dataclasses declare, by name."""
    return {
        each.name: Option(
            each.name,
            each.metadata.get("variable", each.name.upper()),
            _KINDS.get(str(each.type), Kind.TEXT),
            None if each.default is MISSING else each.default,
            group,
            is_secret=not each.repr,
            unset=each.metadata.get("unset", ""),
            choices=each.metadata.get("choices", ()),
            secret_mark=each.metadata.get("secret_mark", ""),
        )
        for group in groups
        for each in fields(group)
    }


OPTIONS: Mapping[str, Option] = options_in(GROUPS)
"""All options of a server or hub by name."""


def parse_option(name: str, text: str) -> Any:  # noqa: ANN401 - each option has its own type
    """Return the value that ``text`` (from the environment or a command line) gives an option.

    Raises ``ConfigError`` if the text is no such value.
    """
    return OPTIONS[name].parse(text)


def parse_switch(name: str, text: str) -> bool:
    """Return whether ``text`` says yes. Raises ``ConfigError`` if it says neither yes nor no."""
    if text.strip().lower() not in _SWITCHES:
        raise ConfigError(f"{name} is {text!r}; write true or false")
    return _SWITCHES[text.strip().lower()]


def text_of(option: Option, value: object) -> str:
    """Return how people write a value, with the largest unit that leaves it whole.

    ``parse`` makes the same value of it. Nothing is an empty text.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case int() | float() if option.kind is Kind.SECONDS:
            return _with_unit(value, SECONDS_OF, "s", "")
        case int() if option.kind is Kind.BYTES:
            return _with_unit(value, BYTES_OF, "", " ")
        case _:
            return str(value)


def _with_unit(value: float, units: Mapping[str, float], smallest: str, space: str) -> str:
    for unit, size in units.items():
        count = round(value / size, 6)
        if value >= size and count == int(count):
            return f"{int(count)}{space}{unit}"
    return f"{value:g}{smallest}" if smallest else str(value)
