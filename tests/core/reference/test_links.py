"""A hub of the npm package uses ours as its bootstrap hub: it comes as a client and says more."""

import json

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.actions import (
    Action,
    SendToPeers,
)
from peerpigeon.core.interface.events import PeerSent
from peerpigeon.core.interface.notices import (
    HubDiscovered,
    HubRegistered,
    HubUnregistered,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
)
from peerpigeon.core.reference.links import MOST_OF_ALL, MOST_OF_ONE
from peerpigeon.core.sessions.takeover import BACKLOG_MESSAGES
from tests.core.harness import EPOCH, HUB, A, B, C, D, Desk, Json
from tests.core.reference.messages import (
    MESH,
    announce,
    discovered,
    gone,
    itself,
    signal,
)

R = PeerId("e" * 40)
S = PeerId("f" * 40)


def hub_desk(**options: object) -> Desk:
    return Desk(ServerConfig(is_hub=True, **options))  # type: ignore[arg-type]


def come(desk: Desk, hub: PeerId, *clients: PeerId, now: float = 0.0) -> SessionId:
    """Let a reference hub link up with the clients that it has, and forget the greetings."""
    session = desk.open(hub, now)
    desk.say(session, announce(), now)
    desk.say(session, itself(hub), now)
    for client in clients:
        desk.say(session, discovered(client), now)
    desk.take(session)
    return session


def kept(desk: Desk, session: SessionId) -> int:
    """Return how many bytes the clients of a hub take."""
    link = desk.hub._clients.references.get(session)
    assert link is not None
    assert (link.size == 0) == (not link.clients)
    return link.size


def briefly(frames: list[Json]) -> list[tuple[str, str]]:
    return [(frame["type"], frame["data"]["peerId"]) for frame in frames]


# Linking up


def test_a_reference_hub_is_greeted_and_told_of_this_hub_only() -> None:
    desk = hub_desk()
    other, first = come(desk, S, B), desk.join(A)
    session = desk.open(R)
    assert desk.take_types(session) == ["connected"]
    desk.say(session, announce())
    at = int(EPOCH * 1000)
    assert desk.take(session) == [
        {
            "type": "peer-discovered",
            "data": {"peerId": HUB, "isHub": True},
            "networkName": MESH,
            "fromPeerId": "system",
            "targetPeerId": R,
            "timestamp": at,
        },
    ]
    assert desk.take(other)[1:] == []
    assert desk.take_types(first) == ["connected", "peer-discovered"]


def test_a_reference_hub_is_listed_and_told_of() -> None:
    desk = hub_desk()
    session = desk.open(R)
    desk.clear()
    desk.say(session, announce(port=4000), now=1.0)
    assert desk.notices == [
        PeerAnnounced(R, MESH, is_hub=True),
        HubDiscovered(R, R, ("ws://127.0.0.1:4000",)),
        HubRegistered(R, 2),
    ]
    assert [record.peer_id for record in desk.hub.status.snapshot(1.0).hubs] == [HUB, R]
    assert desk.hub.status.snapshot(1.0).hubs[1].namespace == MESH
    desk.clear()
    desk.lose(session, now=2.0)
    assert desk.notices[-1] == HubUnregistered(R, 1)
    assert [record.peer_id for record in desk.hub.status.snapshot(2.0).hubs] == [HUB]


@pytest.mark.parametrize(
    ("data", "addresses"),
    [
        ({"host": "::1", "port": 4000}, ("ws://[::1]:4000",)),
        ({"host": None}, ()),
        ({"port": "4000"}, ()),
    ],
)
def test_a_hub_may_say_where_it_listens(data: Json, addresses: tuple[str, ...]) -> None:
    desk = hub_desk()
    session = desk.open(R)
    desk.clear()
    desk.say(session, {"type": "announce", "networkName": MESH, "data": {"isHub": True} | data})
    assert HubDiscovered(R, R, addresses) in desk.notices


