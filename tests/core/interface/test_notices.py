"""The documented names of the events and of their fields (S27)."""

import msgspec
import pytest

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import (
    NOTICES,
    HubDiscovered,
    HubMeshMigrated,
    HubP2PConnected,
    Notice,
    PeerAnnounced,
    PeerDisconnected,
    name_of,
)

A = PeerId("a" * 40)
B = PeerId("b" * 40)


def test_events_have_the_documented_names() -> None:
    assert list(NOTICES) == [
        "started",
        "stopped",
        "draining",
        "error",
        "warning",
        "peerConnected",
        "peerDisconnected",
        "peerAnnounced",
        "peerGoodbye",
        "hubRegistered",
        "hubUnregistered",
        "hubP2PConnected",
        "hubP2PDisconnected",
        "hubMeshReady",
        "hubMeshMigrated",
        "hubDiscovered",
        "hubAlone",
        "bootstrapConnected",
        "bootstrapDisconnected",
    ]
    assert all(name_of(kind) == name for name, kind in NOTICES.items())


@pytest.mark.parametrize(
    ("notice", "fields"),
    [
        (
            HubDiscovered(A, B, ("ws://a:1",)),
            {"event": "hubDiscovered", "peerId": A, "via": B, "data": ("ws://a:1",)},
        ),
        (HubP2PConnected(A), {"event": "hubP2PConnected", "hubPeerId": A}),
        (
            HubMeshMigrated(2, 3),
            {"event": "hubMeshMigrated", "migratedCount": 2, "p2pConnections": 3},
        ),
        (
            PeerAnnounced(A, "net1", False),
            {"event": "peerAnnounced", "peerId": A, "networkName": "net1", "isHub": False},
        ),
        (
            PeerDisconnected(A, 1001, "bye", 3),
            {
                "event": "peerDisconnected",
                "peerId": A,
                "code": 1001,
                "reason": "bye",
                "totalConnections": 3,
            },
        ),
    ],
)
def test_events_have_the_documented_fields(notice: Notice, fields: dict[str, object]) -> None:
    assert msgspec.to_builtins(notice) == fields
