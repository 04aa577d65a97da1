"""What is known of each hub, from what it tells and answers."""

from dataclasses import replace
from typing import Any

import pytest

from peerpigeon.network.status import HubStatus, State, changes, in_words, links, totals
from tests.network.hubs import SOCKETS, hub_id, hubs, linked

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


def test_a_link_is_there_when_both_ends_say_so_and_live() -> None:
    three = linked(hubs(3, (1, 2)), (1, 2), (2, 3), carrier=SOCKETS)
    assert links(three) == {(1, 2): "p2p", (2, 3): "websocket"}
    assert links([three[0], three[1].died("x"), three[2]]) == {}
    one_sided = [three[0], hubs(2)[1]]
    assert links(one_sided) == {}


def test_totals_of_a_row_of_four_and_of_its_halves() -> None:
    row = hubs(4, (1, 2), (2, 3), (3, 4))
    whole = totals(row)
    # Two each way at distance 3, four at 2, six at 1.
    assert (whole.parts, whole.p2p) == (1, 3)
    assert whole.hops == pytest.approx((2 * 3 + 4 * 2 + 6) / 12)
    row[1] = row[1].died("killed by SIGKILL")
    broken = totals(row)
    assert (broken.hubs, broken.dead, broken.parts, broken.p2p, broken.hops) == (3, 1, 2, 1, 1.0)
    assert in_words(broken) == "3 hubs, 1 dead, in 2 parts, links: 1 p2p, 1.00 hops on average"


def test_totals_of_nothing() -> None:
    assert in_words(totals([HubStatus(1), HubStatus(2)])) == "0 hubs"


def test_each_change_is_told_in_a_line() -> None:
    before = [HubStatus(1), *hubs(3)[1:]]
    after = linked(hubs(3), (1, 2), (1, 3), carrier=SOCKETS)
    after[1] = replace(after[1], state=State.READY, clients=1)
    assert list(changes(before, after)) == [
        "hub 1 listens on port 3000, its id is 11111111",
        "hub 2 is ready",
        "hub 2 has 1 client",
        "hubs 1 and 2 are linked over websocket",
        "hubs 1 and 3 are linked over websocket",
    ]
    assert in_words(totals(after)) == "3 hubs, one mesh, links: 2 websocket, 1.33 hops on average"
    later = linked(after, (1, 2))
    later[1] = replace(later[1], state=State.MIGRATED)
    later[2] = later[2].died("killed by SIGKILL")
    assert list(changes(after, later)) == [
        "hub 2 is migrated: data channels only",
        "hub 3 is dead: killed by SIGKILL",
        "hubs 1 and 2 are now linked over p2p",
        "hubs 1 and 3 are no longer linked",
    ]
    assert list(changes(later, later)) == []


def test_a_hub_that_has_too_few_links_again_is_told_of() -> None:
    ready = [replace(hubs(1)[0], state=State.READY)]
    assert list(changes(ready, hubs(1))) == ["hub 1 is no longer ready"]
