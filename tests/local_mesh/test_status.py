"""What is known of each hub, from what it tells and answers."""

from dataclasses import replace
from typing import Any

import pytest

from peerpigeon.local_mesh.status import HubStatus, State
from tests.local_mesh.hubs import hub_id, hubs

A, B = hub_id(1), hub_id(2)
Json = dict[str, Any]


def health(**mesh: Any) -> Json:
    return {
        "connections": 0,
        "signals": {"relayed": 0, "refused": 0},
        "hubMesh": {"ready": False, "migrated": False} | mesh,
    }


def mesh(*sockets: str, channels: tuple[str, ...] = ()) -> Json:
    own = [{"peerId": hub, "carrier": "websocket"} for hub in sockets]
    own += [{"peerId": hub, "carrier": "p2p"} for hub in channels]
    return {
        "hubs": [
            {"peerId": A, "links": own},
            {"peerId": "f" * 40, "links": [{"peerId": "e" * 40, "carrier": "websocket"}]},
        ]
    }


def test_events_lead_a_hub_from_start_to_migration() -> None:
    status = HubStatus(1, websocket=frozenset({"c" * 40}))
    assert status.state is State.STARTING
    seen = []
    for event in (
        {"event": "started", "hub": A, "host": "localhost", "port": 3000},
        {"event": "hubRegistered", "hub": A, "peerId": A, "totalHubs": 1},
        {"event": "hubP2PConnected", "hub": A, "hubPeerId": B},
        {"event": "hubMeshReady", "hub": A, "p2pConnections": 1, "totalHubs": 2},
        {"event": "hubMeshMigrated", "hub": A, "migratedCount": 1, "p2pConnections": 1},
        {"event": "peerConnected", "hub": A, "peerId": "c" * 40, "totalConnections": 7},
        {"event": "hubP2PDisconnected", "hub": A, "hubPeerId": B},
        {"event": "something new", "hub": A},
    ):
        status = status.heard(event)
        seen.append((status.state, status.p2p, status.clients))
    none, one = frozenset[str](), frozenset({B})
    assert (status.port, status.hub_id, status.websocket) == (3000, A, none)
    assert seen == [
        (State.JOINING, none, 0),
        (State.JOINING, none, 0),
        (State.JOINING, one, 0),
        (State.READY, one, 0),
        (State.MIGRATED, one, 0),
        (State.MIGRATED, one, 7),
        (State.MIGRATED, none, 7),
        (State.MIGRATED, none, 7),
    ]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({}, State.JOINING),
        ({"ready": True}, State.READY),
        ({"ready": True, "migrated": True}, State.MIGRATED),
    ],
)
def test_answers_tell_the_state_too(answer: Json, state: State) -> None:
    known = replace(hubs(1)[0], state=State.READY)
    assert known.answered(health(**answer), mesh(), 1.0).state is state


def test_sockets_are_those_the_hub_itself_publishes_and_that_are_no_channel_by_now() -> None:
    (status, _) = hubs(2, (1, 2))
    third = hub_id(3)
    status = status.answered(health(), mesh(B, third, channels=(B,)), 1.0)
    assert status.p2p == {B}
    assert status.websocket == {third}


def test_a_rate_is_what_came_between_two_answers() -> None:
    status = hubs(1)[0]
    rates = []
    for now, relayed in ((1.0, 100), (2.0, 110), (4.0, 150), (5.0, 0)):
        answer = health() | {"signals": {"relayed": relayed}}
        status = status.answered(answer, mesh(), now)
        rates.append(status.rate)
    assert rates == [0.0, 10.0, 20.0, 0.0]