@pytest.mark.parametrize(
    ("options", "is_welcome"),
    [
        ({"host": "localhost"}, True),
        ({"host": "127.0.0.1"}, True),
        ({"host": "::1"}, True),
        ({"host": "localhost", "advertise": ("ws://[::1]:3000", "ws://127.0.0.2")}, True),
        ({"host": "localhost", "advertise": ("ws://[::1]:3000", "wss://hub.example/x")}, False),
        ({"host": "localhost", "hub_secret": "x" * 32}, False),
        ({"host": "localhost", "hub_secret": "x" * 32, "reference_hubs": "yes"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "192.0.2.1"}, False),
        ({"host": "hub.example"}, False),
        ({"host": "hub.example", "reference_hubs": "yes"}, True),
        ({"host": "localhost", "reference_hubs": "no"}, False),
    ],
)
def test_who_may_be_a_reference_hub(options: Json, is_welcome: bool) -> None:
    """Who is believed to be a hub speaks for others: on the loopback, or if told so."""
    desk = hub_desk(**options, open_mesh=True)
    session = desk.open(R)
    desk.say(session, announce())
    answer = desk.take(session)[1]
    assert (answer["type"] == "peer-discovered") == is_welcome
    assert is_welcome or "reference_hubs=yes" in answer["error"]
    desk.say(session, discovered(B))
    assert (desk.hub.status.snapshot(0.0).connections == 2) == is_welcome


def test_a_plain_server_links_up_with_nobody() -> None:
    desk = Desk(ServerConfig(reference_hubs="yes"))
    session = desk.open(R)
    desk.say(session, announce())
    assert "this server is none" in desk.take(session)[1]["error"]


def test_a_hub_elsewhere_than_in_the_reserved_namespace_is_a_client() -> None:
    desk = hub_desk()
    session, a = desk.open(R), desk.join(A)
    desk.say(session, announce() | {"networkName": "net1"})
    desk.say(session, discovered(B))
    assert briefly(desk.take(a)[1:]) == [("peer-discovered", R)]
    assert desk.take_types(session)[-1] == "error"


# Discovery


def test_clients_of_both_sides_come_to_know_each_other() -> None:
    desk = hub_desk()
    a = desk.open(A)
    desk.announce(a, peerId=A, name="anna")
    session = come(desk, R)
    desk.clear()
    b = PeerId(B.upper())
    desk.say(session, discovered(b, name="bert"), now=1.0)
    at = int((EPOCH + 1.0) * 1000)
    assert desk.take(a) == [
        {
            "type": "peer-discovered",
            "data": {"peerId": b, "isHub": False, "name": "bert"},
            "networkName": "net1",
            "fromPeerId": "system",
            "targetPeerId": A,
            "timestamp": at,
        }
    ]
    assert desk.take(session) == [
        {
            "type": "peer-discovered",
            "data": {"peerId": A, "isHub": False, "name": "anna"},
            "networkName": "net1",
            "fromPeerId": "system",
            "timestamp": at,
        }
    ]
    assert PeerAnnounced(b, "net1", is_hub=False) in desk.notices
    assert PeerConnected(b, 3) in desk.notices


@pytest.mark.parametrize(
    "start", [{"bootstrap_hubs": ("ws://elsewhere:3000",)}, {"bootstrap_dns": ("elsewhere",)}]
)
def test_a_hub_that_starts_from_others_serves_nobody_alone_before_it_could_reach_them(
    start: dict[str, tuple[str, ...]],
) -> None:
    desk = hub_desk(**start)
    a = desk.join(A)
    come(desk, R, B)
    desk.tick(0.9)
    assert "peer-discovered" not in desk.take_types(a)
    desk.tick(1.0)
    assert desk.take_types(a) == ["peer-discovered"]


def test_a_reference_hub_is_told_of_a_client_once_and_tells_its_own_itself() -> None:
    """It keeps what it was told for those of its clients that come later."""
    desk = hub_desk()
    desk.join(A)
    session = come(desk, R)
    desk.say(session, discovered(B))
    assert briefly(desk.take(session)) == [("peer-discovered", A)]
    desk.say(session, discovered(C))
    assert desk.take(session) == []
    desk.join(D)
    assert briefly(desk.take(session)) == [("peer-discovered", D)]


def test_a_reference_hub_is_told_nothing_of_namespaces_where_it_has_no_client() -> None:
    desk = hub_desk()
    desk.join(A, "net2")
    session = come(desk, R, B)
    desk.join(C, "net2")
    assert desk.take(session) == []


