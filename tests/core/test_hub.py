"""The client protocol on the pure core: ``docs/protocol.md``, message by message.

``tests/net/test_protocol.py`` runs the same facts over real sockets.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId, SessionId, generate_peer_id
from peerpigeon.core.interface.actions import Action, SendToPeers
from peerpigeon.core.interface.events import ClockSet, Event, LinkReceived, PeerSent, Tick
from peerpigeon.core.interface.notices import (
    HubRegistered,
    PeerAnnounced,
    PeerConnected,
    PeerDisconnected,
    PeerGoodbye,
)
from peerpigeon.core.sessions.recent_offers import OFFERS
from peerpigeon.core.wire.hub_frames import Heartbeat
from tests.core.harness import EPOCH, HUB, A, B, C, D, Desk, Json
from tests.core.hubs import FIRST, SECOND, Hubs
from tests.core.wire.test_client_messages import json_values


def discovered(messages: list[Json]) -> list[str]:
    return [m["data"]["peerId"] for m in messages if m["type"] == "peer-discovered"]


# Starting


def test_a_hub_that_starts_tells_of_itself_once_and_before_anything_else() -> None:
    desk = Desk(ServerConfig(is_hub=True))
    desk.open(A)
    desk.tick(0.0)
    assert desk.notices == [HubRegistered(HUB, 1), PeerConnected(A, 1)]


def test_a_server_that_is_no_hub_tells_of_none() -> None:
    desk = Desk()
    desk.tick(0.0)
    assert desk.notices == []


# Connecting


def test_a_client_is_greeted_by_its_own_spelling_of_its_id() -> None:
    """S1."""
    desk = Desk()
    session = desk.open("aB" * 20, now=2.5)
    (greeting,) = desk.take(session)
    assert len(greeting["data"].pop("resumeKey")) == 22
    assert greeting == {
        "type": "connected",
        "data": {"peerId": "aB" * 20},
        "fromPeerId": "system",
        "timestamp": int((EPOCH + 2.5) * 1000),
    }
    assert desk.notices == [PeerConnected(PeerId("aB" * 20), 1)]


@pytest.mark.parametrize("peer_id", ["", "abc", "z" * 40, "a" * 41])
def test_a_client_without_a_valid_id_is_refused(peer_id: str) -> None:
    desk = Desk()
    session = desk.open(peer_id)
    assert desk.closed == {session: (1008, "Invalid peerId format")}
    assert (desk.sent, desk.notices) == ({}, [])


def test_a_client_too_many_is_refused_and_a_place_that_comes_free_is_given_again() -> None:
    desk = Desk(ServerConfig(max_connections=2))
    first, second = desk.open(A), desk.open(B)
    third = desk.open(C)
    desk.pong(first)
    desk.pong(second)
    assert desk.closed == {third: (1008, "Maximum connections reached")}
    desk.lose(first)
    assert desk.take_types(desk.open(C)) == ["connected"]


def test_nobody_connects_as_the_hub_itself() -> None:
    desk = Desk()
    session = desk.open(HUB.upper())
    assert desk.closed[session][0] == 1008


# Discovery


def test_peers_of_a_namespace_learn_of_each_other_with_what_they_announced() -> None:
    """S26."""
    desk = Desk()
    a = desk.open(A)
    desk.announce(a, nick="ann")
    b = desk.open(B)
    desk.clear()
    desk.announce(b, now=1.0, peerId=B, nick="bob", deep={"x": [1]})
    at = int((EPOCH + 1.0) * 1000)
    common = {"type": "peer-discovered", "networkName": "net1", "fromPeerId": "system"}
    assert desk.take(a) == [
        common
        | {
            "data": {"peerId": B, "isHub": False, "nick": "bob", "deep": {"x": [1]}},
            "targetPeerId": A,
            "timestamp": at,
        }
    ]
    assert desk.take(b) == [
        common
        | {
            "data": {"peerId": A, "isHub": False, "nick": "ann"},
            "targetPeerId": B,
            "timestamp": at,
        }
    ]
    assert desk.notices == [PeerAnnounced(B, "net1", False)]


def test_announcing_again_tells_nobody_anything_twice() -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.announce(a, nick="new")
    assert desk.sent == {}
    desk.join(C)
    assert [m["data"] for m in desk.take(b)] == [{"peerId": C, "isHub": False}]
    assert {"peerId": A, "isHub": False, "nick": "new"} in [
        m["data"] for m in desk.take(SessionId(3)) if m["type"] == "peer-discovered"
    ]


def test_announcing_elsewhere_is_leaving_here() -> None:
    desk = Desk()
    a, b = desk.join(A, "net1"), desk.join(B, "net1")
    c = desk.join(C, "net2")
    desk.clear()
    desk.announce(a, "net2")
    assert desk.take_types(b) == ["peer-disconnected"]
    assert discovered(desk.take(c)) == [A]
    assert discovered(desk.take(a)) == [C]


def test_the_id_and_the_kind_of_a_peer_are_the_hubs_knowledge() -> None:
    """The reference lets ``data.peerId`` and ``isHub`` of an announce override what is true."""
    desk = Desk()
    a = desk.join(A)
    b = desk.open(B)
    desk.announce(b, peerId=C, isHub=True)
    assert desk.take(a)[-1]["data"] == {"peerId": B, "isHub": False}


def test_no_news_crosses_namespaces() -> None:
    """S25."""
    desk = Desk()
    a, b = desk.join(A, "net1"), desk.join(B, "net2")
    assert desk.take_types(a) == ["connected"]
    desk.lose(b)
    assert desk.take(a) == []


def test_a_leaver_is_told_of_once_to_those_that_knew_it() -> None:
    """S26. The reference tells every namespace, and the leaver's own twice."""
    desk = Desk()
    a, b, c = desk.join(A), desk.join(B), desk.join(C, "net2")
    desk.clear()
    desk.lose(a, now=3.0, code=1001)
    assert desk.take(b) == [
        {
            "type": "peer-disconnected",
            "data": {"peerId": A, "isHub": False},
            "networkName": "net1",
            "fromPeerId": "system",
            "targetPeerId": B,
            "timestamp": int((EPOCH + 3.0) * 1000),
        }
    ]
    assert desk.take(c) == []
    assert desk.notices == [PeerDisconnected(A, 1001, "", 2)]


