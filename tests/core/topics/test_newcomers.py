"""Who has begun to listen and has not greeted yet is not told of greetings, and of all else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.memory import Pot
from peerpigeon.core.topics.newcomers import GREETS_WITHIN, LONGEST_GREETING, MOST_HELD
from tests.core.harness import Desk
from tests.core.hubs import THIRD
from tests.core.topics.test_across_hubs import heard, mesh, topic_of

if TYPE_CHECKING:
    from tests.core.hubs import Hubs
    from tests.core.topics.test_across_hubs import Visitor

HUBS = pytest.mark.parametrize("hub", [0, 1])
"""Both at one hub, or at two."""


def between_two_messages(hub: int) -> tuple[Hubs, str, Visitor, Visitor]:
    """Return one that has greeted, and a newcomer that listened already."""
    hubs, topic = mesh(), topic_of(THIRD)
    one, newcomer = hubs.visit(0, topic), hubs.visit(hub, topic)
    hubs.run()
    hubs.publish(one, topic, "hello")
    hubs.publish(one, topic, "an offer to somebody")
    hubs.run()
    assert heard(hubs, one) == ["hello", "an offer to somebody"]
    assert heard(hubs, newcomer) == []
    return hubs, topic, one, newcomer


@HUBS
def test_who_greets_now_hears_what_was_said_but_the_greeting_and_is_heard(hub: int) -> None:
    hubs, topic, one, newcomer = between_two_messages(hub)
    hubs.publish(newcomer, topic, "hello, too")
    hubs.run()
    assert heard(hubs, newcomer) == ["an offer to somebody", "hello, too"]
    assert heard(hubs, one) == ["hello, too"]
    assert_nothing_is_kept(hubs)


@HUBS
def test_who_says_nothing_hears_all_in_its_order(hub: int) -> None:
    hubs, topic, one, newcomer = between_two_messages(hub)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic, "later")
    hubs.run()
    assert heard(hubs, newcomer) == ["hello", "an offer to somebody", "later"]
    assert_nothing_is_kept(hubs)


def test_a_server_without_a_mesh_tells_in_time_too() -> None:
    desk = Desk()
    one, newcomer = desk.visit(), desk.visit()
    for visitor in (one, newcomer):
        desk.say(visitor, {"type": "subscribe", "topics": ["room"]})
    desk.say(one, {"type": "publish", "topic": "room", "data": "hello"})
    assert desk.take(newcomer) == []
    assert desk.hub.deadline() == GREETS_WITHIN
    desk.tick(GREETS_WITHIN)
    assert [message["data"] for message in desk.take(newcomer)] == ["hello"]
    deadline = desk.hub.deadline()
    assert deadline is not None
    assert deadline > GREETS_WITHIN


@HUBS
def test_who_says_something_long_does_not_greet(hub: int) -> None:
    hubs, topic, _, newcomer = between_two_messages(hub)
    hubs.publish(newcomer, topic, long := "x" * LONGEST_GREETING)
    assert heard(hubs, newcomer) == ["hello", "an offer to somebody", long]


def test_who_does_not_listen_any_more_hears_nothing() -> None:
    hubs, topic, _, newcomer = between_two_messages(0)
    hubs.say(newcomer, {"type": "unsubscribe", "topics": [topic]})
    hubs.pass_time(GREETS_WITHIN)
    assert heard(hubs, newcomer) == []
    assert_nothing_is_kept(hubs)


def test_what_is_said_before_any_greeting_is_heard_at_once() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    newcomer = hubs.visit(0, topic)
    hubs.publish(one, topic, "news")
    assert heard(hubs, newcomer) == ["news"]


def test_no_more_is_held_back_than_so_much() -> None:
    hubs, topic, one, newcomer = between_two_messages(0)
    for number in range(2, MOST_HELD):
        hubs.publish(one, topic, number)
    assert heard(hubs, newcomer) == []
    hubs.publish(one, topic, "too much")
    expected = ["hello", "an offer to somebody", *range(2, MOST_HELD), "too much"]
    assert heard(hubs, newcomer) == expected
    assert hubs.hubs[0]._clients.topics.newcomers._size == 0


def test_without_memory_nothing_is_held_back() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one, newcomer = hubs.visit(0, topic), hubs.visit(0, topic)
    hubs.hubs[0]._clients.topics.newcomers._memory = Pot(0, set())
    hubs.publish(one, topic, "hello")
    assert heard(hubs, newcomer) == ["hello"]


def test_without_memory_for_its_greeting_a_newcomer_greets_all_the_same() -> None:
    hubs, topic, one, newcomer = between_two_messages(1)
    listeners = hubs.hubs[1]._clients.topics._listeners
    listeners._memory = Pot(0, set())
    hubs.publish(newcomer, topic, "hello, too")
    hubs.run()
    assert heard(hubs, newcomer) == ["an offer to somebody", "hello, too"]
    assert heard(hubs, one) == ["hello, too"]
    assert listeners.greetings(namespace_of(Kind.TOPIC, topic)) == []


def assert_nothing_is_kept(hubs: Hubs) -> None:
    hubs.pass_time(GREETS_WITHIN)
    for hub in hubs.hubs:
        newcomers = hub._clients.topics.newcomers
        assert len(newcomers) == 0
        assert not newcomers._by_topic
        assert newcomers._size == 0
