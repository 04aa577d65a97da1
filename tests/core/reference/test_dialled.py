"""This hub dials a hub of the npm package, which has its own ways as the one that is dialled."""

import json
from collections import deque

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.actions import Action, ClosePeer, Dial
from peerpigeon.core.interface.events import (
    DialRequested,
    Event,
    OpeningFailed,
    PeerSent,
    ReferenceOpened,
    Tick,
)
from peerpigeon.core.interface.notices import (
    BootstrapConnected,
    BootstrapDisconnected,
    HubDiscovered,
    HubRegistered,
    HubUnregistered,
    PeerConnected,
)
from peerpigeon.core.sessions.takeover import BACKLOG_MESSAGES
from tests.core.harness import EPOCH, HUB, A, B, C, D, Desk, Json
from tests.core.reference.messages import MESH, announce, discovered, gone, itself, pong, signal

R = PeerId("e" * 40)
S = PeerId("f" * 40)
URI = "ws://127.0.0.1:3000"


class DialDesk(Desk):
    """A hub on a desk that dials, and what it has dialled and not heard of."""

    def __init__(self, **options: object) -> None:
        given: Json = {"is_hub": True, "open_mesh": True, "bootstrap_hubs": (URI,)}
        super().__init__(ServerConfig(**(given | options)))
        self.dials: deque[Dial] = deque()
        self.tick(0.0)

    def feed(self, event: Event, now: float = 0.0) -> list[Action]:
        actions = super().feed(event, now)
        self.dials += [action for action in actions if isinstance(action, Dial)]
        return actions

    def answer(self, now: float = 0.0) -> SessionId:
        """Let a hub of the package answer the dial."""
        self._sessions += 1
        session = SessionId(self._sessions)
        self.feed(ReferenceOpened(session, self.dials.popleft().opening), now)
        greeting = {"type": "connected", "data": {"peerId": HUB}, "fromPeerId": "system"}
        self.say(session, greeting, now)
        return session

    def link(self, *clients: PeerId, now: float = 0.0) -> SessionId:
        """Let a hub of the package answer with the clients that it has."""
        session = self.answer(now)
        for client in clients:
            self.say(session, discovered(client) | {"targetPeerId": HUB}, now)
        self.say(session, itself(R) | {"targetPeerId": HUB}, now)
        self.say(session, pong(), now)
        self.take(session)
        return session

    def run(self, now: float) -> None:
        """Give the hub its ticks up to a time; dials fail at once."""
        while (deadline := self.hub.deadline()) is not None and deadline <= now:
            self.feed(Tick(), deadline)

    def dialled(self) -> list[str]:
        dials, self.dials = self.dials, deque()
        return [dial.uri for dial in dials]


def briefly(frames: list[Json]) -> list[tuple[str, str]]:
    return [(frame["type"], frame["data"]["peerId"]) for frame in frames]


# Linking up


def test_it_says_that_it_is_a_hub_where_it_listens_and_who_it_is() -> None:
    desk = DialDesk(advertise=("ws://192.0.2.7:4000", "wss://hub.example"))
    session = desk.answer()
    at = int(EPOCH * 1000)
    assert desk.take(session) == [
        {
            "type": "announce",
            "networkName": MESH,
            "data": {
                "isHub": True,
                "port": 4000,
                "host": "192.0.2.7",
                "capabilities": ["signaling", "relay"],
                "timestamp": at,
                "addresses": ["ws://192.0.2.7:4000", "wss://hub.example"],
            },
        },
        {
            "type": "peer-discovered",
            "data": {"peerId": HUB, "isHub": True},
            "networkName": MESH,
            "fromPeerId": "system",
            "timestamp": at,
        },
        {"type": "ping"},
    ]
    assert desk.notices == [HubRegistered(HUB, 1), BootstrapConnected(URI)]


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("ws://[2001:db8::1]:4000/x", "2001:db8::1", 4000),
        ("wss://hub.example", "hub.example", 443),
        ("ws://hub.example/pigeon", "hub.example", 80),
    ],
)
def test_host_and_port_are_those_of_the_first_address(address: str, host: str, port: int) -> None:
    desk = DialDesk(advertise=(address,))
    data = desk.take(desk.answer())[0]["data"]
    assert (data["host"], data["port"]) == (host, port)


