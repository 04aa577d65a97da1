"""When the mesh is ready, and which WebSockets are closed then (S17, S19, S21)."""

from __future__ import annotations

from peerpigeon.core.interface.notices import HubMeshMigrated, HubMeshReady
from peerpigeon.core.mesh.limits import MeshLimits
from tests.core.mesh.benches import met
from tests.core.mesh.meshes import CHANNEL, HUBS, SOCKET, Bench, Meshes, closings, of_kind


def test_hubs_form_a_ring_of_channels_and_are_ready_s17() -> None:
    hubs = HUBS[:4]
    meshes = met(*hubs, hub_mesh_max_peers=2)
    for place, own in enumerate(hubs):
        channels = {hub for hub, carrier in meshes.neighbours(own) if carrier is CHANNEL}
        assert channels == {hubs[place - 1], hubs[(place + 1) % 4]}
        assert meshes.meshes[own].snapshot().ready
        assert meshes.meshes[own].snapshot().known_hubs == 4
        assert len(of_kind(HubMeshReady, meshes.notices(own))) == 1
        assert not meshes.meshes[own].snapshot().migrated


def test_ten_seconds_later_the_websockets_are_closed_and_the_channels_stay_s19() -> None:
    meshes = met(*HUBS[:4], hub_mesh_max_peers=2)
    meshes.run(12.0)
    for own in HUBS[:4]:
        picture = meshes.meshes[own].snapshot()
        assert (picture.migrated, picture.p2p_links, picture.websocket_links) == (True, 2, 0)
        (migrated,) = of_kind(HubMeshMigrated, meshes.notices(own))
        assert migrated.p2p_connections == 2
        assert set(meshes.closings(own)) <= {"1000 migrated to P2P"}


def test_a_websocket_whose_end_has_said_nothing_is_closed_with_the_others() -> None:
    limits = MeshLimits(proof_timeout=60.0)
    bench = Bench(limits=limits, hub_mesh_min_peers=1, heartbeat_interval=20.0)
    link = bench.link(HUBS[1])
    silent = bench.open(SOCKET)
    assert closings(bench.pass_time(0.0, 9.0, link)) == {}
    assert closings(bench.pass_time(10.0, 11.0, link)) == {silent: (1000, "migrated to P2P")}


def test_where_channels_cannot_be_had_the_mesh_stays_on_websockets_s21() -> None:
    meshes = Meshes(*HUBS[:3])
    meshes.cannot_have_channels |= set(HUBS)
    meshes.dial(HUBS[1], HUBS[0])
    meshes.dial(HUBS[2], HUBS[0])
    meshes.run(20.0)
    for own in HUBS[:3]:
        assert meshes.neighbours(own) == {(hub, SOCKET) for hub in HUBS[:3] if hub != own}
        assert not meshes.meshes[own].snapshot().ready
        assert "1000 migrated to P2P" not in meshes.closings(own)


def test_a_websocket_opened_after_the_move_has_its_ten_seconds_too() -> None:
    meshes = met(*HUBS[:3], heartbeat_interval=0.5)
    meshes.run(12.0)
    meshes.dial(HUBS[1], HUBS[2])
    meshes.run(9.0)
    assert (HUBS[1], CHANNEL) in meshes.neighbours(HUBS[2])
    assert meshes.meshes[HUBS[2]].snapshot().websocket_links == 1
    meshes.run(2.0)
    assert meshes.meshes[HUBS[2]].snapshot().websocket_links == 0
