"""The options of a server as options of a command line: one for each field of ``ServerConfig``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.cli.option_texts import option_texts
from peerpigeon.core.config import OPTIONS, Kind

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping

    from peerpigeon.core.config import Option

SHORT_USAGE = "%(prog)s [OPTION ...]"
"""What stands before the description of the options, in which all of them are anyway."""

CHOSEN_BY_COMMAND = frozenset({"is_hub"})
"""Options that are no option of a command, because its name says them."""


def add_server_options(
    command: argparse.ArgumentParser,
    *,
    without: Collection[str] = CHOSEN_BY_COMMAND,
    short_names: Mapping[str, str] | None = None,
) -> None:
    """Declare the options of a server, except those named in ``without``.

    ``short_names`` has a second flag for some of them, by the option's name.
    """
    short_names = short_names or {}
    texts = option_texts()
    for name, option in OPTIONS.items():
        if name not in without:
            _add(command, option, texts[name], short_names.get(name))


def given_options(options: argparse.Namespace) -> dict[str, str]:
    """Return the options of a server that the command line names, as they were written."""
    return {
        name: text
        for name in OPTIONS
        if name not in CHOSEN_BY_COMMAND and (text := getattr(options, name, None)) is not None
    }


def _add(
    command: argparse.ArgumentParser, option: Option, about: str, short_name: str | None
) -> None:
    default = ",".join(option.default) if isinstance(option.default, tuple) else option.default
    note = f"[{option.variable}, default {default if default not in ('', None) else '-'}]"
    text = f"{about} {note}".replace("%", "%%")
    flag = "--" + option.name.replace("_", "-")
    opposite = flag.replace("--", "--no-")
    match option.kind:
        case Kind.CHOICE:
            _add_switch(command, option, flag, "true", text)
            _add_switch(command, option, opposite, "false", f"the opposite of {flag}")
        case Kind.SWITCH if option.default:
            text = f"Do not {text[0].lower()}{text[1:]}"
            _add_switch(command, option, opposite, "false", text)
        case Kind.SWITCH:
            _add_switch(command, option, flag, "true", text)
        case kind:
            unit = kind.name if kind in (Kind.SECONDS, Kind.BYTES) else "VALUE"
            flags = [flag] if short_name is None else [short_name, flag]
            command.add_argument(*flags, dest=option.name, metavar=unit, help=text)


def _add_switch(
    command: argparse.ArgumentParser, option: Option, flag: str, chosen: str, about: str
) -> None:
    command.add_argument(flag, dest=option.name, action="store_const", const=chosen, help=about)