def test_a_goodbye_is_passed_on_and_the_close_after_it_tells_nothing_more() -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.say(a, {"type": "goodbye", "data": {"peerId": C}, "networkName": "net1"})
    farewell, gone = desk.take(b)
    assert (farewell["type"], farewell["fromPeerId"], farewell["networkName"]) == (
        "goodbye",
        A,
        "net1",
    )
    assert farewell["data"]["peerId"] == A
    assert "targetPeerId" not in farewell
    assert gone["type"] == "peer-disconnected"
    assert desk.notices == [PeerGoodbye(A)]
    desk.say(a, {"type": "goodbye"})
    desk.lose(a)
    assert desk.take(b) == []


def test_a_goodbye_goes_to_everybody_who_knew_the_peer_in_its_own_namespace() -> None:
    """The reference tells five. A real page's farewell as it unloads names no namespace."""
    desk = Desk()
    a = desk.join(A)
    others = [desk.join(f"{number:040x}") for number in range(10)]
    desk.clear()
    desk.say(a, {"type": "goodbye", "data": {"peerId": A}})
    for other in others:
        farewell, gone = desk.take(other)
        assert (farewell["type"], farewell["networkName"]) == ("goodbye", "net1")
        assert gone["type"] == "peer-disconnected"


def test_after_a_goodbye_a_client_may_announce_itself_again() -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.say(a, {"type": "goodbye"})
    desk.clear()
    desk.announce(a)
    assert (discovered(desk.take(a)), discovered(desk.take(b))) == ([B], [A])


