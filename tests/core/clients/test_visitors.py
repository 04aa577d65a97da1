"""Foreign clients at one hub: what holds for every socket holds for theirs, and who hears what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients.visitors import MOST_TOPICS
from peerpigeon.core.config import MIB, ServerConfig
from peerpigeon.core.interface.actions import SendToPeers
from peerpigeon.core.interface.events import DrainRequested, PeerBehind, PeerSent, Permits
from peerpigeon.core.topics.newcomers import GREETS_WITHIN
from tests.core.harness import A, B, Desk, Json

if TYPE_CHECKING:
    from peerpigeon.core.ids import SessionId

PONG = {"type": "pong"}


def subscribe(desk: Desk, visitor: SessionId, *topics: str, now: float = 0.0) -> None:
    desk.say(visitor, {"type": "subscribe", "topics": topics}, now)


def publish(desk: Desk, visitor: SessionId, topic: str, data: object = 1) -> None:
    """Publish when no subscriber is a newcomer any more."""
    desk.say(visitor, {"type": "publish", "topic": topic, "data": data}, GREETS_WITHIN)


def heard(topic: str, data: object, clients: int) -> Json:
    return {"type": "publish", "topic": topic, "data": data, "clients": clients}


def test_all_who_subscribe_hear_a_publication_its_publisher_included() -> None:
    desk = Desk()
    first, second, other = desk.visit(), desk.visit(), desk.visit()
    subscribe(desk, first, "room")
    subscribe(desk, second, "room")
    subscribe(desk, other, "another room")
    publish(desk, first, "room", {"to": "x"})
    assert desk.take(first) == [heard("room", {"to": "x"}, 2)]
    assert desk.take(second) == [heard("room", {"to": "x"}, 2)]
    assert desk.take(other) == []


def test_a_publication_to_a_crowd_is_one_action_and_one_text() -> None:
    desk = Desk()
    visitors = [desk.visit() for _ in range(5)]
    for visitor in visitors:
        subscribe(desk, visitor, "room")
    published = PeerSent(visitors[0], '{"type":"publish","topic":"room"}')
    [action] = desk.feed(published, GREETS_WITHIN)
    assert isinstance(action, SendToPeers)
    assert action.sessions == tuple(visitors)
    assert len({id(payload) for payload in action.payloads}) == 1


def test_who_subscribes_twice_hears_once_and_who_has_left_hears_nothing() -> None:
    desk = Desk()
    one, other = desk.visit(), desk.visit()
    subscribe(desk, one, "room", "room")
    subscribe(desk, one, "room")
    publish(desk, other, "room")
    assert desk.take(one) == [heard("room", 1, 1)]
    assert desk.take(other) == []  # it publishes, and does not subscribe
    desk.say(one, {"type": "unsubscribe", "topics": ["room", "room", "never"]})
    publish(desk, other, "room")
    assert desk.take(one) == desk.take(other) == []
    subscribe(desk, one, "room")
    publish(desk, other, "room")
    assert desk.take(one) == [heard("room", 1, 1)]


def test_a_publication_in_the_same_breath_finds_its_publisher_subscribed() -> None:
    desk = Desk()
    visitor = desk.visit()
    subscribe(desk, visitor, "room")
    publish(desk, visitor, "room")
    desk.say(visitor, {"type": "ping"})
    assert desk.take(visitor) == [heard("room", 1, 1), PONG]


def test_nothing_is_kept_of_a_visitor_that_is_gone() -> None:
    desk = Desk()
    visitor, other = desk.visit(), desk.visit()
    subscribe(desk, other, "room")
    subscribe(desk, visitor, "room", "another room")
    desk.lose(visitor)
    publish(desk, other, "room")
    assert desk.take(other) == [heard("room", 1, 1)]
    desk.lose(other)
    assert desk.hub.status.figures().topics.listened == 0
    assert len(desk.hub._clients.registry) == 0


def test_visitors_and_clients_in_a_namespace_of_the_same_name_do_not_meet() -> None:
    desk = Desk()
    client, visitor = desk.join(A, "room"), desk.visit()
    subscribe(desk, visitor, "room")
    publish(desk, visitor, "room")
    assert [each["type"] for each in desk.take(client)] == ["connected"]
    desk.take(visitor)
    desk.join(B, "room")
    assert desk.take(visitor) == []


def test_no_client_gets_into_a_namespace_of_visitors() -> None:
    desk = Desk()
    visitor = desk.visit()
    subscribe(desk, visitor, "room")
    client = desk.join(A, "\0yroom")
    [_, refused] = desk.take(client)
    assert refused["error"].startswith("networkName begins with U+0000")


# What holds for every socket


def test_visitors_take_places() -> None:
    desk = Desk(ServerConfig(max_connections=2))
    desk.visit()
    desk.join(A)
    surplus = desk.visit()
    assert desk.closed[surplus] == (1008, "Maximum connections reached")


def test_a_silent_visitor_makes_room_at_a_full_hub() -> None:
    desk = Desk(ServerConfig(max_connections=1, takeover_timeout=2.0))
    silent = desk.visit()
    desk.visit(now=1.0)
    assert desk.pinged == [silent]
    desk.visit(now=3.5)
    desk.tick(3.5)
    assert desk.closed[silent] == (1008, "server is full, no answer here")


def test_visitors_count_among_the_connections_of_their_address() -> None:
    desk = Desk(ServerConfig(max_connections_per_address=1))
    desk.visit(address="192.0.2.1")
    surplus = desk.visit(address="192.0.2.1")
    assert desk.closed[surplus] == (1013, "too many connections from your address")
    assert desk.visit(address="192.0.2.2") not in desk.closed


def test_visitors_are_pinged_and_dropped_when_they_stay_silent() -> None:
    desk = Desk(ServerConfig(cleanup_interval=30.0, peer_timeout=300.0))
    visitor = desk.visit()
    deadline = desk.hub.deadline()
    assert deadline is not None
    desk.tick(deadline)
    assert desk.pinged == [visitor]
    desk.pong(visitor, deadline)
    desk.tick(deadline + 400.0)
    assert desk.closed[visitor] == (1008, "no answer to pings")


def test_visitors_are_let_go_when_a_hub_drains() -> None:
    desk = Desk()
    visitor = desk.visit()
    desk.feed(DrainRequested(0.0))
    assert desk.closed[visitor] == (1012, "server is draining, connect again")
    late = desk.visit()
    assert desk.closed[late] == (1012, "server is draining, connect again")


def test_a_visitor_is_closed_when_its_token_expires() -> None:
    desk = Desk()
    visitor = desk.visit(permits=Permits(None, ("*",), 10.0))
    desk.tick(10.0)
    assert desk.closed[visitor] == (1008, "token has expired")


def test_a_visitor_that_reads_slowly_is_noted_like_a_client() -> None:
    desk = Desk()
    visitor = desk.visit()
    desk.feed(PeerBehind(visitor, is_behind=True))
    assert desk.hub.status.figures().clients.behind == 1
    desk.lose(visitor)
    assert desk.hub.status.figures().clients.behind == 0


# What it may do


def test_topics_that_are_closed_or_take_a_token_are_not_heard_nor_published_to() -> None:
    access = ("y-webrtc/open=open", "y-webrtc/*=closed")
    desk = Desk(ServerConfig(namespace_access=access))
    visitor = desk.visit()
    subscribe(desk, visitor, "open", "secret")
    publish(desk, visitor, "open")
    publish(desk, visitor, "secret")
    assert desk.take(visitor) == [heard("open", 1, 1)]
    assert [each.reason for each in desk.warned] == [
        "networkName 'y-webrtc/secret' is closed here"
    ] * 2
    ignored = "a message of a foreign client was ignored"
    assert [each.text.partition("; ")[0] for each in desk.warned] == [ignored] * 2
    assert desk.hub.status.snapshot(0.0).messages_refused == 2


def test_a_visitor_listens_in_so_many_topics_at_most() -> None:
    desk = Desk()
    visitor = desk.visit()
    subscribe(desk, visitor, *(f"room {number}" for number in range(MOST_TOPICS + 1)))
    assert [each.reason for each in desk.warned] == [f"it listens in {MOST_TOPICS} topics already"]
    publish(desk, visitor, f"room {MOST_TOPICS}")
    assert desk.take(visitor) == []
    publish(desk, visitor, f"room {MOST_TOPICS - 1}")
    assert len(desk.take(visitor)) == 1


def test_who_goes_on_to_say_what_cannot_be_used_is_slowed_without_a_word_and_then_closed() -> None:
    desk = Desk()
    visitor = desk.visit()
    for _ in range(161):
        desk.say(visitor, "not json")
    assert visitor in desk.paused
    assert desk.take(visitor) == []
    for _ in range(480):
        desk.say(visitor, "not json")
    assert desk.closed[visitor] == (1008, "too many messages that cannot be used")


def test_who_goes_on_to_subscribe_to_new_topics_is_slowed_and_then_closed() -> None:
    desk = Desk()
    visitor = desk.visit()
    for number in range(1025):
        subscribe(desk, visitor, f"room {number}")
        desk.say(visitor, {"type": "unsubscribe", "topics": [f"room {number}"]})
    assert visitor in desk.paused
    for number in range(1100):
        subscribe(desk, visitor, f"room {number}")
        desk.say(visitor, {"type": "unsubscribe", "topics": [f"room {number}"]})
    assert desk.closed[visitor] == (1008, "too many topics in a short time")


def test_who_has_paid_is_told_of_anew() -> None:
    desk = Desk()
    visitor = desk.visit()
    for _ in range(161):
        desk.say(visitor, "not json")
    desk.pong(visitor, 200.0)
    desk.tick(200.0)
    for _ in range(161):
        desk.say(visitor, "not json", 200.0)
    slowed = [each for each in desk.warned if "read more slowly" in each.text]
    assert len(slowed) == 2


def test_topics_are_counted_with_the_records_that_are_kept() -> None:
    desk = Desk(ServerConfig(max_memory=64 * MIB))
    records = desk.hub.memory.records
    records.gauges.append(lambda: 16 * MIB - 1000)
    assert records.has_room(16 * MIB - 1000)
    visitor = desk.visit()
    subscribe(desk, visitor, "one", "two", "three")
    desk.say(visitor, {"type": "unsubscribe", "topics": ["one"]})
    subscribe(desk, visitor, "four")
    assert [each.reason for each in desk.warned] == [
        "there is no memory for more topics (max_memory)"
    ]
    for topic in ("one", "two", "three", "four"):
        publish(desk, visitor, topic)
    assert [each["topic"] for each in desk.take(visitor)] == ["two", "four"]


def test_who_publishes_very_much_to_a_crowd_is_slowed_and_then_closed() -> None:
    desk = Desk()
    crowd = [desk.visit() for _ in range(63)]
    for visitor in crowd:
        subscribe(desk, visitor, "room")
    text = "x" * MIB
    publish(desk, crowd[0], "room", text[:-200])
    assert not desk.paused
    publish(desk, crowd[0], "room", text)
    assert desk.paused == {crowd[0]}
    for _ in range(8):
        publish(desk, crowd[0], "room", text)
    assert desk.closed[crowd[0]] == (1008, "too much published")
    assert all(visitor not in desk.closed for visitor in crowd[1:])
