"""Hub processes that form a mesh over WebRTC, leave their sockets, and carry all (S12 to S26)."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.mesh.processes import components, eventually, mesh
from tests.net.client import Client
from tests.selection import thorough

if TYPE_CHECKING:
    from tests.mesh.processes import HubProcess

DELAY = 2.0
BURST = 30


def tcp_between(hubs: list[HubProcess]) -> set[tuple[int, int]]:
    """Return the established TCP connections among processes, from the system's own table."""
    owners = {}
    for hub in hubs:
        for entry in Path(f"/proc/{hub.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed since it was listed
                target = str(entry.readlink())
                if target.startswith("socket:["):
                    owners[target[8:-1]] = hub.pid
    ends = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "01" and fields[9] in owners:
            ends[fields[1], fields[2]] = owners[fields[9]]
    return {
        (pid, ends[there, here])
        for (here, there), pid in ends.items()
        if (there, here) in ends and pid != ends[there, here]
    }


@pytest.mark.slow
@pytest.mark.xdist_group("hubs")
@pytest.mark.parametrize(
    ("count", "most"), [(5, 3), thorough(3, 3), thorough(8, 4), thorough(12, 4)]
)
async def test_hubs_form_one_p2p_mesh_and_carry_everything(count: int, most: int) -> None:
    async with mesh(count, hub_mesh_max_peers=most, mesh_migration_delay=DELAY) as hubs:

        async def look() -> set[tuple[int, int]]:
            return tcp_between(hubs.hubs)

        # Else that there are none at last would say nothing.
        await eventually("sockets between hubs", look, bool)
        views = await hubs.settled()
        assert components(views) == 1
        for view in views:
            own = next(each for each in view["hubs"] if each["peerId"] == view["hubPeerId"])
            assert min(2, count - 1) <= len(own["links"]) <= most
        for hub in hubs.hubs:
            assert hub.told("hubMeshReady")[-1]["p2pConnections"] >= min(2, count - 1)
            assert hub.told("hubMeshMigrated")
        assert tcp_between(hubs.hubs) == set()
        async with AsyncExitStack() as stack:
            clients = {}
            for number, hub in enumerate(hubs.hubs):
                peer = f"{number:040x}"
                clients[peer] = await stack.enter_async_context(await Client.at(hub.port, peer))
                assert (await clients[peer].next())["type"] == "connected"
                await clients[peer].announce()
            await asyncio.gather(*(_meets_all(clients, peer) for peer in clients))
            for one, other in permutations(clients, 2):
                for number in range(BURST):
                    await clients[one].signal(other, "ice-candidate", [one, number])
            await asyncio.gather(*(_gets_all(clients, peer) for peer in clients))
        assert tcp_between(hubs.hubs) == set()


async def _meets_all(clients: dict[str, Client], peer: str) -> None:
    others = set(clients) - {peer}
    met = [(await clients[peer].until("peer-discovered"))["data"]["peerId"] for _ in others]
    assert sorted(met) == sorted(others)


async def _gets_all(clients: dict[str, Client], peer: str) -> None:
    others = set(clients) - {peer}
    got: dict[str, list[int]] = {other: [] for other in others}
    for _ in range(BURST * len(others)):
        message = await clients[peer].until("ice-candidate")
        sender, number = message["data"]
        assert message["fromPeerId"] == sender
        got[sender].append(number)
    assert all(numbers == list(range(BURST)) for numbers in got.values())
    assert await clients[peer].before_pong() == []
