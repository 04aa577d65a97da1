"""The command ``peerpigeon doctor``: why hubs are not reached, or do not reach each other."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from peerpigeon.cli.exit_status import FAILURE, USAGE_ERROR
from peerpigeon.core.config import ConfigError, IceServer, parse_seconds

if TYPE_CHECKING:
    import argparse

ABOUT = """\
Looks at the way to hubs, and says for each step whether it is ok, and if not what is wrong and what
to do: the name, TCP, TLS and its certificate, the proxy between (does it pass on WebSockets, and
keep idle ones), the clock, UDP between hubs, STUN and TURN servers, descriptors of this machine.

The exit status is 1 if anything is wrong; what is a warning may be meant."""

EXAMPLES = """\
examples:

  peerpigeon doctor wss://hub.example.org                 is it reached, through its proxy?
  peerpigeon doctor wss://hub.example.org --wait 90       does the proxy cut idle sockets?
  peerpigeon doctor ws://10.0.0.1:3000 ws://10.0.0.2:3000 --ice-servers turn:USER:PASSWORD@HOST"""


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    command.epilog = EXAMPLES
    command.add_argument(
        "urls", metavar="URL", nargs="*", help="hubs: ws://HOST:PORT, or their proxies' addresses"
    )
    command.add_argument(
        "--wait",
        metavar="SECONDS",
        default="0",
        help="hold an idle WebSocket for so long to each: longer than the proxy's time-out",
    )
    command.add_argument(
        "--ice-servers",
        metavar="VALUE",
        default="",
        help="STUN and TURN servers to ask, as the option of a hub",
    )
    command.add_argument(
        "--ca", metavar="FILE", help="certificates of a CA of your own that has signed the hubs'"
    )
    command.add_argument("--json", action="store_true", help="print an object of JSON for each")


def run(options: argparse.Namespace) -> int:
    """Run the command; return the exit status. Raises ``ConfigError`` for a wrong server."""
    from peerpigeon.diagnosis.place import Place, PlaceError  # noqa: PLC0415
    from peerpigeon.diagnosis.trust import trust  # noqa: PLC0415

    wait = parse_seconds("--wait", options.wait)
    servers = [IceServer.parse(text) for text in options.ice_servers.split(",") if text.strip()]
    if not (options.urls or servers):
        raise ConfigError("there is nothing to look at; name hubs, or servers with --ice-servers")
    try:
        places = [Place.parse(text) for text in options.urls]
        tls = trust(options.ca)
    except (PlaceError, OSError) as error:
        print(f"peerpigeon: {error}", file=sys.stderr)
        return USAGE_ERROR

    from peerpigeon.diagnosis.examination import examine  # noqa: PLC0415
    from peerpigeon.diagnosis.finding import Verdict  # noqa: PLC0415

    async def look() -> bool:
        is_well = True
        async for finding in examine(places, servers, tls, wait):
            print(json.dumps(finding.as_dict()) if options.json else finding.line(), flush=True)
            is_well = is_well and finding.verdict is not Verdict.WRONG
        return is_well

    return 0 if asyncio.run(look()) else FAILURE