@pytest.mark.parametrize(
    ("namespace", "data", "complaint"),
    [
        ("n" * 129, {}, "longer than 128"),
        ("net1", {"blob": "x" * 17_000}, "16384 bytes"),
        ("pigeonhub-mesh", {}, "reserved"),
        ("pigeonhub-mesh", {"isHub": True}, "reserved"),
    ],
)
def test_an_announce_that_is_refused_changes_nothing(
    namespace: str, data: Json, complaint: str
) -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.announce(a, namespace, **data)
    (error,) = desk.take(a)
    assert error["type"] == "error"
    assert complaint in error["error"]
    desk.signal(a, B)
    assert desk.take_types(b) == ["offer"]


def test_a_large_namespace_introduces_as_many_as_the_limit_says() -> None:
    desk = Desk(ServerConfig(discovery_limit=8, max_connections=200))
    rng = Random(5)
    for _ in range(100):
        desk.join(generate_peer_id(rng))
    assert all(len(discovered(sent)) >= 8 for sent in desk.sent.values())
    assert len(discovered(desk.take(SessionId(100)))) == 8


def test_who_has_come_to_know_too_few_is_told_of_more_when_others_leave() -> None:
    desk = Desk(ServerConfig(discovery_limit=8, max_connections=200))
    rng = Random(5)
    sessions = {desk.join(peer): peer for peer in [generate_peer_id(rng) for _ in range(60)]}
    last = SessionId(60)
    known = discovered(desk.take(last))
    desk.clear()
    for session, peer in sessions.items():
        if peer in known:
            desk.lose(session)
    told = desk.take(last)
    gone = [m["data"]["peerId"] for m in told if m["type"] == "peer-disconnected"]
    assert sorted(gone) == sorted(known)
    assert len(discovered(told)) >= 4


# Signals


@pytest.mark.parametrize(
    "kind", ["offer", "answer", "ice-candidate", "connection-rejected", "renegotiation-offer"]
)
def test_a_signal_reaches_its_target_and_nobody_else(kind: str) -> None:
    """S2."""
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.join(C)
    desk.clear()
    desk.signal(a, B, kind, data={"sdp": "v=0\r\n", "n": [1, None]}, now=4.0)
    assert desk.take(b) == [
        {
            "type": kind,
            "data": {"sdp": "v=0\r\n", "n": [1, None]},
            "fromPeerId": A,
            "targetPeerId": B,
            "networkName": "net1",
            "timestamp": int((EPOCH + 4.0) * 1000),
        }
    ]
    assert desk.sent == {}


CONFLICT = {"reason": "initiator_role_conflict", "shouldInitiate": False}


def test_turning_an_offer_down_after_offering_oneself_is_not_passed_on() -> None:
    """Two real clients offer at once, and the larger id turns the other's offer down. The other is
    by then answering the larger one's offer, and would close that connection."""
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.signal(b, A, "offer", now=1.0)
    desk.signal(a, B, "offer", now=1.0)
    desk.signal(b, A, "connection-rejected", data=CONFLICT, now=1.1)
    assert desk.take_types(a) == ["offer"]
    assert desk.take(b)[-1]["data"] == {
        "type": "connection-rejected",
        "targetPeerId": A,
        "reason": "superseded",
    }


@pytest.mark.parametrize(
    ("sent_at", "to", "received_at", "data"),
    [
        (None, B, 39.0, CONFLICT),  # without an offer of its own the rejection is all there is
        (39.0, B, None, CONFLICT),  # without the other's offer it is no answer to one
        (0.0, B, 39.0, CONFLICT),  # an offer long ago has had its chance
        (39.0, B, 0.0, CONFLICT),
        (39.0, C, 39.0, CONFLICT),  # one to somebody else is no answer
        (39.0, B, 39.0, {"reason": "max_peers_reached"}),
        (39.0, B, 39.0, {"reason": 5}),
        (39.0, B, 39.0, "initiator_role_conflict"),
    ],
)
def test_any_other_rejection_is_passed_on(
    sent_at: float | None, to: str, received_at: float | None, data: object
) -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.join(C)
    if sent_at is not None:
        desk.signal(a, to, "offer", now=sent_at)
    if received_at is not None:
        desk.signal(b, A, "offer", now=received_at)
    desk.clear()
    desk.signal(a, B, "connection-rejected", data=data, now=40.0)
    assert desk.take_types(b) == ["connection-rejected"]


