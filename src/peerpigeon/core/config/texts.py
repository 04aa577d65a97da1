"""Options as texts: from the environment and from command lines (S10)."""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, assert_never

from peerpigeon.core.config.options import GROUPS, OF_HUBS
from peerpigeon.core.config.quantities import ConfigError, parse_bytes, parse_seconds

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


@dataclass(frozen=True, slots=True)
class Option:
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


def values_from(environ: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that environment variables give options, then ``overrides`` by name.

    Raises ``ConfigError`` for a text that is no such value.
    """
    texts = {name: environ.get(option.variable, "") for name, option in OPTIONS.items()}
    texts.update(overrides)
    return {name: parse_option(name, text) for name, text in texts.items() if text}