def test_a_client_that_leaves_is_reported_gone_to_the_hub_once() -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B, C)
    desk.lose(a, now=3.0)
    at = int((EPOCH + 3.0) * 1000)
    assert desk.take(session) == [
        {
            "type": "peer-disconnected",
            "data": {"peerId": A, "isHub": False, "reason": "disconnected", "timestamp": at},
            "networkName": "net1",
            "fromPeerId": "system",
            "timestamp": at,
        }
    ]


def test_a_goodbye_is_for_a_reference_hub_like_any_end() -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.say(a, {"type": "goodbye"})
    desk.lose(a)
    assert briefly(desk.take(session)) == [("peer-disconnected", A)]


def test_a_hub_forgets_the_members_of_a_namespace_in_which_it_has_no_client_left() -> None:
    """Else it would tell clients that come later of some that are gone by then."""
    desk = hub_desk()
    desk.join(A)
    session = come(desk, R, B, C)
    desk.say(session, gone(B))
    assert desk.take(session) == []
    desk.say(session, gone(C))
    assert briefly(desk.take(session)) == [("peer-disconnected", A)]
    desk.say(session, discovered(D))
    assert briefly(desk.take(session)) == [("peer-discovered", A)]


@pytest.mark.parametrize("namespace", ["net1", "global", None])
def test_the_namespace_of_a_departure_is_looked_up(namespace: str | None) -> None:
    """It is wrong after a goodbye, and one of its two copies has none."""
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, gone(B.upper(), namespace))
    assert briefly(desk.take(a)) == [("peer-disconnected", B)]
    desk.say(session, gone(B, None))
    assert desk.take(a) == []
    assert [n for n in desk.notices if isinstance(n, PeerDisconnected)] == [
        PeerDisconnected(B, 1000, "gone from its hub", 2)
    ]


def test_a_client_that_announces_itself_elsewhere_leaves_the_first_namespace() -> None:
    desk = hub_desk()
    a, c = desk.join(A), desk.join(C, "net2")
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, discovered(B, "net2"))
    assert briefly(desk.take(a)) == [("peer-disconnected", B)]
    assert briefly(desk.take(c)) == [("peer-discovered", B)]
    assert briefly(desk.take(session)) == [("peer-disconnected", A), ("peer-discovered", C)]


def test_announcing_a_client_again_tells_nobody_anything_twice() -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, discovered(B))
    assert desk.take(a) == desk.take(session) == []


def test_clients_of_two_reference_hubs_come_to_know_each_other() -> None:
    """Which is more than such hubs do for each other."""
    desk = hub_desk()
    one, other = come(desk, R, A), come(desk, S, B)
    assert briefly(desk.take(one)) == [("peer-discovered", B)]
    desk.say(other, discovered(C))
    assert briefly(desk.take(one)) == [("peer-discovered", C)]
    desk.say(one, discovered(D))
    assert briefly(desk.take(other)) == [("peer-discovered", D)]


# Signals


@pytest.mark.parametrize("kind", ["offer", "answer", "ice-candidate"])
def test_signals_pass_both_ways_as_they_are(kind: str) -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.clear()
    data: Json = {"sdp": "v=0\r\n", "odd": [1.50, None]}
    expected: Json = {
        "type": kind,
        "data": data,
        "networkName": "net1",
        "timestamp": int((EPOCH + 2.0) * 1000),
    }
    desk.signal(a, B.upper(), kind, data=data, now=2.0)
    assert desk.take(session) == [expected | {"fromPeerId": A, "targetPeerId": B}]
    desk.say(session, signal(B, A, data, kind), now=2.0)
    assert desk.take(a) == [expected | {"fromPeerId": B, "targetPeerId": A}]
    assert desk.hub.status.snapshot(2.0).signals_relayed == 2


def test_signals_between_clients_of_two_reference_hubs_cross_once() -> None:
    desk = hub_desk()
    one, other = come(desk, R, A), come(desk, S, B)
    desk.clear()
    desk.say(one, signal(A, B, "Aa"))
    desk.say(one, signal(A, B, "BB"))
    assert [frame["data"] for frame in desk.take(other)] == ["Aa", "BB"]
    assert desk.take(one) == []


def test_a_hub_speaks_for_its_own_clients_only() -> None:
    desk = hub_desk()
    a = desk.join(A)
    desk.join(C)
    session, other = come(desk, R, B), come(desk, S, D)
    desk.clear()
    for sender in (C, D, R, HUB, A):
        desk.say(session, signal(sender, A))
    assert desk.take(a) == desk.take(other) == []
    desk.say(session, gone(C))
    desk.say(session, gone(D))
    assert desk.take(a) == []


