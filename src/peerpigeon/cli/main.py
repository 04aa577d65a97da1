"""The command ``peerpigeon``: parses, calls, prints; nothing else."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any

from peerpigeon.addresses import authority
from peerpigeon.cli.signals import when_asked_to_end
from peerpigeon.core.config import ServerConfig, variables
from peerpigeon.core.interface.notices import Started
from peerpigeon.core.quantities import ConfigError, parse_switch
from peerpigeon.eventstream import event_lines
from peerpigeon.net.server import PeerPigeonServer
from peerpigeon.telemetry import LOG_FORMATS, configure_logging, log_events
from peerpigeon.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

USAGE_ERROR = 2
FAILURE = 1

_HIDDEN = {"is_hub"}  # the command says it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    options = _parser(words).parse_args(words)
    try:
        status: int = options.run(options)
    except ConfigError as error:
        print(f"peerpigeon: {error}", file=sys.stderr)
        return USAGE_ERROR
    return status


def _given(options: argparse.Namespace) -> dict[str, str]:
    """Return the options of a server that the command line names."""
    return {
        name: text
        for name in variables()
        if (text := getattr(options, name, None)) is not None and name not in _HIDDEN
    }


def _server(options: argparse.Namespace) -> int:
    given = _given(options) | {"is_hub": str(options.command == "hub")}
    config = ServerConfig.from_environment(os.environ, given)
    writes_events = parse_switch("EVENTS", options.events)
    if options.log_format not in LOG_FORMATS:
        # argparse does not look at a default, and this one comes from the environment.
        print(
            f"peerpigeon: LOG_FORMAT is {options.log_format!r}; write human or json",
            file=sys.stderr,
        )
        return USAGE_ERROR
    configure_logging(options.log_format, verbose=config.verbose_logging)
    _raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            is_heard = runner.run(
                _serve(config, talkative=options.log_format == "human", writes_events=writes_events)
            )
    except OSError as error:
        print(f"peerpigeon: cannot listen: {error.strerror or error}", file=sys.stderr)
        return FAILURE
    return 0 if is_heard else FAILURE


async def _serve(config: ServerConfig, *, talkative: bool, writes_events: bool) -> bool:
    """Run a server until the process is asked to end, or nobody can read its events any more.

    Returns whether it was the former.
    """
    server = PeerPigeonServer(config)
    log_events(server)
    if talkative:
        server.on(Started, lambda started: print(_hint(started), file=sys.stderr))
    ended = asyncio.Event()
    when_asked_to_end(ended.set)
    is_heard = True

    def nobody_listens() -> None:
        nonlocal is_heard
        is_heard = False
        ended.set()

    events = (
        event_lines(server, sys.stdout, nobody_listens)
        if writes_events
        else contextlib.nullcontext()
    )
    async with events, server:
        await ended.wait()
    return is_heard


def _hint(started: Started) -> str:
    place = authority(started.host, started.port)
    return (
        f"  clients connect to  ws://{place}\n"
        f"  its state is at     http://{place}/health\n"
        "  it ends on          Ctrl-C"
    )


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="peerpigeon",
        description="A signaling server for WebRTC applications that speaks PeerPigeon.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (about, declare) in _COMMANDS.items():
        command = commands.add_parser(name, help=about)
        # What the others need takes longer to load than a hub does, and is not asked for.
        if name in words:
            declare(command)
    return parser


def _declare_server(command: argparse.ArgumentParser) -> None:
    about = _COMMANDS[command.prog.split()[-1]][0]
    command.description = (
        f"{about[0].upper()}{about[1:]}. Each option can also be set by the"
        " environment variable in brackets. Durations are seconds or carry a unit (500ms, 10s,"
        " 5m), sizes are bytes or carry one (64KiB)."
    )
    command.set_defaults(run=_server)
    for option in fields(ServerConfig):
        if option.name not in _HIDDEN:
            _add_option(command, option)
    command.add_argument(
        "--events",
        action="store_const",
        const="true",
        default=os.environ.get("EVENTS") or "false",
        help="write each event as a line of JSON to standard output [EVENTS, default False]",
    )
    command.add_argument(
        "--log-format",
        choices=LOG_FORMATS,
        default=os.environ.get("LOG_FORMAT", "human"),
        help="how log lines are written to standard error [LOG_FORMAT, default human]",
    )


def _declare_network(command: argparse.ArgumentParser) -> None:
    from peerpigeon.cli import network  # noqa: PLC0415

    def run(options: argparse.Namespace) -> int:
        given = _given(options)
        # Hubs that do not start would say so too, but each for itself.
        environment = {name: os.environ.get(name, "") for name in network.shared_variables()}
        config = ServerConfig.from_environment(environment, given | {"is_hub": "true"})
        return network.run(config, given, options)

    command.description = network.ABOUT
    command.set_defaults(run=run)
    network.add_options(command)
    for option in fields(ServerConfig):
        if option.name not in network.PRIVATE:
            _add_option(command, option, network.SHORT_NAMES.get(option.name))


def _declare_simulate(command: argparse.ArgumentParser) -> None:
    from peerpigeon.cli import simulate  # noqa: PLC0415

    command.description = simulate.ABOUT
    command.set_defaults(run=simulate.run)
    simulate.add_options(command)


def _declare_play(command: argparse.ArgumentParser) -> None:
    from peerpigeon.cli import play as scenario  # noqa: PLC0415

    command.description = scenario.ABOUT
    command.set_defaults(run=scenario.run)
    scenario.add_options(command)


_COMMANDS = {
    "server": ("serve clients on one machine", _declare_server),
    "hub": ("serve clients together with other hubs, as one mesh", _declare_server),
    "network": ("run a mesh of hubs on this machine and watch it", _declare_network),
    "simulate": ("try a mesh of hubs out in virtual time", _declare_simulate),
    "play": ("play a scenario, in virtual time or with hub processes", _declare_play),
}


def _add_option(
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


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows and on PyPy
    except ImportError:
        return None
    return uvloop.new_event_loop


def _raise_file_limit() -> None:
    """Allow as many open sockets as the system lets this process have."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
