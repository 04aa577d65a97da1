"""The options of a server as options of a command line: one for each field of ``ServerConfig``."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any

from peerpigeon.core.config import ServerConfig, variables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Mapping

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
    for option in fields(ServerConfig):
        if option.name not in without:
            _add(command, option, short_names.get(option.name))


def given_options(options: argparse.Namespace) -> dict[str, str]:
    """Return the options of a server that the command line names, as they were written."""
    return {
        name: text
        for name in variables()
        if name not in CHOSEN_BY_COMMAND and (text := getattr(options, name, None)) is not None
    }


def _add(
    command: argparse.ArgumentParser, option: Field[Any], short_name: str | None = None
) -> None:
    default = ",".join(option.default) if isinstance(option.default, tuple) else option.default
    note = f"[{variables()[option.name]}, default {default if default not in ('', None) else '-'}]"
    text = f"{option.metadata['help']} {note}".replace("%", "%%")
    flag = "--" + option.name.replace("_", "-")
    if option.metadata.get("unit") == "switch":
        opposite = flag.replace("--", "--no-")
        for name, chosen, about in (
            (flag, "true", text),
            (opposite, "false", f"the opposite of {flag}"),
        ):
            command.add_argument(
                name, dest=option.name, action="store_const", const=chosen, help=about
            )
    elif isinstance(option.default, bool):
        chosen = "false" if option.default else "true"
        flag = flag.replace("--", "--no-") if option.default else flag
        command.add_argument(flag, dest=option.name, action="store_const", const=chosen, help=text)
    else:
        unit = option.metadata.get("unit", "value")
        flags = [flag] if short_name is None else [short_name, flag]
        command.add_argument(*flags, dest=option.name, metavar=unit.upper(), help=text)
