"""The command ``peerpigeon status``: the hubs of a mesh as a table, from any of them."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from peerpigeon.cli.exit_status import FAILURE, USAGE_ERROR

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from peerpigeon.diagnosis.mesh_status import HubStatus, MeshStatus

ABOUT = """\
Shows the mesh of a hub as a table: each hub, whether it is ready or drains, its clients, its links
by carrier, its version and how long it runs. Any hub of the mesh can be asked.

The exit status is 0 if each hub is ready, 1 if one is not, does not answer or was lost within the
last five minutes, or nothing can be told: what a monitor asks for."""

EXAMPLES = """\
examples:

  peerpigeon status ws://127.0.0.1:3000             the mesh of the hub on this machine
  peerpigeon status wss://hub.example.org --json    for a program"""

COLUMNS = ("HUB", "ADDRESS", "STATE", "CLIENTS", "LINKS", "SIGNALS", "MEMORY", "VERSION", "UPTIME")
SHORT_ID = 8
"""Digits of an id, as in the log."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    command.epilog = EXAMPLES
    command.add_argument("url", metavar="URL", help="a hub: ws://HOST:PORT, or its proxy's address")
    command.add_argument("--json", action="store_true", help="print one object of JSON")
    command.add_argument(
        "--ca", metavar="FILE", help="certificates of a CA of your own that has signed the hubs'"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status."""
    from peerpigeon.diagnosis.mesh_status import StatusError, mesh_status  # noqa: PLC0415
    from peerpigeon.diagnosis.place import PlaceError  # noqa: PLC0415
    from peerpigeon.diagnosis.trust import trust  # noqa: PLC0415

    try:
        status = asyncio.run(mesh_status(options.url, trust(options.ca)))
    except (PlaceError, OSError) as error:
        print(f"peerpigeon: {error}", file=sys.stderr)
        return USAGE_ERROR
    except StatusError as error:
        print(f"peerpigeon: {error}", file=sys.stderr)
        return FAILURE
    if options.json:
        print(json.dumps(status.as_dict()))
    else:
        print("\n".join(table(status)))
    return 0 if status.is_well else FAILURE


def table(status: MeshStatus) -> Iterator[str]:
    """Return the lines of the table, and what is wrong below it."""
    rows = [COLUMNS, *(tuple(_cells(hub)) for hub in status.hubs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()
    for hub in status.hubs:
        if hub.problem:
            yield f"{hub.hub[:SHORT_ID]}: {hub.problem}"
    told = (hub.version or hub.problem or hub.state == "stopped" for hub in status.hubs)
    if not all(told):
        yield "-: this hub tells strangers no more (show_details, SHOW_DETAILS)"


def _cells(hub: HubStatus) -> Iterator[str]:
    yield hub.hub[:SHORT_ID]
    yield hub.address or "-"
    yield hub.state
    yield _told(hub.clients)
    yield ", ".join(f"{count} {carrier}" for carrier, count in sorted(hub.links.items())) or "none"
    yield _told(hub.signals)
    yield "-" if hub.memory is None else f"{hub.memory / 2**20:.0f} MiB"
    yield _told(hub.version)
    yield "-" if hub.uptime is None else duration(hub.uptime)


def _told(value: object) -> str:
    return "-" if value is None else str(value)


def duration(seconds: float) -> str:
    """Return how long something has run: ``3d 4h``, ``5h 12m``, ``7m``, ``12s``."""
    whole = int(seconds)
    if whole >= _DAY:
        return f"{whole // _DAY}d {whole % _DAY // _HOUR}h"
    if whole >= _HOUR:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE}m"
    return f"{whole // _MINUTE}m" if whole >= _MINUTE else f"{whole}s"