def test_only_the_latest_offers_are_remembered() -> None:
    desk = Desk(ServerConfig(discovery_limit=1))
    a, b = desk.join(A), desk.join(B)
    for number in range(OFFERS + 1):
        desk.join(f"{number:040x}")
    desk.signal(a, B, "offer")
    desk.signal(b, A, "offer")
    for number in range(OFFERS):
        desk.signal(a, f"{number:040x}", "offer")
    desk.clear()
    desk.signal(a, B, "connection-rejected", data=CONFLICT)
    assert desk.take_types(b) == ["connection-rejected"]


def test_the_sender_is_the_socket_whatever_the_message_says() -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    text = {"type": "offer", "data": 1, "targetPeerId": B, "networkName": "net1", "fromPeerId": C}
    desk.say(a, text)
    assert desk.take(b)[0]["fromPeerId"] == A


def test_a_target_is_addressed_by_its_own_spelling() -> None:
    """A real client ignores what is addressed to any other spelling of its id."""
    desk = Desk()
    a = desk.join(A)
    b = desk.join("B" * 40)
    desk.clear()
    desk.signal(a, B)
    assert desk.take(b)[0]["targetPeerId"] == "B" * 40


def test_the_same_signal_sent_twice_arrives_twice() -> None:
    """The reference drops the second, and others whose hash collides."""
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    for data in ("AaAa", "BBBB", "AaAa"):
        desk.signal(a, B, "ice-candidate", data=data)
    assert [m["data"] for m in desk.take(b)] == ["AaAa", "BBBB", "AaAa"]


@pytest.mark.parametrize(
    ("target", "claimed", "reason"),
    [
        (D, "net1", "not-found"),  # nowhere
        (C, "net1", "not-found"),  # in another namespace
        (C, "net2", "not-announced"),  # the same, claiming to be there
        (B, None, "not-announced"),  # a missing name is `global`
    ],
)
def test_a_signal_that_cannot_be_delivered_is_answered(
    target: str, claimed: str | None, reason: str
) -> None:
    """S24 and S25. The reference delivers the third: claiming a namespace suffices there."""
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    c = desk.join(C, "net2")
    desk.clear()
    desk.signal(a, target, namespace=claimed)
    (error,) = desk.take(a)
    assert (error["type"], error["networkName"]) == ("error", "net1")
    assert error["data"] == {"type": "offer", "targetPeerId": target, "reason": reason}
    assert target in error["error"]
    assert (desk.take(b), desk.take(c)) == ([], [])


def test_whether_an_id_is_connected_elsewhere_does_not_show() -> None:
    """S25."""
    desk = Desk()
    a = desk.join(A)
    desk.join(C, "net2")
    desk.clear()
    desk.signal(a, C)
    desk.signal(a, D)
    elsewhere, nowhere = desk.take(a)
    assert json.dumps(elsewhere).replace(C, D) == json.dumps(nowhere)


def test_who_has_not_announced_itself_can_neither_send_nor_be_reached() -> None:
    desk = Desk()
    a = desk.open(A)
    b = desk.join(B, "global")
    desk.clear()
    desk.signal(a, B, namespace="global")
    assert desk.take(a)[0]["data"]["reason"] == "not-announced"
    desk.signal(b, A, namespace="global")
    assert desk.take(b)[0]["data"]["reason"] == "not-found"


# Other messages


def test_a_ping_is_answered() -> None:
    desk = Desk()
    a = desk.join(A)
    desk.clear()
    desk.say(a, {"type": "ping"}, now=2.0)
    at = int((EPOCH + 2.0) * 1000)
    assert desk.take(a) == [
        {
            "type": "pong",
            "data": {"timestamp": at},
            "networkName": "net1",
            "fromPeerId": "system",
            "targetPeerId": A,
            "timestamp": at,
        }
    ]


def test_cleanup_is_taken_note_of_and_no_more() -> None:
    desk = Desk()
    a, _ = desk.join(A), desk.join(B)
    desk.clear()
    desk.say(a, {"type": "cleanup", "data": {}, "targetPeerId": B, "networkName": "net1"})
    assert desk.sent == {}