def test_namespaces_are_strict_between_hubs() -> None:
    desk = hub_desk()
    a, c = desk.join(A), desk.join(C, "net2")
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, signal(B, C, namespace="net2"))
    desk.say(session, signal(B, C, namespace="net1"))
    assert desk.take(c) == []
    desk.signal(c, B, namespace="net2")
    desk.signal(c, B, namespace="net1")
    assert desk.take(session) == desk.take(a) == []
    assert desk.take_types(c) == ["error", "error"]


def test_nothing_answers_a_reference_hub_that_would_link_by_data_channel() -> None:
    """It would stop using its sockets, and cannot act on what comes by the channel."""
    desk = hub_desk()
    session = come(desk, R, B)
    for kind in ("offer", "ice-candidate"):
        desk.say(session, signal(R, HUB, "v=0", kind, MESH))
        desk.say(session, signal(B, HUB, "v=0", kind, MESH))
    assert desk.take(session) == []


@pytest.mark.parametrize("kind", ["connection-rejected", "renegotiation-offer"])
def test_a_signal_that_a_reference_hub_would_drop_comes_back(kind: str) -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.clear()
    desk.signal(a, B, kind)
    assert desk.take(a)[0]["data"] == {"type": kind, "targetPeerId": B, "reason": "unsupported"}
    assert desk.take(session) == []


def test_a_signal_to_nobody_is_counted_and_not_answered() -> None:
    """The hub could not pass an error on."""
    desk = hub_desk()
    session = come(desk, R, B)
    desk.say(session, signal(B, C))
    assert desk.take(session) == []
    assert desk.hub.status.snapshot(0.0).signals_refused == 1


@pytest.mark.parametrize(
    "message",
    [
        {"type": "error", "error": "does not route 'peer-disconnected'", "timestamp": 1},
        {"type": "pong", "data": {"timestamp": 1}},
        {"type": "connected", "data": {"peerId": R}},
        {"type": "goodbye", "data": {"peerId": R}},
        {"type": "ping"},
        announce(),
        itself(R),
    ],
)
def test_what_means_nothing_between_hubs_gets_no_answer(message: Json) -> None:
    desk = hub_desk()
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, message)
    assert desk.take(session) == []
    assert desk.notices == []


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[]",
        {"type": "peer-discovered"},
        {"type": "peer-discovered", "data": "x"},
        {"type": "peer-discovered", "data": {"peerId": 7}},
        {"type": "peer-discovered", "data": {"peerId": "7"}},
        {"type": "peer-disconnected", "data": None},
        {"type": "offer", "data": "x", "targetPeerId": A, "networkName": "net1"},
        {"type": "offer", "data": "x", "fromPeerId": B, "networkName": "net1"},
        {"type": "offer", "data": "x", "fromPeerId": "", "targetPeerId": A},
        discovered("x"),
        discovered(HUB),
        discovered(C, "n" * 129),
        discovered(C, name="x" * 20_000),
        "[" * 100_000,
    ],
)
def test_what_makes_no_sense_changes_nothing(message: object) -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, message)
    assert desk.take(a) == []
    assert desk.closed == {}
    assert desk.hub.status.snapshot(0.0).messages_refused == 1
    assert desk.hub.status.snapshot(0.0).connections == 3


# What such a hub may claim


def test_a_web_page_is_no_hub_whatever_it_says() -> None:
    desk = hub_desk()
    page = desk.open(R, is_page=True)
    desk.take(page)
    desk.say(page, announce())
    (answer,) = desk.take(page)
    assert "reserved for hubs" in answer["error"]
    desk.say(page, discovered(B))
    assert desk.hub.status.snapshot(0.0).connections == 1


def test_a_web_page_that_waited_for_the_id_of_a_hub_is_none_either() -> None:
    desk = hub_desk()
    hub = come(desk, R)
    page = desk.open(R, is_page=True)
    desk.lose(hub)
    desk.take(page)
    desk.say(page, announce())
    assert "reserved for hubs" in desk.take(page)[-1]["error"]


