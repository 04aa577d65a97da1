"""The command ``peerpigeon completion``: prints what lets a shell complete the other commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from peerpigeon.cli.parser import Parser
from peerpigeon.core.config import ALL_OPTIONS

if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "zsh", "fish")

ABOUT = """\
Prints a script by which a shell completes commands, flags, and values if there are few or they are
files. Make it anew after an update."""

EXAMPLES = """\
examples:

  peerpigeon completion bash > ~/.local/share/bash-completion/completions/peerpigeon
  peerpigeon completion zsh > ~/.zfunc/_peerpigeon       with fpath+=~/.zfunc before compinit
  peerpigeon completion fish > ~/.config/fish/completions/peerpigeon.fish"""

_END = re.compile(r"[.;:,]? (?=\[)|[.;:] ")
"""Where the first sentence of a description ends: shells have a line for each flag."""


def add_options(command: Parser) -> None:
    """Declare the options of the command."""
    command.epilog = EXAMPLES
    command.add_argument("shell", choices=SHELLS, help="the shell that it is for")


def run(options: argparse.Namespace) -> int:
    """Print the script; return the exit status."""
    import shtab  # noqa: PLC0415 - no other command needs it

    from peerpigeon.cli.commands import parser_of_all  # noqa: PLC0415 - it loads all commands

    parser = parser_of_all()
    for action in _actions(parser):
        if action.metavar == "FILE":
            setattr(action, "complete", shtab.FILE)  # noqa: B010 - argparse knows of no such thing
        if action.help:
            action.help = _END.split(action.help)[0]
        option = ALL_OPTIONS.get(action.dest)
        if option is not None and option.choices:
            action.choices = option.choices
    print(shtab.complete(parser, options.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return all that can be given to a command and to those below it, with its help."""
    if isinstance(parser, Parser):
        parser.complete_help()
    found: list[argparse.Action] = []
    for action in parser._actions:
        found.append(action)
        if isinstance(action.choices, dict):
            for each in action.choices.values():
                found += _actions(each)
    return found