def test_who_it_is_it_says_when_its_own_mesh_has_begun() -> None:
    desk = DialDesk()
    session = desk.answer()
    assert [record.peer_id for record in desk.hub.status.snapshot(0.0).hubs] == [HUB]
    assert desk.hub.status.peers() == []
    desk.clear()
    desk.say(session, itself(R), now=1.0)
    assert desk.notices == [
        PeerConnected(R, 1),
        HubDiscovered(R, R, (URI,)),
        HubRegistered(R, 2),
    ]
    assert [record.peer_id for record in desk.hub.status.snapshot(1.0).hubs] == [HUB, R]
    desk.clear()
    desk.say(session, itself(S), now=1.0)
    assert desk.notices == []


def test_one_that_never_says_who_it_is_is_served_all_the_same() -> None:
    desk = DialDesk()
    a = desk.join(A)
    session = desk.answer()
    desk.say(session, discovered(B))
    desk.clear()
    desk.run(2.9)
    assert desk.take(a) == []
    desk.run(3.0)
    assert briefly(desk.take(a)) == [("peer-discovered", B)]
    desk.lose(session, now=4.0)
    assert briefly(desk.take(a)) == [("peer-disconnected", B)]
    assert not [notice for notice in desk.notices if isinstance(notice, HubUnregistered)]


@pytest.mark.parametrize(
    ("options", "is_welcome"),
    [
        ({"host": "192.0.2.1"}, True),
        ({"host": "127.0.0.1", "reference_hubs": "no"}, False),
        ({"host": "192.0.2.1", "reference_hubs": "yes"}, True),
    ],
)
def test_a_configured_address_may_lead_to_such_a_hub_unless_they_are_banned(
    options: Json, is_welcome: bool
) -> None:
    desk = DialDesk(**options)
    session = desk.answer()
    assert (session in desk.closed) != is_welcome
    connected = [notice for notice in desk.notices if isinstance(notice, BootstrapConnected)]
    assert bool(connected) == is_welcome


@pytest.mark.parametrize(("host", "is_welcome"), [("192.0.2.1", False), ("127.0.0.1", True)])
def test_any_other_address_may_where_such_hubs_are_let_in(host: str, is_welcome: bool) -> None:
    desk = DialDesk(host=host, bootstrap_hubs=())
    for action in desk.hub.handle(DialRequested("ws://198.51.100.1:3000"), 0.0):
        assert isinstance(action, Dial)
        desk.dials.append(action)
    session = desk.answer()
    assert (session in desk.closed) != is_welcome


def test_one_that_answers_too_late_is_closed() -> None:
    desk = DialDesk()
    opening = desk.dials.popleft().opening
    desk.feed(OpeningFailed(opening, "no answer"))
    actions = desk.feed(ReferenceOpened(SessionId(1), opening))
    assert [type(action) for action in actions] == [ClosePeer]


def test_a_plain_server_takes_no_notice() -> None:
    desk = Desk()
    assert desk.feed(ReferenceOpened(SessionId(1), 1)) == []


# Dialling again


def test_it_is_not_dialled_again_while_it_is_linked() -> None:
    desk = DialDesk()
    session = desk.link()
    for now in range(30, 300, 30):
        desk.pong(session, now=float(now))
        desk.run(float(now))
    assert desk.dialled() == []
    assert desk.closed == {}


def test_it_is_dialled_again_when_its_socket_has_ended() -> None:
    """S9, and with its first pace: it was there."""
    desk = DialDesk()
    session = desk.link()
    for now in range(30, 601, 30):
        desk.pong(session, now=float(now))
        desk.run(float(now))
    desk.clear()
    desk.lose(session, now=601.0, code=1000)
    assert BootstrapDisconnected(URI, 1000, "") in desk.notices
    assert HubUnregistered(R, 1) in desk.notices
    desk.run(601.0 + 3.9)
    assert desk.dialled() == []
    desk.run(601.0 + 6.1)
    assert len(desk.dials) == 1
    desk.link(now=608.0)
    assert HubRegistered(R, 2) in desk.notices


def test_one_that_has_dialled_us_too_keeps_its_own_socket() -> None:
    desk = DialDesk()
    accepted = desk.open(R)
    desk.say(accepted, announce())
    dialled = desk.answer()
    desk.clear()
    desk.say(dialled, itself(R))
    assert desk.closed == {dialled: (1000, "second link")}
    assert BootstrapDisconnected(URI, 1000, "second link") in desk.notices
    desk.run(29.0)
    assert desk.dialled() == []
    desk.lose(accepted, now=29.0)
    desk.run(60.0)
    assert set(desk.dialled()) == {URI}