def test_clients_that_are_refused_are_not_kept() -> None:
    desk = hub_desk(max_connections=901)
    session = come(desk, R)
    for number in range(900):
        desk.say(session, discovered(f"{number:040x}", text="x" * 20_000))
    assert desk.hub.status.snapshot(0.0).messages_refused == 900
    assert kept(desk, session) == 0
    desk.say(session, discovered(B))
    assert desk.hub.status.snapshot(0.0).connections == 2


def test_the_clients_of_one_hub_take_4_mib_and_those_of_all_16() -> None:
    desk = hub_desk(max_connections=10_000)
    each = MOST_OF_ONE // 16_000
    sessions = [come(desk, PeerId(f"{hub:040x}")) for hub in range(1, 6)]
    for hub, session in enumerate(sessions):
        for number in range(each + 20):
            desk.say(session, discovered(f"{(hub + 1) * 1000 + number:040x}", text="x" * 15_000))
    sizes = [kept(desk, session) for session in sessions]
    assert MOST_OF_ONE - 16_000 < sizes[0] <= MOST_OF_ONE
    assert sizes[:4] == [sizes[0]] * 4
    assert sum(sizes) <= MOST_OF_ALL
    assert sizes[4] < 16_000 * 5
    desk.lose(sessions[0])
    desk.say(sessions[4], discovered("9" * 40, text="x" * 15_000))
    assert kept(desk, sessions[4]) > sizes[4]


def test_what_a_client_announced_before_is_not_counted_any_more() -> None:
    desk = hub_desk()
    session = come(desk, R)
    desk.say(session, discovered(B, text="x" * 10_000))
    first = kept(desk, session)
    desk.say(session, discovered(B, text="x" * 100))
    assert kept(desk, session) == first - 9_900
    desk.say(session, gone(B))
    desk.say(session, gone(B))
    assert kept(desk, session) == 0


# Ends


def test_when_its_socket_ends_all_its_clients_are_gone_once() -> None:
    desk = hub_desk()
    a, d = desk.join(A), desk.join(D)
    session, other = come(desk, R, B, C), come(desk, S)
    desk.say(other, discovered(PeerId("9" * 40)))
    desk.clear()
    desk.lose(session)
    for client in (a, d):
        assert briefly(desk.take(client)) == [
            ("peer-disconnected", B),
            ("peer-disconnected", C),
        ]
    assert briefly(desk.take(other)) == [("peer-disconnected", B), ("peer-disconnected", C)]
    assert desk.take(session) == []
    assert desk.hub.status.snapshot(0.0).connections == 4
    assert desk.hub.status.snapshot(0.0).announced_peers == 4


def test_a_hub_that_comes_back_is_new() -> None:
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.lose(session)
    desk.clear()
    again = come(desk, R, now=5.0)
    desk.say(again, discovered(B), now=5.0)
    assert briefly(desk.take(a)) == [("peer-discovered", B)]
    assert briefly(desk.take(again)) == [("peer-discovered", A)]


def test_a_silent_hub_is_dropped_with_its_clients() -> None:
    """A client cannot be pinged through it, so it answers for them all."""
    desk = hub_desk()
    a = desk.join(A)
    session = come(desk, R, B)
    desk.clear()
    for now in range(30, 301, 30):
        desk.pong(a, now=float(now))
        desk.tick(float(now))
    assert desk.closed == {session: (1008, "no answer to pings")}
    assert set(desk.pinged) == {a, session}
    assert briefly(desk.take(a)) == [("peer-disconnected", B)]


def test_a_half_open_hub_with_many_clients_gets_in_again() -> None:
    """It says more at once than is kept for who waits, comes every 5 s, and gives up in the end."""
    desk = hub_desk()
    a = desk.join(A)
    first = come(desk, R, B)
    second = desk.open(R, now=10.0)
    desk.say(second, announce(), now=10.0)
    for _ in range(BACKLOG_MESSAGES):
        desk.say(second, discovered(B), now=10.0)
    assert desk.closed == {second: (1008, "Peer already connected")}
    desk.clear()
    desk.tick(12.0)
    assert desk.closed[first] == (1008, "peerId connected again, no answer here")
    assert briefly(desk.take(a)) == [("peer-disconnected", B)]
    third = come(desk, R, B, now=15.0)
    assert third not in desk.closed
    assert briefly(desk.take(a)) == [("peer-discovered", B)]


# Whose id it is


