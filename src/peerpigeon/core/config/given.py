"""What one place says of options: a command line, the environment or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config.command_options import OF_COMMANDS
from peerpigeon.core.config.quantities import ConfigError
from peerpigeon.core.config.texts import OPTIONS, Kind, Option, options_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


ALL_OPTIONS: Mapping[str, Option] = {**OPTIONS, **options_in(OF_COMMANDS)}
"""The options of a server or hub, and those of the commands that run one, by name."""

FILE = "_file"
"""What is added to the name of a secret option to name the file that has the secret."""

_BITS = 63
"""Which numbers TOML has for certain (its version 1.0, under "Integer"), without the sign."""


class Given(msgspec.Struct, frozen=True):
    """What is said of one option."""

    option: Option
    value: object
    """A text, or what TOML has for it."""
    place: str
    """A flag, a variable, or a line of a file: ``peerpigeon.toml:3``."""
    is_file: bool = False
    """Whether the value names the file in which the text is."""


class Said(msgspec.Struct):
    """All that one place says."""

    given: list[Given] = msgspec.field(default_factory=list)
    errors: list[str] = msgspec.field(default_factory=list)
    """What cannot be understood, each with its place."""
    warnings: list[str] = msgspec.field(default_factory=list)


NAMES: Mapping[str, tuple[Option, bool]] = {
    name: (option, name != option.name)
    for option in ALL_OPTIONS.values()
    for name in ([option.name, option.name + FILE] if option.is_secret else [option.name])
}
"""All names that something can be given: the option, and whether it is the one of its file."""


def from_flags(texts: Mapping[str, str]) -> Said:
    """Return what a command line says, of which ``texts`` has the names of options or files."""
    return Said([_of_flag(name, text) for name, text in texts.items()])


def _of_flag(name: str, text: str) -> Given:
    option, is_file = NAMES[name]
    is_negative = option.kind in (Kind.SWITCH, Kind.CHOICE) and text == "false"
    flag = ("--no-" if is_negative else "--") + name.replace("_", "-")
    return Given(option, text, flag, is_file)


def nearest(name: str, names: Iterable[str], before: str = "") -> str:
    """Return a question whether one of ``names`` was meant; empty if none is near.

    ``before`` stands before each of them.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - most names are right

    near = get_close_matches(name, list(names), 1)
    return f"; did you mean {before}{near[0]}?" if near else ""


def value_of(given: Given) -> object:
    """Return the value that an option is given: what is text is read, TOML has other types, too.

    Raises ``ConfigError`` for what is no such value.
    """
    option, value = given.option, given.value
    if isinstance(value, str):
        return option.parse(value)
    kind = option.kind
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, bool) and kind in (Kind.SWITCH, Kind.CHOICE):
        return value
    if isinstance(value, int) and value.bit_length() > _BITS:  # Python may not even print it
        raise ConfigError(
            f"{option.name} is a number of more than {_BITS} bits; write a smaller one"
        )
    if is_number and kind in (Kind.NUMBER, Kind.BYTES, Kind.SECONDS):
        return value
    if isinstance(value, float) and kind is Kind.SECONDS:
        return value
    if isinstance(value, list) and kind is Kind.LIST and all(isinstance(one, str) for one in value):
        return tuple(value)
    written = str(value).lower() if isinstance(value, bool) else repr(value)
    shown = "has a value that is secret" if option.is_secret else f"is {written}"
    raise ConfigError(f"{option.name} {shown}; write {_FORMS[kind]}")


_FORMS = {
    Kind.SECONDS: 'seconds as a number, or a text with a unit: 10, "10s", "5m"',
    Kind.BYTES: 'bytes as a whole number, or a text with a unit: 65536, "64 KiB"',
    Kind.NUMBER: "a whole number",
    Kind.SWITCH: "true or false",
    Kind.CHOICE: "true or false",
    Kind.LIST: 'texts in brackets: ["one", "two"]',
    Kind.TEXT: "a text in quotation marks",
}
"""How a value is written in TOML."""