def test_what_came_with_the_message_that_ended_a_socket_is_not_heeded() -> None:
    desk = DialDesk()
    desk.say(desk.open(R), announce())
    dialled = desk.answer()
    desk.clear()
    for text in json.dumps(itself(R)), "no JSON", json.dumps(discovered(C)):
        desk.feed(PeerSent(dialled, text), 1.0)
    assert desk.closed == {dialled: (1000, "second link")}
    assert desk.sent.get(dialled, []) == []
    assert desk.hub.status.snapshot(1.0).messages_refused == 0


def test_the_socket_that_it_has_dialled_is_the_one_that_is_listed() -> None:
    desk = DialDesk()
    accepted = desk.open(R)
    desk.say(accepted, announce())
    desk.say(desk.answer(), itself(R))
    assert accepted not in desk.closed
    assert [record.peer_id for record in desk.hub.status.snapshot(0.0).hubs] == [HUB, R]


def test_one_that_dials_us_when_it_is_linked_is_refused_if_it_lives() -> None:
    desk = DialDesk()
    session = desk.link(B)
    second = desk.open(R, now=1.0)
    desk.say(second, announce(), now=1.0)
    assert desk.pinged == [session]
    desk.pong(session, now=1.1)
    assert desk.closed == {second: (1008, "Peer already connected")}


def test_a_half_open_one_is_replaced_when_it_dials_us() -> None:
    desk = DialDesk()
    session = desk.link(B)
    second = desk.open(R, now=1.0)
    for _ in range(BACKLOG_MESSAGES + 1):
        desk.say(second, announce(), now=1.0)
    desk.tick(3.0)
    assert session in desk.closed
    third = desk.open(R, now=6.0)
    assert third not in desk.closed


def test_a_silent_one_is_dropped() -> None:
    desk = DialDesk()
    session = desk.link(B)
    desk.run(300.0)
    assert desk.closed == {session: (1008, "no answer to pings")}


# Other hubs that have dialled it


def reported(hub: PeerId, *addresses: str, **more: object) -> Json:
    data = announce()["data"] | {"addresses": list(addresses)} | more
    return discovered(hub, MESH, **data)


def test_who_was_there_before_is_left_to_serve_it() -> None:
    """So that its clients do not hear everything twice until the two are in one mesh."""
    desk = DialDesk()
    a = desk.join(A)
    session = desk.answer()
    desk.say(session, discovered(B))
    desk.say(session, itself(R))
    desk.say(session, reported(S, "ws://192.0.2.9:4000"))
    desk.say(session, pong())
    desk.clear()
    desk.run(4.9)
    assert desk.take(a) == []
    # But it has not come into one mesh with us.
    desk.run(5.0)
    assert briefly(desk.take(a)) == [("peer-discovered", B)]


def test_who_comes_later_changes_nothing() -> None:
    desk = DialDesk()
    a = desk.join(A)
    session = desk.link()
    desk.say(session, reported(S, "ws://192.0.2.9:4000"))
    desk.say(session, discovered(B))
    assert briefly(desk.take(a)[1:]) == [("peer-discovered", B)]


def test_hubs_of_ours_that_it_tells_of_are_dialled_until_they_are_found() -> None:
    """S7: nobody else can bring two hubs together that both start from this one."""
    desk = DialDesk()
    session = desk.link()
    desk.say(session, reported(S, "ws://192.0.2.9:4000"), now=1.0)
    desk.tick(1.0)
    assert desk.dialled() == ["ws://192.0.2.9:4000"]
    desk.run(60.0)
    assert set(desk.dialled()) == {"ws://192.0.2.9:4000"}
    desk.say(session, gone(S, None), now=60.0)
    desk.dialled()
    desk.run(120.0)
    assert desk.dialled() == []


@pytest.mark.parametrize(
    "said",
    [
        discovered(S, MESH, **announce()["data"]),
        reported(S),
        reported(S, "http://192.0.2.9", "ws://", "ws:// x", "file:///etc/passwd"),
        reported(HUB, "ws://192.0.2.9:4000"),
    ],
)
def test_hubs_that_are_not_ours_are_not_dialled(said: Json) -> None:
    """One of the package tells its host and port only. It is not linked to us for all that."""
    desk = DialDesk()
    session = desk.link()
    desk.say(session, said, now=1.0)
    desk.run(60.0)
    assert desk.dialled() == []


def test_it_cannot_have_us_dial_everybody() -> None:
    desk = DialDesk()
    session = desk.link()
    for number in range(200):
        addresses = [f"ws://192.0.2.{number}:{port}" for port in range(1, 10)]
        desk.say(session, reported(PeerId(f"{number:040x}"), *addresses), now=1.0)
    desk.tick(1.0)
    assert len(desk.dialled()) == 64 * 4


