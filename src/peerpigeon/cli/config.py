"""The command ``peerpigeon config``: shows which options count and where each comes from."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from peerpigeon.cli.environment import misspelt
from peerpigeon.cli.example import example
from peerpigeon.cli.exit_status import USAGE_ERROR
from peerpigeon.cli.option_texts import by_title
from peerpigeon.cli.server_options import add_server_options, default_of
from peerpigeon.cli.settings import settings_of
from peerpigeon.core.config import ALL_OPTIONS, NAMES, ServerConfig, text_of
from peerpigeon.net.config_files import file_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.cli.parser import Parser
    from peerpigeon.core.config import Option, Settings

ABOUT = """\
Says with which options `peerpigeon hub` or `peerpigeon server` would be started, and what is wrong
with them. It takes all options that these have (`peerpigeon hub --help`), and looks at the same
variables and the same file."""

EXAMPLES = """\
examples:

  peerpigeon config --show                            where each option comes from
  peerpigeon config server --check --config FILE      all that is wrong with a file
  peerpigeon config --example > peerpigeon.toml       a file to begin with"""


def add_options(command: Parser) -> None:
    """Declare the options of the command, and those that it shows or checks."""
    command.usage = "%(prog)s [hub|server] --show|--check|--example [OPTION ...]"
    command.epilog = EXAMPLES
    command.add_argument(
        "role",
        nargs="?",
        choices=("hub", "server"),
        help="as which the options are looked at; else as a hub if any is of hubs",
    )
    action = command.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--show", action="store_true", help="print each option, its value and where that is from"
    )
    action.add_argument(
        "--check", action="store_true", help="say all that is wrong; the exit status is 0 or 2"
    )
    action.add_argument(
        "--example", action="store_true", help="print a file with all options and their defaults"
    )
    add_server_options(command)
    for each in command._actions:
        if each.dest in NAMES:
            each.help = argparse.SUPPRESS
    command.describe = None


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status: 2 if a server would not start with the options."""
    if options.example:
        print(example(), end="")
        return 0
    settings = settings_of(options, is_hub=options.role != "server")
    if options.role is None and not _is_of_hub(settings):
        settings = settings_of(options, is_hub=False)
    if not settings.errors:
        _check_files(settings)
    if options.show:
        print("\n".join(_table(settings)))
    for line in (*settings.warnings, *misspelt(os.environ)):
        print(f"peerpigeon: warning: {line}", file=sys.stderr)
    for line in settings.errors:
        print(f"peerpigeon: {line}", file=sys.stderr)
    if not settings.errors and options.check:
        role = "hub" if settings.value("is_hub") else "server"
        print(f"`peerpigeon {role}` can be started with these options")
    return USAGE_ERROR if settings.errors else 0


def _check_files(settings: Settings) -> None:
    """Add what is wrong with files that options name, if nothing else is."""
    config = ServerConfig(**settings.of_server())
    settings.errors += [settings.with_places(error) for error in file_errors(config)]


def _is_of_hub(settings: Settings) -> bool:
    return any(ALL_OPTIONS[name].is_of_hubs for name in settings.places.keys() - {"is_hub"})


def _table(settings: Settings) -> Iterator[str]:
    is_hub = settings.value("is_hub")
    groups = {
        title: [_row(each, settings) for each in options if is_hub or not each.is_of_hubs]
        for title, options in by_title().items()
    }
    rows = [row for each in groups.values() for row in each]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for title, rows in groups.items():
        if rows:
            yield f"{title}:"
        for name, value, place in rows:
            yield f"  {name:<{widths[0]}}  {value:<{widths[1]}}  {place}"


def _row(option: Option, settings: Settings) -> tuple[str, str, str]:
    place = settings.places.get(option.name, "default")
    return option.name, _shown(option, settings), place


def _shown(option: Option, settings: Settings) -> str:
    if option.is_secret:
        return "set" if settings.value(option.name) else "not set"
    if option.name in settings.places and option.name not in settings.values:
        return "(wrong)"
    if option.name in settings.values:
        return text_of(option, settings.values[option.name]) or "(empty)"
    return default_of(option) or text_of(option, option.default)