def test_an_id_of_a_client_here_that_lives_stays_there() -> None:
    desk = hub_desk()
    a, c = desk.join(A), desk.join(C)
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, discovered(A), now=1.0)
    assert desk.pinged == [a]
    desk.pong(a, now=1.5)
    desk.tick(3.0)
    desk.signal(c, A, now=4.0)
    assert desk.take_types(a) == ["offer"]
    desk.say(session, signal(A, C), now=4.0)
    assert desk.take(c) == desk.take(session) == []
    assert desk.closed == {}


def test_who_has_shown_that_it_lives_is_not_asked_again() -> None:
    """A hub of the package may hold on to a client for hours that has gone over to us."""
    desk = hub_desk()
    a = desk.join(A, "net2")
    session = come(desk, R)
    desk.say(session, discovered(A), now=1.0)
    desk.pong(a, now=1.1)
    for now in range(2, 25):
        desk.tick(float(now))
    assert desk.pinged == [a]
    assert desk.closed == {}


def test_an_id_of_a_client_here_that_is_gone_passes_to_the_reference_hub() -> None:
    """Its client has gone over to that hub, and the first socket is half-open."""
    desk = hub_desk()
    a, c = desk.join(A), desk.join(C)
    session = come(desk, R, B)
    desk.clear()
    desk.say(session, discovered(A), now=1.0)
    desk.tick(3.0)
    assert list(desk.closed) == [a]
    assert briefly(desk.take(c)) == [("peer-disconnected", A), ("peer-discovered", A)]
    assert briefly(desk.take(session)) == [("peer-disconnected", A)]
    desk.signal(c, A, now=4.0)
    assert [frame["targetPeerId"] for frame in desk.take(session)] == [A]


def test_a_client_that_goes_over_and_closes_its_socket_late_is_found_there() -> None:
    desk = hub_desk()
    a, c = desk.join(A), desk.join(C)
    session = come(desk, R)
    desk.say(session, discovered(A), now=1.0)
    desk.pong(a, now=1.1)
    desk.clear()
    desk.lose(a, now=1.2)
    assert briefly(desk.take(c)) == [("peer-disconnected", A), ("peer-discovered", A)]


def test_an_id_of_a_hubs_client_stays_there_while_the_hub_lives() -> None:
    desk = hub_desk()
    desk.join(C)
    session = come(desk, R, B)
    other = desk.join(B, now=1.0)
    assert desk.pinged == [session]
    desk.pong(session, now=1.5)
    assert desk.closed == {other: (1008, "Peer already connected")}
    desk.tick(3.0)
    assert desk.hub.status.snapshot(3.0).connections == 3


def test_an_id_of_a_hubs_client_is_free_if_the_hub_is_dead() -> None:
    desk = hub_desk()
    c = desk.join(C)
    session = come(desk, R, B)
    desk.clear()
    other = desk.open(B, now=1.0)
    desk.announce(other, now=1.0)
    desk.tick(3.0)
    assert desk.closed == {}
    assert desk.take_types(other) == ["connected", "peer-discovered"]
    assert briefly(desk.take(c)) == [("peer-disconnected", B), ("peer-discovered", B)]
    # If it does live, its word counts again when the id is free.
    desk.pong(session, now=4.0)
    desk.lose(other, now=5.0)
    assert briefly(desk.take(c)) == [("peer-disconnected", B), ("peer-discovered", B)]


def test_a_client_that_goes_from_one_reference_hub_to_another_is_found_there() -> None:
    desk = hub_desk()
    c = desk.join(C)
    one, other = come(desk, R, B), come(desk, S)
    desk.say(other, discovered(B), now=1.0)
    desk.pong(one, now=1.1)
    desk.clear()
    desk.say(one, gone(B), now=1.2)
    assert briefly(desk.take(c)) == [("peer-disconnected", B), ("peer-discovered", B)]
    desk.clear()
    desk.signal(c, B, now=7.0)
    assert [frame["type"] for frame in desk.take(other)[-1:]] == ["offer"]
    assert desk.take(one) == []


def test_a_dead_hub_and_its_contested_client_may_be_due_together() -> None:
    desk = hub_desk()
    come(desk, R, B)
    desk.say(desk.open(R, now=1.0), announce(), now=1.0)
    desk.join(B, now=1.1)
    desk.tick(3.5)
    assert desk.hub.status.snapshot(3.5).connections == 2