def test_what_a_hub_tells_that_has_dialled_us_is_not_followed() -> None:
    desk = DialDesk()
    desk.dialled()
    other = desk.open(S)
    desk.say(other, announce())
    desk.say(other, reported(R, "ws://192.0.2.9:4000"), now=1.0)
    desk.run(3.0)
    assert desk.dialled() == []


# Clients


def test_clients_of_both_sides_come_to_know_each_other() -> None:
    desk = DialDesk()
    a = desk.join(A)
    session = desk.answer()
    desk.take(session)
    for client in (B, C):
        desk.say(session, discovered(client))
    desk.say(session, pong())
    assert desk.take(session) == []
    desk.say(session, itself(R))
    assert briefly(desk.take(a)[1:]) == [("peer-discovered", B), ("peer-discovered", C)]
    assert briefly(desk.take(session)) == [("peer-discovered", A)]


def test_it_is_told_again_for_each_client_that_comes_later() -> None:
    """It forgets what it has told its clients, so a late one knows of nobody elsewhere."""
    desk = DialDesk()
    desk.join(A)
    session = desk.link(B)
    desk.say(session, discovered(C), now=2.0)
    assert briefly(desk.take(session)) == [("peer-discovered", A)]
    desk.join(D, now=3.0)
    assert briefly(desk.take(session)) == [("peer-discovered", D)]


def test_signals_pass_both_ways_and_both_copies_of_a_departure_are_one() -> None:
    desk = DialDesk()
    a = desk.join(A)
    session = desk.link(B)
    desk.clear()
    desk.signal(a, B, data="there")
    assert [frame["data"] for frame in desk.take(session)] == ["there"]
    desk.say(session, signal(B, A, "back"))
    assert [frame["data"] for frame in desk.take(a)] == ["back"]
    # A target that it does not know it passes to all its hubs, to its sender's too.
    desk.say(session, signal(A, B, "echo"))
    assert desk.take(a) == desk.take(session) == []
    for copy in (gone(B, None) | {"targetPeerId": HUB}, gone(B)):
        desk.say(session, copy)
    assert briefly(desk.take(a)) == [("peer-disconnected", B)]


def test_no_answer_to_the_offers_of_its_own_mesh() -> None:
    desk = DialDesk()
    session = desk.link(B)
    desk.say(session, signal(R, HUB, "v=0", namespace=MESH))
    assert desk.take(session) == []


def test_its_clients_are_gone_when_its_socket_ends() -> None:
    desk = DialDesk()
    a = desk.join(A)
    session = desk.link(B, C)
    desk.clear()
    desk.lose(session, now=1.0)
    assert briefly(desk.take(a)) == [("peer-disconnected", B), ("peer-disconnected", C)]
    assert desk.hub.status.snapshot(1.0).connections == 1


def test_its_complaints_are_not_answered() -> None:
    desk = DialDesk()
    session = desk.link(B)
    desk.say(session, {"type": "error", "error": "does not route", "timestamp": 1})
    desk.say(session, json.dumps({"type": "goodbye", "data": {"peerId": R}, "fromPeerId": R}))
    assert desk.take(session) == []
    assert desk.hub.status.snapshot(0.0).messages_refused == 0


def test_a_hub_that_waits_for_a_place_and_is_dialled_meanwhile_waits_for_its_id() -> None:
    """At a full hub of ours it waits as a client does, and is one only when it says so."""
    desk = DialDesk(max_connections=1)
    a = desk.open(A)
    waiting = desk.open(R, now=1.0)
    dialled = desk.link(now=1.1)
    desk.lose(a, now=1.2)
    assert desk.closed == {}, "the dialled one holds the one place"
    desk.lose(dialled, now=1.3)
    assert desk.take_types(waiting) == ["connected"]


def test_a_dialled_hub_that_has_the_id_of_one_that_waits_for_a_place_is_asked_for_it() -> None:
    desk = DialDesk(max_connections=2)
    a, b = desk.open(A), desk.open(B)
    waiting = desk.open(R, now=1.0)
    desk.say(waiting, announce(), now=1.0)
    dialled = desk.link(now=1.1)
    desk.lose(a, now=1.2)
    assert desk.pinged == [a, b]
    desk.lose(b, now=1.3)
    assert desk.pinged == [a, b, dialled]
    desk.pong(dialled, now=1.4)
    assert desk.closed == {waiting: (1008, "Peer already connected")}
