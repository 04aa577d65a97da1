"""Restarts three hubs behind a proxy, one after the other, under clients that signal.

python -m tests.deploy.rolling nginx                             # with the file of deploy/
python -m tests.deploy.rolling nginx --without ' max_fails=0'    # to see what that is there for
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rolling import HEADINGS, roll

from tests.deploy.certificates import certificate_for
from tests.deploy.clients import connector_to_here
from tests.deploy.proxies import KINDS, NAME, lacking, proxy
from tests.mesh.processes import Mesh, mesh
from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rolling import Outcome

CLIENTS = 50
OPTIONS = {"allowed_hosts": NAME, "trusted_proxies": "127.0.0.1", "drain_time": 5.0}


class Shares:
    """How many clients each hub has, looked at again and again."""

    def __init__(self, hubs: Mesh) -> None:
        self._hubs = hubs
        self.latest: list[int] = []
        """Those of the last moment in which all clients and all hubs were there."""

    async def watch(self) -> None:
        while True:
            with contextlib.suppress(OSError, TimeoutError):  # one is away
                healths = await asyncio.gather(*(hub.get("/health") for hub in self._hubs.alive))
                counts = [health["connections"] for health in healths]
                if len(counts) == 3 and sum(counts) == CLIENTS:
                    self.latest = counts
            await asyncio.sleep(0.5)


async def rolled(name: str, folder: Path, without: str = "") -> tuple[Outcome, list[int]]:
    """Return what became of the restart of all hubs, and how many clients each had in the end."""
    certificate = certificate_for(NAME, folder)
    with reserved_port() as port:
        async with mesh(3, **OPTIONS) as hubs:
            ports = [hub.port for hub in hubs.hubs]
            places = [f"127.0.0.1:{each}" for each in ports]
            for hub in hubs.hubs:
                await hub.ready()
            shares = Shares(hubs)

            async def restart(number: int) -> None:
                old = next(hub for hub in hubs.alive if hub.port == ports[number - 1])
                await old.stop()
                new = await hubs.add(port=old.port, **OPTIONS)
                await new.ready()

            async with proxy(KINDS[name], port, places, certificate, folder, without):
                watching = asyncio.create_task(shares.watch())
                outcome = await roll(
                    [f"wss://{NAME}:{port}"],
                    restart,
                    way=name,
                    clients=CLIENTS,
                    connector=connector_to_here(certificate.authority),
                )
                watching.cancel()
            return outcome, shares.latest


def main(arguments: Sequence[str] | None = None) -> int:
    """Play it and print a row; return 1 if a signal was lost or came twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.deploy.rolling", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("proxy", choices=KINDS)
    parser.add_argument("--without", default="", help="what to take out of its configuration")
    options = parser.parse_args(arguments)
    if reason := lacking("proxy"):
        parser.error(reason)
    with tempfile.TemporaryDirectory() as folder:
        outcome, shares = asyncio.run(rolled(options.proxy, Path(folder), options.without))
    rule = "|---" * (HEADINGS.count("|") + 1)
    sys.stdout.write(f"| {HEADINGS} |\n{rule}|\n{outcome.row()}\n")
    sys.stdout.write(f"clients of the three hubs at the end: {shares}\n")
    return 1 if outcome.lost or outcome.repeated else 0


if __name__ == "__main__":
    sys.exit(main())
