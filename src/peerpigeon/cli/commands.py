"""Reads the command line and runs the command that it names."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from peerpigeon.cli import serve
from peerpigeon.cli.exit_status import USAGE_ERROR
from peerpigeon.cli.parser import Parser
from peerpigeon.core.config import ConfigError
from peerpigeon.version import __version__

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Mapping, Sequence

EXAMPLES = """\
examples:

  peerpigeon server                 serve clients on this machine, at port 3000
  peerpigeon network                try a mesh of four hubs out on this machine
  peerpigeon hub --help             what a hub can be told, and how to run several"""


def run(words: Sequence[str]) -> int:
    """Run the command line; return the exit status."""
    # The modules of the other commands take longer to load than a hub does, so that only the one
    # that is asked for is loaded.
    parser = _parser({next((word for word in words if not word.startswith("-")), "")})
    if not words:
        parser.print_help(sys.stderr)
        return USAGE_ERROR
    options = parser.parse_args(words)
    options.words = words
    try:
        status: int = options.run(options)
    except ConfigError as error:
        for line in str(error).splitlines():
            print(f"peerpigeon: {line}", file=sys.stderr)
        return USAGE_ERROR
    return status


def parser_of_all() -> argparse.ArgumentParser:
    """Return what reads the command line of any command."""
    return _parser(COMMANDS.keys())


def _parser(declared: Collection[str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="peerpigeon",
        description="A signaling server for WebRTC applications that speaks PeerPigeon.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser._positionals.title = "commands"
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (about, declare) in COMMANDS.items():
        command = commands.add_parser(name, help=about)
        if name in declared:
            declare(command)
    return parser


def _declare_server(command: Parser) -> None:
    name = command.prog.split()[-1]
    about = COMMANDS[name][0]
    command.description = f"{about[0].upper()}{about[1:]}."
    command.set_defaults(run=serve.run)
    serve.add_options(command, name)


def _declare_by(module: str) -> Callable[[Parser], None]:
    """Return what declares the command that a module of this package has."""

    def declare(command: Parser) -> None:
        has = import_module(f"peerpigeon.cli.{module}")
        command.description = has.ABOUT
        command.set_defaults(run=has.run)
        has.add_options(command)

    return declare


COMMANDS: Mapping[str, tuple[str, Callable[[Parser], None]]] = {
    "server": ("serve clients on one machine", _declare_server),
    "hub": ("serve clients together with other hubs, as one mesh", _declare_server),
    "network": ("run a mesh of hubs on this machine and watch it", _declare_by("network")),
    "drain": ("let a server's clients go, and stop it", _declare_by("drain")),
    "status": ("show a mesh of hubs as a table, from any of them", _declare_by("status")),
    "doctor": ("say why hubs are not reached, and what to do", _declare_by("doctor")),
    "config": ("say which options count, and where they are from", _declare_by("config")),
    "token": ("make keys, and tokens that let clients in", _declare_by("token")),
    "identity": ("print the id of a hub that has a key, or make the key", _declare_by("identity")),
    "simulate": ("try a mesh of hubs out in virtual time", _declare_by("simulate")),
    "play": ("play a scenario, in virtual time or with hub processes", _declare_by("play")),
    "completion": ("print what completes command lines in a shell", _declare_by("completion")),
}
"""What each command is for, and what declares its options."""