# Bounds


def test_clients_of_reference_hubs_count_as_connections() -> None:
    desk = hub_desk(max_connections=3)
    a = desk.join(A)
    session = come(desk, R, B, C)
    assert desk.hub.status.snapshot(0.0).connections == 3
    late = desk.open(D)
    assert set(desk.pinged) == {a, session}, "the clients of a hub have no sockets"
    for now in (0.0, 2.0):  # the first search was for the guest for which there was no place
        desk.pong(a, now)
        desk.pong(session, now)
        desk.tick(2.0)
    assert desk.closed == {late: (1008, "Maximum connections reached")}
    desk.say(session, gone(B), now=1.0)
    desk.clear()
    desk.tick(5.0)
    assert briefly(desk.take(a)) == [("peer-discovered", C)]


def test_a_hub_cannot_name_clients_without_end() -> None:
    desk = hub_desk(max_connections=2)
    session = come(desk, R)
    for number in range(50):
        desk.say(session, discovered(f"{number:040x}"))
    assert desk.hub.status.snapshot(0.0).connections == 2
    for number in range(2):
        desk.say(session, gone(f"{number:040x}"), now=1.0)
    desk.tick(5.0)
    assert desk.hub.status.snapshot(5.0).connections == 1, "the others have been forgotten"


def test_nothing_is_sent_to_a_session_that_has_no_socket() -> None:
    desk = hub_desk()
    actions: list[Action] = []
    session = come(desk, R, B, C)
    a = desk.join(A)
    for message in (signal(B, A), signal(B, D), discovered(B, "net2"), gone(C), gone(B)):
        actions += desk.feed(PeerSent(session, json.dumps(message)))
    actions += desk.feed(PeerSent(a, "{}"))
    sending = [a for a in actions if isinstance(a, SendToPeers)]
    sessions = {
        session
        for action in sending
        for session, _ in zip(action.sessions, action.payloads, strict=True)
    }
    assert sessions
    assert min(sessions) > 0


def test_no_socket_speaks_for_a_guest() -> None:
    desk = hub_desk()
    hub, client = come(desk, R, B), desk.join(A)
    desk.clear()
    guest = SessionId(-1)  # the first; a shell has no socket with such a number
    desk.signal(guest, A)
    assert desk.sent == {}
    desk.say(hub, signal(B, A))
    assert desk.take_types(client) == ["offer"], "its hub does"


def test_a_reference_hub_itself_takes_no_signals() -> None:
    desk = hub_desk()
    hub, client = come(desk, R), desk.join(A)
    desk.clear()
    desk.signal(client, R)
    assert [frame["data"]["reason"] for frame in desk.take(client)] == ["not-found"]
    assert desk.take(hub) == []


# At a full hub


def full_desk() -> tuple[Desk, SessionId, SessionId]:
    """A full hub with a client, a hub and one of its clients; another one finds no place."""
    desk = hub_desk(max_connections=3)
    a, session = desk.join(A), come(desk, R, B)
    desk.say(session, discovered(C))
    assert desk.pinged == [a, session]
    return desk, a, session


def test_a_ghost_makes_room_for_a_guest_that_is_announced_again() -> None:
    desk, a, session = full_desk()
    desk.pong(session, now=0.1)
    desk.tick(2.0)
    assert desk.closed == {a: (1008, "server is full, no answer here")}
    assert desk.hub.status.snapshot(2.0).announced_peers == 2  # the hub, and one of its clients
    desk.tick(5.0)
    assert desk.hub.status.snapshot(5.0).announced_peers == 3


def test_where_all_live_a_guest_finds_no_place() -> None:
    desk, a, session = full_desk()
    for answered in (a, session):
        desk.pong(answered, now=0.1)
    for now in (2.0, 4.0):
        desk.tick(now)
    assert desk.closed == {}
    assert desk.pinged == [a, session]
    desk.tick(5.0)
    assert desk.pinged == [a, session] * 2, "it has come again"


def test_no_ghost_makes_room_for_a_guest_for_which_there_is_room_by_now() -> None:
    desk, _, session = full_desk()
    desk.say(session, gone(B), now=1.0)
    desk.pong(session, now=1.0)
    desk.tick(2.0)
    assert desk.closed == {}
