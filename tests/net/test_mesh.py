"""Hubs in one process that link up by real data channels."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from peerpigeon import ConfigError, PeerPigeonServer
from peerpigeon.core.interface.notices import HubMeshMigrated, HubMeshReady, HubP2PConnected
from tests.net.client import A, B, join
from tests.net.hubs import DEADLINE, eventually, hub, network, uri

P2P = {"webrtc_engine": "auto", "mesh_migration_delay": 0.3}


def is_migrated(server: PeerPigeonServer) -> bool:
    mesh = server.get_stats().mesh
    return mesh.ready and mesh.migrated and mesh.websocket_links == 0


@pytest.mark.slow
async def test_hubs_link_by_data_channel_and_give_up_their_sockets() -> None:
    """S12, S17, S19, S20: what is sent meanwhile arrives once and in order."""
    async with hub(**P2P) as (first, told), hub(uri(first), **P2P) as (second, _):
        async with await join(first, A) as a, await join(second, B) as b:
            await a.until("peer-discovered")
            sent = 0
            async with asyncio.timeout(DEADLINE):
                while not (is_migrated(first) and is_migrated(second)):
                    await a.signal(B, "ice-candidate", sent)
                    assert (await b.until("ice-candidate"))["data"] == sent
                    sent += 1
            await a.signal(B, "offer", "x" * 700_000)
            assert len((await b.until("offer"))["data"]) == 700_000
        kinds = [type(notice) for notice in told.notices]
        assert kinds.index(HubP2PConnected) < kinds.index(HubMeshReady)
        assert kinds.index(HubMeshReady) < kinds.index(HubMeshMigrated)


def purposes(server: PeerPigeonServer) -> list[tuple[str, str]]:
    """Return over what a hub is linked, and what for."""
    own = [each for each in server.get_topology().hubs if each.peer_id == server.hub_peer_id]
    return [(link.carrier, link.purpose) for each in own for link in each.links]


async def test_hubs_stay_linked_by_their_socket_when_a_channel_cannot_be_had() -> None:
    """S21: one end has no WebRTC at all."""
    async with hub(**P2P) as (first, _), hub(uri(first)) as (second, _):
        given_up = [("websocket", "mesh")]
        await eventually(lambda: given_up in (purposes(first), purposes(second)))
        async with await join(first, A) as a, await join(second, B) as b:
            await a.until("peer-discovered")
            await a.signal(B)
            await b.until("offer")
            assert second.get_stats().mesh.p2p_links == 0


@pytest.mark.slow
async def test_any_hub_lets_a_late_one_in_after_migration() -> None:
    """S8."""
    async with network(3, **P2P) as servers:
        await eventually(lambda: all(is_migrated(server) for server in servers))
        async with hub(uri(servers[2]), **P2P) as (late, _):
            await eventually(lambda: len(late.get_connected_hubs()) == 3 and is_migrated(late))
            await eventually(lambda: all(is_migrated(server) for server in servers))


async def test_an_engine_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="write auto, builtin"):
        PeerPigeonServer(is_hub=True, webrtc_engine="magic")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("ice_servers", ("stun:",)),
        ("ice_servers", ("turn:host",)),
        ("udp_ports", "4000"),
        ("udp_ports", "5000-4000"),
        ("public_address", "example.org"),
    ],
)
def test_what_cannot_be_used_is_refused_before_the_start(option: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=option):
        PeerPigeonServer(is_hub=True, **{option: value})
