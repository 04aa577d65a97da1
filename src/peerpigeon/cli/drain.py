"""The command ``peerpigeon drain``: asks a running server to let its clients go, and to stop."""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from peerpigeon.cli.exit_status import FAILURE
from peerpigeon.core.config import ConfigError, parse_seconds

if TYPE_CHECKING:
    import argparse

ABOUT = """\
Has a running server let its clients go, one after the other, and stop; waits until it has. URL is
that of its --admin-port. Newcomers are sent away meanwhile, and who is still there is served."""

EXAMPLES = """\
examples:

  peerpigeon drain http://localhost:3001                     as SIGTERM does
  peerpigeon drain http://localhost:3001 --drain-time 30s    within half a minute"""

ANSWER_TIMEOUT = 10.0
"""Seconds to wait for an answer of the server."""

LOOK_AGAIN = 0.2
"""Seconds from one look whether it still runs to the next."""

_opener = build_opener(ProxyHandler({}))  # nobody's proxy leads to an admin port


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    command.epilog = EXAMPLES
    command.add_argument("url", metavar="URL", help="of the server's --admin-port")
    command.add_argument(
        "--drain-time",
        metavar="SECONDS",
        help="how long to take for it, with a unit if need be [the server's own]",
    )
    command.add_argument(
        "--no-wait", action="store_true", help="return when the server has begun to drain"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; raise ``ConfigError`` for what is no address or no time."""
    parts = urlsplit(options.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{options.url!r} is no address of a server; write http://HOST:PORT")
    base = options.url.rstrip("/")
    asked: dict[str, float] = {}
    if options.drain_time is not None:
        asked["drainTime"] = parse_seconds("--drain-time", options.drain_time)
    try:
        answer = _post(f"{base}/drain", asked)
    except HTTPError as error:
        print(f"peerpigeon: {options.url} answered {_told_by(error)}", file=sys.stderr)
        return FAILURE
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        print(f"peerpigeon: {options.url} was not reached: {reason}", file=sys.stderr)
        return FAILURE
    print(f"{options.url} drains; clients: {answer.get('connections', '?')}")
    if not options.no_wait:
        while _lives(f"{base}/live"):
            time.sleep(LOOK_AGAIN)
        print(f"{options.url} has stopped")
    return 0


def _post(url: str, body: dict[str, float]) -> dict[str, object]:
    data = json.dumps(body).encode() if body else b""
    headers = {"Content-Type": "application/json"}
    request = Request(url, data, headers, method="POST")  # noqa: S310 - http or https, as was seen
    with _opener.open(request, timeout=ANSWER_TIMEOUT) as response:
        answer = json.load(response)
    if not isinstance(answer, dict):
        raise ValueError("that is no server of ours")  # noqa: TRY004 - as other unusable answers
    return answer


def _told_by(error: HTTPError) -> str:
    """Return what a refusal says, and what to do."""
    with error:
        text = error.read(200).decode(errors="replace").strip()
    printable = "".join(each if each.isprintable() else " " for each in text)
    hint = "; is it the server's --admin-port?" if error.code in (403, 404, 405) else ""
    return f"{error.code} ({printable}){hint}"


def _lives(url: str) -> bool:
    try:
        with _opener.open(url, timeout=ANSWER_TIMEOUT):
            return True
    except (OSError, HTTPException):
        return False