@pytest.mark.parametrize("text", ["{", "null", "[]", '"x"', "{}", '{"type":"nonsense"}'])
def test_nonsense_is_answered_with_an_error_and_the_client_stays(text: str) -> None:
    desk = Desk()
    a, b = desk.join(A), desk.join(B)
    desk.clear()
    desk.say(a, text)
    assert desk.take_types(a) == ["error"]
    desk.signal(a, B)
    assert desk.take_types(b) == ["offer"]
    assert desk.hub.status.snapshot(0.0).messages_refused == 1


def test_what_comes_from_a_closed_session_is_nothing() -> None:
    desk = Desk()
    a = desk.join(A)
    desk.lose(a)
    desk.clear()
    desk.say(a, {"type": "ping"})
    desk.pong(a)
    desk.lose(a)
    assert (desk.sent, desk.notices) == ({}, [])


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["open", "lose", "pong", "tick", "text", "message"]),
            st.integers(1, 4),
            st.text(max_size=20),
            st.dictionaries(
                st.sampled_from(["type", "data", "targetPeerId", "networkName"]),
                json_values | st.sampled_from(["offer", "announce", "goodbye", "ping", A, B]),
            ),
        ),
        max_size=40,
    )
)
def test_no_exception_leaves_the_hub(steps: list[tuple[str, int, str, dict[str, Any]]]) -> None:
    desk = Desk(ServerConfig(max_connections=3, discovery_limit=1))
    for now, (step, number, text, message) in enumerate(steps):
        at = float(now * 20)
        match step:
            case "open":
                desk.open([A, B, C, text][number - 1], at)
            case "lose":
                desk.lose(SessionId(number), at)
            case "pong":
                desk.pong(SessionId(number), at)
            case "tick":
                desk.tick(at)
            case "text":
                desk.say(SessionId(number), text, at)
            case _:
                desk.say(SessionId(number), message, at)
        desk.hub.status.snapshot(at)
        desk.hub.status.peers()


conversations = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(["announce", "offer", "answer", "goodbye", "ping", "unknown"]),
        st.sampled_from([A, B, C, HUB, "nobody"]),
    ),
    max_size=30,
)


@given(conversations, st.sets(st.integers(0, 30)), st.booleans())
def test_what_is_taken_together_is_answered_as_one_by_one(
    said: list[tuple[int, str, str]], ends: set[int], is_hub: bool
) -> None:
    desks = [Desk(ServerConfig(is_hub=is_hub, discovery_limit=2)) for _ in range(2)]
    together: list[object] = []
    singly: list[object] = []
    for desk in desks:
        for peer_id in (A, B, C):
            desk.open(peer_id)
    for place, (number, kind, target) in enumerate(said):
        message = {"type": kind, "data": {"a": place}, "networkName": "n", "targetPeerId": target}
        event = PeerSent(SessionId(number), json.dumps(message))
        singly += unbundled(desks[0].hub.handle(event, 1.0))
        desks[1].hub.take(event, 1.0)
        if place in ends:
            together += unbundled(desks[1].hub.act())
    together += unbundled(desks[1].hub.act())
    assert together == singly


def unbundled(actions: list[Action]) -> Iterator[object]:
    for action in actions:
        if isinstance(action, SendToPeers):
            yield from zip(action.sessions, action.payloads, strict=True)
        else:
            yield action


# Hubs


@pytest.mark.parametrize("is_hub", [True, False])
@pytest.mark.parametrize("claim", [True, False])
def test_no_client_enters_the_reserved_namespace(is_hub: bool, claim: bool) -> None:
    """S3 and S5: hubs link up by other means, and clients see nothing of it."""
    desk = Desk(ServerConfig(is_hub=is_hub, reference_hubs="no"))
    a = desk.open(A)
    desk.announce(a, "pigeonhub-mesh", isHub=claim)
    assert desk.take_types(a) == ["connected", "error"]
    assert PeerAnnounced(A, "pigeonhub-mesh", claim) not in desk.notices


