"""What a client of y-webrtc says, and what follows from it."""

from __future__ import annotations

import pytest

from peerpigeon.core.dialects.dialect import (
    Fault,
    Granted,
    Listen,
    Publish,
    Say,
    TopicWant,
    Unlisten,
)
from peerpigeon.core.dialects.topics import LONGEST_TOPIC, Topics
from peerpigeon.core.ids import PeerId, SessionId

VISITOR = SessionId(1)
LISTENING = {"\0yroom-1": 2}


def said(text: str) -> list[TopicWant]:
    topics = Topics(lambda namespace: LISTENING.get(namespace, 0))
    return list(topics.said(VISITOR, text, 0.0))


# What the real client says, as it was recorded


def test_a_client_subscribes_to_all_its_rooms_in_one_message() -> None:
    wants = said('{"type":"subscribe","topics":["room-1","room-2"]}')
    assert wants == [Listen("\0yroom-1"), Listen("\0yroom-2")]


def test_a_client_unsubscribes() -> None:
    assert said('{"type":"unsubscribe","topics":["room-1"]}') == [Unlisten("\0yroom-1")]


def test_a_ping_is_answered_by_a_message() -> None:
    assert said('{"type":"ping"}') == [Say(b'{"type":"pong"}')]


def test_a_publication_goes_on_as_it_came_with_the_number_of_subscribers() -> None:
    text = '{"type":"publish","topic":"room-1","data":{"type":"announce","from":"ü"}}'
    passed_on = text[:-1] + ',"clients":2}'
    assert said(text) == [Publish("\0yroom-1", passed_on.encode())]


def test_a_publication_with_a_password_is_a_string() -> None:
    text = '{"type":"publish","topic":"room-2","data":"cGFzcw=="}'
    assert said(text) == [Publish("\0yroom-2", text[:-1].encode() + b',"clients":0}')]


# What else may come


def test_a_number_of_subscribers_that_the_publisher_gives_is_set_right_in_its_place() -> None:
    text = '{"type":"publish","clients":99,"topic":"room-1","data":1}'
    passed_on = b'{"type":"publish","clients":2,"topic":"room-1","data":1}'
    assert said(text) == [Publish("\0yroom-1", passed_on)]


@pytest.mark.parametrize("clients", ['"x"', "null", "[]"])
def test_a_number_of_subscribers_may_be_anything(clients: str) -> None:
    text = f'{{"type":"publish","topic":"room-1","clients":{clients}}}'
    passed_on = b'{"type":"publish","topic":"room-1","clients":2}'
    assert said(text) == [Publish("\0yroom-1", passed_on)]


def test_there_may_be_space_around_a_publication() -> None:
    text = ' {"type":"publish", "topic":"room-1" }\r\n\t '
    assert said(text) == [
        Publish("\0yroom-1", b' {"type":"publish", "topic":"room-1" ,"clients":2}')
    ]


def test_words_may_be_spelled_with_escapes() -> None:
    text = '{"t\\u0079pe":"p\\u0069ng"}'
    assert said(text) == [Say(b'{"type":"pong"}')]


@pytest.mark.parametrize("topic", ["", ',"topic":""'])
def test_a_publication_without_a_topic_is_dropped(topic: str) -> None:
    assert said(f'{{"type":"publish"{topic},"data":1}}') == []


@pytest.mark.parametrize(
    "topics", ["", ',"topics":null', ',"topics":""', ',"topics":0', ',"topics":false']
)
def test_a_subscription_to_nothing_is_none(topics: str) -> None:
    assert said(f'{{"type":"subscribe"{topics}}}') == []


def test_what_is_no_string_is_no_topic_and_any_string_is() -> None:
    text = '{"type":"subscribe","topics":[1,null,{"a":["b"]},"","\\u0000",["x"],"ü"]}'
    assert said(text) == [Listen("\0y"), Listen("\0y\0"), Listen("\0yü")]


def test_a_topic_has_an_end() -> None:
    longest, longer = "ü" * (LONGEST_TOPIC // 2), "ü" * (LONGEST_TOPIC // 2) + "x"
    wants = said(f'{{"type":"subscribe","topics":["{longer}","{longest}"]}}')
    assert wants == [Fault("a topic that is too long"), Listen(f"\0y{longest}")]
    assert said(f'{{"type":"publish","topic":"{longer}"}}') == [Fault("a topic that is too long")]


# What ends the reference server, and what it ignores


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "",
        "{",
        '{"type":"subscribe","topics":["a]}',
        '{"type":"ping"' + ',"x":[' * 20_000,
        '{"type":"publish","topic":"\\ud800"}',
    ],
    ids=["words", "nothing", "an end", "a string without end", "a deep nest", "half a character"],
)
def test_what_is_no_json_ends_nothing(text: str) -> None:
    assert said(text) == [Fault("a message that is no JSON")]


@pytest.mark.parametrize("topics", ["5", '"room-1"', "{}", "true"])
def test_topics_that_are_no_array_end_nothing(topics: str) -> None:
    text = f'{{"type":"subscribe","topics":{topics}}}'
    assert said(text) == [Fault("topics that are no array")]


@pytest.mark.parametrize("text", ["{}", '{"type":7}', '{"type":"hello"}', '{"type":null}'])
def test_types_that_are_not_known_are_ignored(text: str) -> None:
    assert said(text) == [Fault("a message that makes no sense")]


@pytest.mark.parametrize("text", ["null", "[]", '"s"', "7", '{"type":"publish","topic":7}'])
def test_json_of_another_form_is_ignored(text: str) -> None:
    assert said(text) == [Fault("a message that makes no sense")]


def test_it_has_nothing_to_say_by_itself() -> None:
    topics = Topics(lambda _: 0)
    assert list(topics.opened(VISITOR, "/y-webrtc", 0.0)) == []
    granted = Granted("\0yroom", PeerId("a" * 40))
    assert list(topics.told(VISITOR, granted, 0.0)) == []
    assert list(topics.tick(0.0)) == []
    topics.closed(VISITOR)
    assert topics.deadline() is None


def test_what_other_hubs_would_not_take_is_not_published_here_either() -> None:
    text = '{"type":"publish","topic":"room-1","data":' + "[" * 128 + "]" * 128 + "}"
    assert said(text) == [Fault("a message that is nested too deeply")]
