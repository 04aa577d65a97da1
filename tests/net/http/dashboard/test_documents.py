"""What the dashboard is told of a mesh."""

from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.notices import PeerAnnounced
from peerpigeon.core.interface.snapshot import (
    HubRecord,
    HubView,
    LinkRecord,
    MeshSnapshot,
    MissingHub,
    TopologySnapshot,
)
from peerpigeon.net.http.dashboard.documents import event_document, mesh_document

A, B, C, D = (PeerId(digit * 40) for digit in "abcd")
NOW = 1_000_000.0


def link(hub: PeerId, carrier: str = "p2p", purpose: str = "mesh") -> LinkRecord:
    return LinkRecord(hub, carrier, purpose)


def view(hub: PeerId, *links: LinkRecord, **more: object) -> HubView:
    fields = {"incarnation": 1, "addresses": (f"ws://{hub[0]}:1",), "is_draining": False, **more}
    return HubView(peer_id=hub, links=links, **fields)  # type: ignore[arg-type]


def mesh(*hubs: HubView, missing: tuple[MissingHub, ...] = ()) -> TopologySnapshot:
    return TopologySnapshot(A, True, NOW, MeshSnapshot(), hubs, missing)


def test_a_link_is_told_once_if_both_ends_show_it() -> None:
    told = mesh_document(
        mesh(
            view(A, link(B), link(C, "websocket")),
            view(B, link(A), link(C)),
            view(C, link(A, "websocket", "spare")),
        ),
        (),
    )
    assert told["links"] == [(0, 1, "p2p", "mesh"), (0, 2, "websocket", "spare")]


def test_a_link_has_a_channel_as_soon_as_one_end_knows_of_it() -> None:
    told = mesh_document(mesh(view(A, link(B, "websocket")), view(B, link(A))), ())
    assert [carrier for _, _, carrier, _ in told["links"]] == ["p2p"]


def test_a_link_to_itself_or_to_nobody_is_none() -> None:
    assert mesh_document(mesh(view(A, link(A), link(D))), ())["links"] == []


def test_each_hub_has_its_state_and_since_when_it_is_there() -> None:
    hubs = view(A), view(B, is_draining=True), view(C, is_reachable=False)
    told = mesh_document(mesh(*hubs), [HubRecord(B, "hubs", 12.5, NOW)])
    assert [(hub["id"], hub["state"], hub["since"]) for hub in told["hubs"]] == [
        (A, "ready", None),
        (B, "draining", 12_500),
        (C, "lost", None),
    ]
    assert (told["own"], told["isHub"]) == (A, True)


def test_how_many_clients_a_hub_has_is_told_if_it_tells() -> None:
    told = mesh_document(mesh(view(A, clients=7), view(B)), ())["hubs"]
    assert [hub["clients"] for hub in told] == [7, None]


def test_a_hub_of_the_npm_package_is_linked_with_this_one() -> None:
    told = mesh_document(mesh(view(A)), [HubRecord(A, "hubs", 1, NOW), HubRecord(B, "hubs", 2, 9)])
    assert told["hubs"][1] == {"id": B, "addresses": (), "state": "npm", "since": 2000}
    assert told["links"] == [(0, 1, "websocket", "mesh")]


def test_who_has_left_is_told_for_a_while_unless_another_hub_is_there() -> None:
    gone = (
        MissingHub(B, ("ws://b:1",), NOW - 301, has_stopped=False),
        MissingHub(C, ("ws://c:1",), NOW - 2.5, has_stopped=False),
        MissingHub(D, (), NOW - 2, has_stopped=True),
        MissingHub(PeerId("f" * 40), (), NOW - 31, has_stopped=True),
        MissingHub(PeerId("e" * 40), ("ws://a:1",), NOW - 1, has_stopped=False),
    )
    told = mesh_document(mesh(view(A), missing=gone), ())["gone"]
    assert [(hub["id"], hub["state"], hub["since"]) for hub in told] == [
        (C, "lost", 999_997_500),
        (D, "stopped", 999_998_000),
    ]


def test_no_more_than_some_addresses_of_a_hub_are_told() -> None:
    addresses = tuple(f"ws://a:{port}" for port in range(1, 65))
    (told,) = mesh_document(mesh(view(A, addresses=addresses)), ())["hubs"]
    assert told["addresses"] == addresses[:4]


def test_an_event_has_its_documented_names_and_its_time() -> None:
    assert event_document(PeerAnnounced(A, "lobby", False), 1.5) == {
        "event": "peerAnnounced",
        "time": 1500,
        "peerId": A,
        "networkName": "lobby",
        "isHub": False,
    }