# What is left in the end


def test_what_clients_leave_behind_is_nothing() -> None:
    desk = Desk()
    for round_ in range(3):
        sessions = [desk.join(peer, f"net{round_}") for peer in (A, B, C)]
        for session in sessions:
            desk.lose(session)
    picture = desk.hub.status.snapshot(0.0)
    assert (picture.connections, picture.announced_peers, picture.namespaces) == (0, 0, 0)
    while (due := desk.hub.deadline()) is not None:
        assert due < 100.0, "what is remembered of them ends"
        desk.tick(due)


def test_after_most_of_what_clients_say_nobody_has_to_ask_when_something_is_due() -> None:
    desk = Desk()
    a, _ = desk.join(A), desk.join(B)
    signal = {"type": "offer", "data": {}, "targetPeerId": B, "networkName": "net1"}
    assert knows_when(desk.hub, PeerSent(a, json.dumps(signal)), 0.0)
    goodbye = {"type": "goodbye", "data": {}, "networkName": "net1"}
    assert not knows_when(desk.hub, PeerSent(a, json.dumps(goodbye)), 0.0)
    assert not knows_when(desk.hub, Tick(), 0.0)


def test_what_hubs_say_may_change_when_something_is_due() -> None:
    hubs = Hubs(FIRST, SECOND)
    hubs.link(0, 1)
    hubs.run()
    link = next(link for number, link in hubs.others if number == 0)
    assert not knows_when(hubs.hubs[0], LinkReceived(link, Heartbeat(0)), hubs.now)


def test_when_only_the_mesh_is_due_nobody_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    hubs = Hubs(FIRST, SECOND)
    hubs.link(0, 1)
    hubs.pass_time(60.0)
    hub, asked = hubs.hubs[0], list[float]()
    monkeypatch.setattr(hub._clients, "tick", asked.append)
    beats = hubs.now + 10.0
    hubs.pass_time(10.0)
    assert hubs.now == beats
    assert len(asked) <= 1  # a hub beats ten times as often
    asked.clear()
    hub.take(ClockSet(EPOCH), hubs.now)  # from now on nobody knows
    hub.take(Tick(), hubs.now)
    assert asked == [hubs.now]


def knows_when(hub: Hub, event: Event, now: float) -> bool:
    """Tell whether a hub wants a tick at the time for which it asked before an event."""
    hub.deadline()
    hub.take(event, now)
    return hub.is_deadline_known


@pytest.mark.parametrize("step", [-86_400.0, -0.5, 0.5, 86_400.0])
def test_what_clients_and_people_read_follows_a_clock_that_is_set(step: float) -> None:
    desk = Desk()
    a = desk.join(A, now=1.0)
    before = desk.hub.status.snapshot(2.0)
    desk.feed(ClockSet(EPOCH + step), 2.0)
    assert desk.hub.epoch == EPOCH + step
    desk.clear()
    desk.say(a, {"type": "ping"}, now=2.0)
    assert [message["timestamp"] for message in desk.take(a)] == [int((EPOCH + step + 2.0) * 1000)]
    after = desk.hub.status.snapshot(2.0)
    assert after.wall_time == before.wall_time + step == EPOCH + step + 2.0
    assert after.uptime == before.uptime == 2.0
    assert [peer.connected_at for peer in desk.hub.status.peers()] == [EPOCH + step + 1.0]


def test_no_duration_is_measured_by_a_clock_that_is_set() -> None:
    desk = Desk(ServerConfig(cleanup_interval=30.0, peer_timeout=60.0))
    a, b = desk.join(A), desk.join(B)
    deadline = desk.hub.deadline()
    desk.feed(ClockSet(EPOCH + 1_000_000.0), 1.0)
    desk.tick(1.0)
    assert (desk.hub.deadline(), desk.pinged, desk.closed) == (deadline, [], {})
    desk.feed(ClockSet(0.0), 2.0)
    desk.tick(61.0)
    assert desk.closed == dict.fromkeys([a, b], (1008, "no answer to pings"))
