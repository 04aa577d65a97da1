"""The options of a server as options of a command line: one for each field of ``ServerConfig``."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from peerpigeon.cli.option_texts import by_title, option_texts
from peerpigeon.core.config import (
    ALL_OPTIONS,
    CONFIG_VARIABLE,
    FILE,
    NAMES,
    Kind,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from peerpigeon.cli.parser import Parser
    from peerpigeon.core.config import Option

SHORT_USAGE = "%(prog)s [OPTION ...]"
"""What stands before the description of the options, in which all of them are anyway."""

CHOSEN_BY_COMMAND = frozenset({"is_hub"})
"""Options that are no option of a command, because its name says them."""

HOW_TO_WRITE = """\
Each option can also be set by the environment variable in brackets, with PEERPIGEON_ before its
name or without, and in a file of TOML (--config) by its name, as max_connections = 5000. A flag
goes before the environment, and that before the file; `peerpigeon config --show` says what counts.
Times are seconds or carry a unit (500ms, 10s, 5m), sizes are bytes or carry one (64KiB), and lists
have commas."""

_NAME = re.compile("`([a-z_]+)`")

_METAVARS = {
    Kind.SECONDS: "TIME",
    Kind.BYTES: "SIZE",
    Kind.NUMBER: "NUMBER",
    Kind.LIST: "LIST",
    Kind.TEXT: "TEXT",
}


def add_server_options(
    command: Parser,
    *,
    for_hubs: bool = True,
    without: Collection[str] = CHOSEN_BY_COMMAND,
    short_names: Mapping[str, str] | None = None,
) -> None:
    """Declare the options of a server in their groups, except those named in ``without``.

    Those of hubs are left out, too, if it is not ``for_hubs``: they are refused with a hint.
    ``short_names`` has a second flag for some options, by the option's name.
    """
    command.add_argument(
        "--config", metavar="FILE", help=f"File of TOML with options [{CONFIG_VARIABLE}]"
    )
    declared: dict[str, list[argparse.Action]] = {}
    for title, options in by_title().items():
        group = command.add_argument_group(title)
        for option in options:
            if option.is_of_hubs and not for_hubs:
                command.elsewhere |= dict.fromkeys(
                    _flags_of(option), "for hubs: use `peerpigeon hub`"
                )
            elif option.name not in without:
                short = (short_names or {}).get(option.name)
                declared[option.name] = list(_declare(group, option, short))

    def describe() -> None:
        texts = option_texts()
        for name, actions in declared.items():
            about = _NAME.sub(_flag_in, texts[name])
            for action, text in zip(actions, _help_of(ALL_OPTIONS[name], about), strict=True):
                action.help = text
                if about.startswith("File "):
                    action.metavar = "FILE"

    command.describe = describe


def given_texts(options: argparse.Namespace) -> dict[str, str]:
    """Return what the command line says, by the name of the option or of its file."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name in NAMES.keys() - CHOSEN_BY_COMMAND
        if (value := getattr(options, name, None)) is not None
    }


def default_of(option: Option) -> str:
    """Return what people are told of a default; empty if there is nothing to tell."""
    if option.unset or option.kind is Kind.SWITCH:
        return option.unset
    return text_of(option, option.default)


def flag_of(name: str) -> str:
    """Return the flag of an option."""
    return "--" + name.replace("_", "-")


def _flag_in(name: re.Match[str]) -> str:
    """Return what stands in help for the name of an option in a text."""
    option = ALL_OPTIONS.get(name[1])
    if option is None:
        return name[0]
    return option.name.replace("_", " ") if option.has_secret("") else flag_of(option.name)


def _flags_of(option: Option) -> Iterator[str]:
    yield flag_of(option.name)
    yield flag_of(f"no_{option.name}")
    if option.is_secret:
        yield flag_of(option.name + FILE)


def _declare(
    group: argparse._ArgumentGroup, option: Option, short_name: str | None
) -> Iterator[argparse.Action]:
    flag = flag_of(option.name)
    match option.kind:
        case Kind.CHOICE:
            yield group.add_argument(flag, dest=option.name, action=argparse.BooleanOptionalAction)
        case Kind.SWITCH:
            yield group.add_argument(
                flag_of(f"no_{option.name}") if option.default else flag,
                dest=option.name,
                action="store_const",
                const=str(not option.default).lower(),
            )
        case kind:
            yield group.add_argument(
                *([flag] if short_name is None else [short_name, flag]),
                dest=option.name,
                metavar="|".join(option.choices) or _METAVARS[kind],
            )
            if option.is_secret:
                in_file = option.name + FILE
                yield group.add_argument(flag_of(in_file), dest=in_file, metavar="FILE")


def _help_of(option: Option, about: str) -> Iterator[str]:
    """Return what is said of each flag of an option, in the order in which they are declared."""
    text = f"{about} {_note(option)}".replace("%", "%%")
    if option.kind is Kind.SWITCH and option.default:
        text = f"Do not {text[0].lower()}{text[1:]}"
    # Whoever may look at the list of processes reads what is on a command line.
    yield text if not option.has_secret("") else argparse.SUPPRESS
    if option.is_secret:
        yield _help_of_file(option, about).replace("%", "%%")


def _help_of_file(option: Option, about: str) -> str:
    """Return what is said of the flag for a file with a secret, or with a text that may be none."""
    variable = option.variable + FILE.upper()
    if not option.has_secret(""):
        return f"The same in a file [{variable}]"
    text = f"{variable}, or {option.variable} with the text itself"
    return f"File with {about[0].lower()}{about[1:]} [{text}]"


def _note(option: Option) -> str:
    if option.kind is Kind.SWITCH:
        return f"[{option.variable}={str(not option.default).lower()}]"
    default = default_of(option)
    return f"[{option.variable}, default: {default}]" if default else f"[{option.variable}]"
