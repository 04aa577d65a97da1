"""The commands ``peerpigeon server`` and ``peerpigeon hub``: run until asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import sys
from typing import TYPE_CHECKING

from peerpigeon.cli.allocator import give_back_large_memory
from peerpigeon.cli.collector import spare_what_stays
from peerpigeon.cli.descriptor_limit import raise_descriptor_limit
from peerpigeon.cli.environment import misspelt
from peerpigeon.cli.exit_status import FAILURE
from peerpigeon.cli.output import background_stderr
from peerpigeon.cli.server_options import HOW_TO_WRITE, SHORT_USAGE, add_server_options
from peerpigeon.cli.settings import settings_of
from peerpigeon.cli.systemd import inherited_sockets, listening_at, notify
from peerpigeon.cli.what_to_open import what_to_open
from peerpigeon.cli.worker import given_place, number_of_workers
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.notices import Started
from peerpigeon.net.run import new_loop, serve_until_asked
from peerpigeon.net.server import PeerPigeonServer
from peerpigeon.net.signals import on_reload_signal
from peerpigeon.observe.event_lines import event_lines
from peerpigeon.observe.log_lines import (
    configure_logging,
    log_events,
    loss_line,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from peerpigeon.cli.parser import Parser
    from peerpigeon.cli.worker import Worker

logger = logging.getLogger(__name__)

EXAMPLES = {
    "server": """\
examples:

  peerpigeon server                                 port 3000, for this machine
  peerpigeon server --host 0.0.0.0 --port 8080      for other machines, too
  PORT=8080 peerpigeon server                       the same option from the environment
  peerpigeon server --config peerpigeon.toml        options from a file""",
    "hub": """\
examples:

  peerpigeon hub                                    the first hub, at port 3000
  peerpigeon hub --port 3001                        another one, which looks for the first
  peerpigeon hub --host 0.0.0.0 --hub-secret-file secret.txt --bootstrap-hubs ws://FIRST:3000""",
}


def add_options(command: Parser, name: str) -> None:
    """Declare the options of one of both commands."""
    command.usage = SHORT_USAGE
    command.epilog = f"{HOW_TO_WRITE}\n\n{EXAMPLES[name]}"
    add_server_options(command, for_hubs=name == "hub")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status.

    It is 1 if the server cannot listen, and if nobody reads its events any more. Raises
    ``ConfigError`` for an option that cannot be used.
    """
    settings = settings_of(options, is_hub=options.command == "hub")
    config = ServerConfig(**settings.of_server())
    log_format = settings.value("log_format")
    with background_stderr(functools.partial(loss_line, log_format)):
        configure_logging(log_format, config.lowest_log_level)
        for complaint in (*settings.warnings, *misspelt(os.environ)):
            logger.warning(complaint)
        is_talkative = log_format == "human"
        worker = given_place(os.environ)
        if worker is None and (count := number_of_workers(settings.value("workers"))) > 1:
            return _supervise(options.words, config, count)
        return _run(
            config,
            worker,
            talkative=is_talkative and (worker is None or worker.speaks),
            writes_events=settings.value("events"),
        )


def _supervise(words: Sequence[str], config: ServerConfig, count: int) -> int:
    # Loaded by those alone that have several workers.
    from peerpigeon.cli.supervisor import supervise  # noqa: PLC0415

    inherited = inherited_sockets(os.environ)
    return supervise(words, listening_at(config, inherited), count, inherited)


def _run(
    config: ServerConfig, worker: Worker | None, *, talkative: bool, writes_events: bool
) -> int:
    raise_descriptor_limit(config.max_connections)
    give_back_large_memory()
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            is_heard = runner.run(
                _serve(config, worker, talkative=talkative, writes_events=writes_events)
            )
    except OSError as error:
        print(f"peerpigeon: cannot listen: {error.strerror or error}", file=sys.stderr)
        return FAILURE
    return 0 if is_heard else FAILURE


async def _serve(
    config: ServerConfig, worker: Worker | None, *, talkative: bool, writes_events: bool
) -> bool:
    """Run a server until the process gets a signal to end, or its events have no reader any more.

    Returns whether it was the former.
    """
    inherited = inherited_sockets(os.environ) if worker is None else worker.inherited
    config = listening_at(config, inherited)
    server = PeerPigeonServer(config)
    server.listen_at(inherited.clients or None, inherited.admin)
    if worker is not None:
        worker.join(server)
    log_events(server)
    server.on(Started, lambda _: spare_what_stays())
    if talkative:

        def tell(started: Started) -> None:
            print(what_to_open(started, config, server.admin_port), file=sys.stderr)

        server.on(Started, tell)

    ended = asyncio.Event()
    if worker is None and (config.tls_cert or config.token_keys or config.hub_ca):
        on_reload_signal(server.reload)
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
    async with events:
        if worker is None:
            await serve_until_asked(
                server,
                ended,
                on_ready=lambda: notify("READY=1"),
                on_ending=lambda: notify("STOPPING=1"),
            )
        else:
            await serve_until_asked(
                server,
                ended,
                on_ready=lambda: worker.tell({"ready": True}),
                listen_to=lambda end: worker.listen(server, end),
            )
    return is_heard
