"""All hubs behind a proxy are restarted, one after the other, under clients that signal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

import pytest
from benchmarks.rolling import HEADINGS, roll

from tests.deploy.certificates import certificate_for
from tests.deploy.clients import connector_to_here
from tests.deploy.proxies import KINDS, NAME, proxy
from tests.mesh.processes import Mesh, eventually, mesh
from tests.ports import reserved_port

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.rolling import Outcome

pytestmark = [pytest.mark.proxy, pytest.mark.thorough, pytest.mark.xdist_group("hubs")]

logger = logging.getLogger(__name__)

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
            shares = Shares(hubs)

            async def restart(number: int) -> None:
                old = next(hub for hub in hubs.alive if hub.port == ports[number - 1])
                await old.stop()
                new = await hubs.add(port=old.port, **OPTIONS)
                await eventually("ready", lambda: new.get("/ready"), lambda it: len(it) > 0)

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
            logger.info("| %s |", HEADINGS)
            logger.info("%s at the end %s", outcome.row(), shares.latest)
            return outcome, shares.latest


@pytest.mark.parametrize("name", KINDS)
async def test_no_signal_is_lost_nobody_dials_in_vain_and_all_hubs_have_clients(
    name: str, tmp_path: Path
) -> None:
    outcome, shares = await rolled(name, tmp_path)
    assert outcome.sent > 1000
    assert (outcome.lost, outcome.repeated, outcome.refused) == (0, 0, 0)
    assert set(outcome.codes) == {1012}
    assert max(shares) < CLIENTS
