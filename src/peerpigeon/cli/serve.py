"""The commands ``peerpigeon server`` and ``peerpigeon hub``: run until asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import sys
from typing import TYPE_CHECKING

from peerpigeon.addresses import authority
from peerpigeon.cli.allocator import give_back_large_memory
from peerpigeon.cli.descriptor_limit import raise_descriptor_limit
from peerpigeon.cli.environment import misspelt
from peerpigeon.cli.exit_status import FAILURE, USAGE_ERROR
from peerpigeon.cli.output import background_stderr
from peerpigeon.cli.server_options import SHORT_USAGE, add_server_options, given_options
from peerpigeon.cli.signals import on_termination_signal
from peerpigeon.core.config import ServerConfig, parse_switch
from peerpigeon.core.interface.notices import Started
from peerpigeon.net.own_addresses import own_hosts
from peerpigeon.net.server import PeerPigeonServer
from peerpigeon.observe.event_lines import event_lines
from peerpigeon.observe.log_lines import (
    LOG_FORMATS,
    configure_logging,
    log_events,
    loss_line,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

logger = logging.getLogger(__name__)

ABOUT_OPTIONS = (
    "Each option can also be set by the environment variable in brackets. Durations are seconds"
    " or carry a unit (500ms, 10s, 5m), sizes are bytes or carry one (64KiB)."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of both commands."""
    command.usage = SHORT_USAGE
    add_server_options(command)
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
        default=os.environ.get("LOG_FORMAT") or "human",
        help="how log lines are written to standard error [LOG_FORMAT, default human]",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status.

    It is 1 if the server cannot listen, and if nobody reads its events any more. Raises
    ``ConfigError`` for an option that cannot be used.
    """
    given = given_options(options) | {"is_hub": str(options.command == "hub")}
    config = ServerConfig.from_environment(os.environ, given)
    writes_events = parse_switch("EVENTS", options.events)
    if options.log_format not in LOG_FORMATS:
        # argparse does not check a default, and this one comes from the environment.
        print(
            f"peerpigeon: LOG_FORMAT is {options.log_format!r}; write human or json",
            file=sys.stderr,
        )
        return USAGE_ERROR
    with background_stderr(functools.partial(loss_line, options.log_format)):
        configure_logging(options.log_format, verbose=config.verbose_logging)
        return _run(config, talkative=options.log_format == "human", writes_events=writes_events)


def _run(config: ServerConfig, *, talkative: bool, writes_events: bool) -> int:
    for complaint in misspelt(os.environ):
        logger.warning(complaint)
    raise_descriptor_limit(config.max_connections)
    give_back_large_memory()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            is_heard = runner.run(_serve(config, talkative=talkative, writes_events=writes_events))
    except OSError as error:
        print(f"peerpigeon: cannot listen: {error.strerror or error}", file=sys.stderr)
        return FAILURE
    return 0 if is_heard else FAILURE


async def _serve(config: ServerConfig, *, talkative: bool, writes_events: bool) -> bool:
    """Run a server until the process gets a signal to end, or its events have no reader any more.

    Returns whether it was the former.
    """
    server = PeerPigeonServer(config)
    log_events(server)
    if talkative:
        server.on(Started, lambda started: print(_hint(started), file=sys.stderr))
    ended = asyncio.Event()
    on_termination_signal(ended.set)
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
    places = [f"{host}:{started.port}" for host in own_hosts(started.host)]
    places = places or [authority(started.host, started.port)]
    return (
        f"  clients connect to  {'  '.join(f'ws://{place}' for place in places)}\n"
        f"  its state is at     http://{places[0]}/health\n"
        "  it ends on          Ctrl-C"
    )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows and on PyPy
    except ImportError:
        return None
    return uvloop.new_event_loop
