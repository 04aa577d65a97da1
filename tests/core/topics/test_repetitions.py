"""Clients of y-webrtc that have greeted in two meshes hear of each other when those merge."""

from __future__ import annotations

import pytest

from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.interface.events import ClockSet
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.topics import repetitions
from peerpigeon.core.topics.newcomers import LONGEST_GREETING
from peerpigeon.core.topics.repetitions import YOUNG
from tests.core.hubs import EPOCH, FIRST, SECOND, THIRD, Hubs

Visitor = tuple[int, int]


def topic_of(number: int, *ids: str, nth: int = 0) -> str:
    """Return a topic whose lead is a hub, of all; or the next such one."""
    placement = Placement(ids)  # type: ignore[arg-type]
    names = (f"room {one}" for one in range(1000))
    led = [
        name for name in names if placement.primary(namespace_of(Kind.TOPIC, name)) == ids[number]
    ]
    return led[nth]


def greet(hubs: Hubs, number: int, topic: str, data: object) -> Visitor:
    visitor = hubs.visit(number, topic)
    hubs.publish(visitor, topic, data)
    hubs.run()
    return visitor


def heard(hubs: Hubs, visitor: Visitor) -> list[object]:
    return [message["data"] for message in hubs.take(visitor) if "data" in message]


def apart(*ids: str, seconds: float = 60.0) -> Hubs:
    hubs = Hubs(*ids)  # type: ignore[arg-type]
    hubs.pass_time(seconds)
    return hubs


@pytest.mark.parametrize("lead", [0, 1])
def test_of_two_that_were_in_two_meshes_one_hears_the_other(lead: int) -> None:
    hubs = apart(FIRST, SECOND)
    topic = topic_of(lead, FIRST, SECOND)
    visitors = [greet(hubs, number, topic, number) for number in (0, 1)]
    hubs.pass_time(60.0)
    for visitor in visitors:
        heard(hubs, visitor)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    assert heard(hubs, visitors[lead]) == [1 - lead]
    assert heard(hubs, visitors[1 - lead]) == []


def after_a_cut(hubs: Hubs, *, clock: float | None = None) -> tuple[list[object], list[object]]:
    """Return what those hear who greeted during and before a cut, when hubs are linked again.

    ``clock``: what the second hub takes for the time of all then.
    """
    link = hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(20.0)
    topic = topic_of(0, FIRST, SECOND)
    before = greet(hubs, 1, topic, "before")
    hubs.cut(link)
    hubs.pass_time(20.0)
    meanwhile = greet(hubs, 0, topic, "meanwhile")
    heard(hubs, meanwhile)
    heard(hubs, before)
    if clock is not None:
        hubs.feed(1, ClockSet(clock - hubs.now))
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    return heard(hubs, meanwhile), heard(hubs, before)


def test_a_hub_that_was_cut_off_hears_or_is_heard() -> None:
    assert after_a_cut(apart(FIRST, SECOND)) == (["before"], [])


def test_a_hub_that_comes_back_has_not_just_started_whatever_its_clock_says() -> None:
    hubs = apart(FIRST)
    hubs.add(SECOND)
    began_just_now = EPOCH + YOUNG / 2  # as the second one sees the first
    assert after_a_cut(hubs, clock=began_just_now) == (["before"], [])


def test_nothing_is_said_again_to_a_hub_that_has_just_started() -> None:
    hubs = apart(FIRST, SECOND)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(20.0)
    topic = topic_of(2, FIRST, SECOND, THIRD)
    visitors = [greet(hubs, number, topic, number) for number in (0, 1)]
    hubs.pass_time(10.0)
    for visitor in visitors:
        heard(hubs, visitor)
    hubs.add(THIRD)
    hubs.link(1, 2)
    hubs.run()
    hubs.pass_time(5.0)
    assert [heard(hubs, visitor) for visitor in visitors] == [[], []]


@pytest.mark.parametrize("lead", [0, 1])
def test_who_has_greeted_a_hub_that_had_just_started_is_heard_when_it_finds_others(
    lead: int,
) -> None:
    hubs = apart(FIRST)
    topic = topic_of(lead, FIRST, SECOND)
    old = greet(hubs, 0, topic, "old")
    hubs.add(SECOND)
    new = greet(hubs, 1, topic, "new")
    hubs.pass_time(8.0)  # longer than what it has published is kept
    heard(hubs, old)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    assert heard(hubs, old) == ["new"]
    assert heard(hubs, new) == ["new"]  # what it has said itself


def test_of_two_hubs_that_have_just_started_one_says_it_again() -> None:
    hubs = Hubs(FIRST, SECOND)
    topic = topic_of(0, FIRST, SECOND)
    visitors = [greet(hubs, number, topic, number) for number in (0, 1)]
    hubs.pass_time(YOUNG - 2.0)
    for visitor in visitors:
        heard(hubs, visitor)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(1.0)
    assert [heard(hubs, visitor) for visitor in visitors] == [[1], []]


def test_a_greeting_that_is_long_or_late_is_not_said_again() -> None:
    hubs = apart(FIRST, SECOND)
    topic = topic_of(0, FIRST, SECOND)
    long = greet(hubs, 1, topic, "x" * LONGEST_GREETING)
    late = hubs.visit(1, topic)
    hubs.pass_time(1.0)
    hubs.publish(late, topic, "late")
    gone = greet(hubs, 1, topic, "gone")
    hubs.lose(gone)
    other = greet(hubs, 0, topic, "other")
    hubs.pass_time(60.0)
    for visitor in (long, late, other):
        heard(hubs, visitor)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(3.0)
    assert heard(hubs, other) == []


def test_many_topics_are_said_again_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repetitions, "PIECE", 1)
    hubs = apart(FIRST, SECOND)
    topics = [topic_of(0, FIRST, SECOND, nth=nth) for nth in range(3)]
    listeners = [greet(hubs, 0, topic, "old") for topic in topics]
    for topic in topics:
        greet(hubs, 1, topic, "new")
    hubs.pass_time(60.0)
    for visitor in listeners:
        heard(hubs, visitor)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(5.0)
    assert [heard(hubs, visitor) for visitor in listeners] == [["new"]] * 3
