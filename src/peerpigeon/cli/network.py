"""The command ``peerpigeon network``: starts, shows and ends a mesh of hubs on this machine."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING

from peerpigeon.addresses import authority
from peerpigeon.cli.environment import misspelt
from peerpigeon.cli.exit_status import FAILURE
from peerpigeon.cli.output import background_stdout
from peerpigeon.cli.server_options import HOW_TO_WRITE, SHORT_USAGE, add_server_options
from peerpigeon.cli.settings import settings_of
from peerpigeon.core.config import LAST_PORT, OPTIONS, ConfigError, ServerConfig, text_of
from peerpigeon.local_mesh.display import Lines, Screen
from peerpigeon.local_mesh.summary import farewell
from peerpigeon.local_mesh.supervisor import Supervisor
from peerpigeon.net.http.insiders import Insiders
from peerpigeon.net.signals import on_termination_signal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peerpigeon.cli.parser import Parser
    from peerpigeon.local_mesh.status import HubStatus

DEFAULT_HUBS = 4
MOST_HUBS = 200
PAGES_NAMED = 3

ABOUT = """\
Starts hubs on this machine, each a process of its own, the first on the port given and the others
on those after it, and shows how they become one mesh. Ctrl-C ends them all. Kill one, and see how
the others go on. The other options are those of `peerpigeon hub`, and go to each of them."""

PRIVATE = frozenset(
    {
        *("is_hub", "hub_peer_id", "hub_identity", "hub_members"),
        *("bootstrap_hubs", "auto_connect", "advertise", "events", "log_format"),
        *("uds", "tls_cert", "tls_key", "hub_ca"),  # nobody needs TLS within a machine
    },
)
"""Options that differ between hubs or that it decides, so that the command has none of them."""

SHORT_NAMES = {
    "hub_mesh_min_peers": "--min-peers",
    "hub_mesh_max_peers": "--max-peers",
    "mesh_migration_delay": "--migration-delay",
}


EXAMPLES = """\
examples:

  peerpigeon network                                four hubs, from port 3000 on
  peerpigeon network --hubs 8 --port 4000           eight, from port 4000 on"""


def add_options(parser: Parser) -> None:
    """Declare the options of the command, and those that go to all hubs."""
    parser.usage = SHORT_USAGE
    parser.epilog = f"{HOW_TO_WRITE}\n\n{EXAMPLES}"
    parser.add_argument(
        "--hubs",
        type=_count,
        default=DEFAULT_HUBS,
        metavar="N",
        help=f"how many hubs, 1 to {MOST_HUBS} [default: {DEFAULT_HUBS}]",
    )
    parser.add_argument(
        "--plain",
        action="store_true",
        help="a line for each change instead of a picture, as where there is no terminal",
    )
    add_server_options(parser, without=PRIVATE, short_names=SHORT_NAMES)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_HUBS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_HUBS}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status: 1 if the hubs ended before a signal to end.

    Raises ``ConfigError`` for an option that hubs cannot use.
    """
    settings = settings_of(options, is_hub=True, ignored=PRIVATE)
    values = settings.of_server()
    config = ServerConfig(**values)
    last = config.port + options.hubs - 1
    if config.port and last > LAST_PORT:
        raise ConfigError(
            f"port is {config.port}; {options.hubs} hubs take those up to {last}, and there is none"
            f" above {LAST_PORT}"
        )
    for complaint in (*settings.warnings, *misspelt(os.environ)):
        print(f"peerpigeon: {complaint}", file=sys.stderr)
    environment = {
        OPTIONS[name].variable: text_of(OPTIONS[name], value)
        for name, value in values.items()
        if name not in PRIVATE
    }
    is_live = sys.stdout.isatty() and not options.plain
    with asyncio.Runner() as runner:
        was_asked = runner.run(_run(config, environment, options.hubs, is_live=is_live))
    return 0 if was_asked else FAILURE


async def _run(
    config: ServerConfig, environment: Mapping[str, str], count: int, *, is_live: bool
) -> bool:
    """Run a mesh until the process is asked to end, no hub is left, or nobody reads what it says.

    Returns whether it was the first.
    """
    asked, unread = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor(count, config.host, environment)
    show, tell_loss = (Screen, _no_line) if is_live else (Lines, _loss_line)
    with background_stdout(tell_loss, unread.set) as stream:
        display = show(supervisor, lambda hubs: hints(config, hubs), stream)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(supervisor.run(config.port))
            showing = group.create_task(display.run())
            reasons = {group.create_task(each.wait()) for each in (asked, unread)}

            def end() -> None:
                if asked.is_set():
                    running.cancel()  # asked twice: end the hubs at once
                asked.set()

            on_termination_signal(lambda _: end())
            await asyncio.wait({running, *reasons}, return_when=asyncio.FIRST_COMPLETED)
            showing.cancel()
            await asyncio.wait({showing})
            if not running.done():
                print("ending the hubs", file=stream)
            for task in (*reasons, running):
                task.cancel()
        print(farewell(supervisor.statuses), file=stream)
    return asked.is_set()


def _loss_line(lost: int) -> str:
    return f"{lost} lines are missing here: nobody read them\n"


def _no_line(lost: int) -> str:
    """Leave it out: the next picture shows all there is."""
    del lost
    return ""


def hints(config: ServerConfig, hubs: Sequence[HubStatus]) -> list[str]:
    """Return what to open and try, for the hubs that can be reached."""
    hosts = [authority(config.host, hub.port) for hub in hubs if hub.port and not hub.is_dead]
    if not hosts:
        return []
    places = [f"{config.scheme}://{host}{config.path_prefix}" for host in hosts]
    pages = [place.replace("ws", "http", 1) for place in places]
    rows = []
    if config.serves_demo:
        rows.append(("open two of", "  ".join(f"{page}/demo" for page in pages[:PAGES_NAMED])))
    if Insiders(config).include_this_machine:
        rows.append(("watch the mesh", f"{pages[0]}/dashboard"))
    rows += [
        ("their state", f"{pages[0]}/health  {pages[0]}/mesh"),
        ("clients connect to", f"{places[0]}, or any other port above"),
        ("all ends on", "Ctrl-C"),
    ]
    return [f"  {name:<18}  {text}" for name, text in rows]
