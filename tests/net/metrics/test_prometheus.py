"""A real Prometheus asks real hubs, and has of each what the table says."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.net.client import A, B, join
from tests.net.hubs import network
from tests.net.metrics.test_files import ALERTS, RULES, SAMPLES, names_in, queries
from tests.ports import reserved_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from peerpigeon import PeerPigeonServer

pytestmark = [pytest.mark.prometheus, pytest.mark.thorough]

DEADLINE = 60.0
"""Seconds; a scrape is made each second."""

NOT_HERE = {
    "peerpigeon_requests_refused_total",
    "peerpigeon_clients_closed_total",
}
"""What has a label for a reason, and shows nothing while none has come up."""


class Prometheus:
    """One that runs, asked by its API."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._uri = f"http://127.0.0.1:{port}"
        self._session = session

    async def ask(self, path: str, **parameters: str) -> Any:
        async with self._session.get(f"{self._uri}/api/v1/{path}", params=parameters) as answer:
            body = await answer.json()
        assert body["status"] == "success", body
        return body["data"]

    async def values(self, query: str) -> dict[str, float]:
        """Return what a query has for each hub now."""
        found = await self.ask("query", query=query)
        return {each["metric"]["instance"]: float(each["value"][1]) for each in found["result"]}

    async def has_an_answer_to(self, query: str) -> None:
        """Wait until a query has any result: a rate takes two looks at the hubs."""
        try:
            async with asyncio.timeout(DEADLINE):
                while not (await self.ask("query", query=query))["result"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        except TimeoutError as late:
            raise AssertionError(f"nothing is shown by {query}") from late

    async def until(self, query: str, count: int) -> None:
        """Wait until a query has so many results."""
        async with asyncio.timeout(DEADLINE):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    found = await self.ask("query", query=query)
                    if len(found["result"]) == count:
                        return
                await asyncio.sleep(0.2)


@asynccontextmanager
async def prometheus(folder: Path, servers: list[PeerPigeonServer]) -> AsyncIterator[Prometheus]:
    """Run one that asks some hubs, with our rules."""
    targets = [f"127.0.0.1:{server.port}" for server in servers]
    config = folder / "prometheus.yml"
    config.write_text(  # JSON is YAML
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "scrape_configs": [
                    {"job_name": "peerpigeon", "static_configs": [{"targets": targets}]}
                ],
                "rule_files": [str(RULES)],
            }
        )
    )
    with reserved_port() as port, (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )
        try:
            async with aiohttp.ClientSession() as session:
                yield Prometheus(port, session)
        finally:
            process.terminate()
            await process.wait()


async def test_a_prometheus_sees_two_hubs_and_what_their_clients_do(tmp_path: Path) -> None:
    async with network(2) as servers, prometheus(tmp_path, servers) as seen:
        a, b = await join(servers[0], A), await join(servers[1], B)
        async with a, b:
            await a.until("peer-discovered")
            await a.signal(B)
            await b.until("offer")
            await a.signal("9" * 40)
            stranger = await join(servers[0], "c" * 40)
            await stranger.close()
            await seen.until('up{job="peerpigeon"} == 1', 2)
            await seen.until("peerpigeon_signals_total{kind='offer', outcome='delivered'} == 1", 1)
            await seen.until("peerpigeon_disconnections_total == 1", 1)
            await seen.until("peerpigeon_signals_refused_total == 1", 1)

            targets = (await seen.ask("targets"))["activeTargets"]
            assert [each["health"] for each in targets] == ["up", "up"]
            names = set(await seen.ask("label/__name__/values"))
            assert SAMPLES - names == NOT_HERE

            hubs = [f"127.0.0.1:{server.port}" for server in servers]
            assert await seen.values("peerpigeon_hubs") == dict.fromkeys(hubs, 2.0)
            assert await seen.values("peerpigeon_clients") == dict.fromkeys(hubs, 1.0)
            passed = await seen.values("peerpigeon_signals_total{outcome='passed_on',kind='offer'}")
            assert passed == dict(zip(hubs, (1.0, 0.0), strict=True))
            descriptors = await seen.values("process_open_fds / process_max_fds")
            assert all(0 < part < 1 for part in descriptors.values())

            for query in queries():
                if NOT_HERE & names_in(query):
                    await seen.ask("query", query=query)
                else:
                    await seen.has_an_answer_to(query)
            groups = (await seen.ask("rules"))["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            assert [rule["name"] for rule in rules] == ALERTS
            assert {rule["health"] for rule in rules} == {"ok"}, rules
            firing = (await seen.ask("alerts"))["alerts"]
            assert {each["labels"]["alertname"] for each in firing} <= {
                "PeerPigeonNoP2P"  # this mesh has no data channels, and is told of it in 15 minutes
            }


async def test_a_prometheus_sees_that_a_hub_is_gone(tmp_path: Path) -> None:
    async with network(2) as servers, prometheus(tmp_path, servers) as seen:
        await seen.until('up{job="peerpigeon"} == 1', 2)
        await servers[1].stop()
        await seen.until('up{job="peerpigeon"} == 0', 1)
        await seen.until("ALERTS{alertname='PeerPigeonDown', alertstate='pending'}", 1)
        await seen.until("peerpigeon_hubs == 1", 1)
        # Alone it is the last one that is asked, and has lost nobody who is there.
        assert not await seen.values("ALERTS{alertname=~'PeerPigeon(Alone|MeshSplit)'}")
