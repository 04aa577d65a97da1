"""What is published at one hub is heard at each, once, whichever of them hands it out."""

from __future__ import annotations

from itertools import combinations, permutations
from random import Random

import pytest
from msgspec.structs import replace

from peerpigeon.core.dialects.names import Kind, namespace_of
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.events import LinkReceived, Tick
from peerpigeon.core.memory import Pot
from peerpigeon.core.namespaces.hub_views import COME_OF_LATE
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.topics.distribution import UNCERTAIN
from peerpigeon.core.topics.greetings import GREETING
from peerpigeon.core.topics.newcomers import GREETS_WITHIN
from peerpigeon.core.wire.client_messages import hub_introduction
from peerpigeon.core.wire.hub_news import (
    Handed,
    HandedOut,
    Join,
    Leave,
    Located,
    Meet,
    Member,
    Spread,
)
from peerpigeon.core.wire.reasons import Reason
from tests.core.hubs import EPOCH, FIRST, LATER, SECOND, THIRD, Hubs

IDS = (FIRST, SECOND, THIRD)
Visitor = tuple[int, int]

SETTLED = UNCERTAIN + 1.0
"""Seconds after which a mesh that has formed is a quiet one."""


def topic_of(lead: PeerId, backup: PeerId | None = None) -> str:
    """Return a topic that a hub hands out, and another one if that is gone."""
    placement = Placement(IDS)
    for number in range(1000):
        hubs = placement.rendezvous_hubs(namespace_of(Kind.TOPIC, f"room {number}"))
        if hubs[0] == lead and backup in (None, hubs[1]):
            return f"room {number}"
    raise AssertionError("no such topic")


def mesh(**options: object) -> Hubs:
    """Return three hubs that know each other for a while."""
    hubs = Hubs(*IDS, **options)
    for one, other in ((0, 1), (1, 2), (0, 2)):
        hubs.link(one, other)
    hubs.run()
    hubs.pass_time(SETTLED)
    return hubs


def heard(hubs: Hubs, visitor: Visitor) -> list[object]:
    return [each["data"] for each in hubs.take(visitor)]


@pytest.mark.parametrize("lead", IDS)
def test_a_publication_is_heard_at_each_hub_once(lead: PeerId) -> None:
    hubs, topic = mesh(), topic_of(lead)
    visitors = [hubs.visit(number, topic) for number in (0, 0, 1, 2)]
    other = hubs.visit(1, "another room")
    hubs.pass_time(GREETS_WITHIN)
    for number, visitor in enumerate(visitors):
        hubs.publish(visitor, topic, number)
        hubs.run()
    assert [heard(hubs, visitor) for visitor in visitors] == [[0, 1, 2, 3]] * 4
    assert heard(hubs, other) == []


@pytest.mark.parametrize("lead", IDS)
def test_who_answers_what_it_has_just_heard_is_heard(lead: PeerId) -> None:
    hubs, topic = mesh(), topic_of(lead)
    one = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    newcomer = hubs.visit(1, topic)
    hubs.publish(newcomer, topic, "announce")
    hubs.run()
    hubs.publish(one, topic, "offer")
    hubs.run()
    assert heard(hubs, one) == ["announce", "offer"]
    assert heard(hubs, newcomer) == ["announce", "offer"]


@pytest.mark.parametrize("lead", IDS)
@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("hubs_of_both", [*permutations(range(3), 2)])
def test_of_two_that_come_at_a_time_one_hears_the_other(
    hubs_of_both: tuple[int, int], lead: PeerId, *, is_known: bool
) -> None:
    """Offers of real clients that have both heard the other's greeting cross, and lead nowhere."""
    hubs, topic = mesh(), topic_of(lead)
    before = [hubs.visit(number, topic) for number in range(3) if is_known]
    hubs.pass_time(GREETS_WITHIN)
    both = [hubs.visit(number, topic) for number in hubs_of_both]
    for number, visitor in enumerate(both):
        hubs.publish(visitor, topic, number)
    hubs.run()
    told = [heard(hubs, visitor) for visitor in both]
    assert [told[0].count(0), told[1].count(1)] == [1, 1]
    assert told[0].count(1) + told[1].count(0) == 1
    assert [sorted(map(str, heard(hubs, visitor))) for visitor in before] == [
        ["0", "1"] for _ in before
    ]
    for number, visitor in enumerate(both):
        hubs.publish(visitor, topic, f"answer of {number}")
    hubs.run()
    for visitor in (*both, *before):
        assert sorted(map(str, heard(hubs, visitor))) == ["answer of 0", "answer of 1"]
    for hub in hubs.hubs:
        assert len(hub._clients.topics._greetings) == 0


def test_greetings_of_one_hub_are_answered_one_by_one() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    both = [hubs.visit(0, topic) for _ in range(2)]
    for number, visitor in enumerate(both):
        hubs.publish(visitor, topic, number)
    topics = hubs.hubs[0]._clients.topics
    namespace = namespace_of(Kind.TOPIC, topic)
    first = min(topics._publications._pending)
    assert len(topics._greetings) == 2
    topics.on_news(THIRD, HandedOut(namespace, first), hubs.now)
    greeting = Handed(namespace, SECOND, LATER, b'{"data":"of another"}', is_greeting=True)
    topics.on_news(THIRD, greeting, hubs.now)
    hubs.run()
    assert ["of another" in heard(hubs, visitor) for visitor in both] == [True, False]
    assert len(topics._greetings) == 0


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("is_in_one_breath", [False, True])
def test_of_five_that_come_at_a_time_each_two_find_each_other_once(
    *, is_known: bool, is_in_one_breath: bool
) -> None:
    """A hundred times, with frames that overtake each other on different links.

    Real clients link when one hears the greeting of the other, and fail when both do. Each begins
    to listen and greets at once; but that is two messages, and others may be read between them.
    """
    hubs, rng = mesh(), Random(5)
    for time in range(100):
        topic = f"room {time}"
        if is_known:
            hubs.visit(time % 3, topic)
            hubs.run()
        five: list[Visitor] = []
        silent: list[int] = []
        for number in range(5):
            five.append(hubs.visit(rng.randrange(3), topic))
            silent.append(number)
            while silent and (is_in_one_breath or rng.randrange(3)):
                speaker = silent.pop(rng.randrange(len(silent)))
                hubs.publish(five[speaker], topic, speaker)
            for _ in range(rng.randrange(6)):
                pass_one_on(hubs, rng)
        for speaker in silent:
            hubs.publish(five[speaker], topic, speaker)
        while hubs.frames:
            pass_one_on(hubs, rng)
        told = [heard(hubs, visitor) for visitor in five]
        assert [told[number].count(number) for number in range(5)] == [1] * 5
        for one, other in combinations(range(5), 2):
            met = told[one].count(other) + told[other].count(one)
            assert met == 1, f"{one} and {other} at time {time}: {told}"


def pass_one_on(hubs: Hubs, rng: Random) -> None:
    """Pass on the next frame of any one link."""
    if hubs.frames:
        end = rng.choice(hubs.frames.busy_lines())
        frame = hubs.frames.receive(end)
        other = hubs.others[end]
        hubs.feed(other[0], LinkReceived(other[1], frame))


@pytest.mark.parametrize("lead", IDS)
@pytest.mark.parametrize("says", [["plain", "plain"], ["cipher", "text as long"]])
@pytest.mark.parametrize("is_first", [True, False])
def test_who_greets_again_and_a_newcomer_hear_each_other_once_though_the_lead_has_died(
    says: list[str], lead: PeerId, *, is_first: bool
) -> None:
    """A real client greets again when a link is lost, as to somebody who has left.

    Until the hubs see that the lead is gone, nothing that is said reaches another hub.
    """
    hubs, topic = mesh(), topic_of(lead)
    here, there, dead = sorted(range(3), key=lambda number: IDS[number] == lead)
    said = [word.ljust(12) for word in says]
    one = hubs.visit(here, topic)
    hubs.publish(one, topic, said[0])
    hubs.pass_time(10.0)
    heard(hubs, one)
    # The lead dies without a word.
    for end in [end for end, other in hubs.others.items() if dead in (end[0], other[0])]:
        del hubs.others[end]
    newcomer = None
    for turn in range(2):
        if (turn == 0) is is_first:
            hubs.publish(one, topic, said[1])
        else:
            newcomer = hubs.visit(there, topic)
            hubs.publish(newcomer, topic, "a newcomer")
        hubs.pass_time(0.5)
    assert newcomer is not None
    hubs.pass_time(15.0)
    told = [heard(hubs, one), heard(hubs, newcomer)]
    assert [told[0].count(said[1]), told[1].count("a newcomer")] == [1, 1]
    assert told[0].count("a newcomer") + told[1].count(said[1]) == 1
    hubs.publish(one, topic, "x" * 600)
    hubs.publish(newcomer, topic, "an answer")
    hubs.run()
    assert "an answer" in heard(hubs, one)
    assert sorted(map(str, heard(hubs, newcomer))) == ["an answer", "x" * 600]


def test_who_has_listened_for_a_while_hears_all() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    both = [hubs.visit(number, topic) for number in (0, 1)]
    hubs.pass_time(GREETS_WITHIN)
    for number, visitor in enumerate(both):
        hubs.publish(visitor, topic, number)
    hubs.run()
    assert [sorted(map(str, heard(hubs, visitor))) for visitor in both] == [["0", "1"]] * 2


def test_a_greeting_whose_lead_does_not_answer_keeps_nothing_back_for_long() -> None:
    hubs, topic = mesh(signal_lifetime=20.0), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.publish(one, topic, "mine")
    topics = hubs.hubs[0]._clients.topics
    namespace = namespace_of(Kind.TOPIC, topic)
    hubs.lose_frames()
    greeting = Handed(namespace, SECOND, LATER, b'{"data":"of another"}', is_greeting=True)
    hubs.inject(0, greeting, THIRD)
    assert heard(hubs, one) == ["mine"]
    hubs.now += GREETING
    hubs.feed(0, Tick())
    assert heard(hubs, one) == ["of another"]
    hubs.inject(0, replace(greeting, number=LATER + 1), THIRD)
    assert heard(hubs, one) == ["of another"]
    topics.on_failure(HandedOut(namespace, 1), Reason.EXPIRED, hubs.now)
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 0


def test_who_is_its_own_lead_by_now_has_greeted() -> None:
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    one = hubs.visit(1, topic)
    hubs.publish(one, topic, "mine")
    greetings = hubs.hubs[1]._clients.topics._greetings
    assert len(greetings) == 1
    hubs.lose_frames()
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.run()
    hubs.pass_time(8.0)
    [own] = greetings._topics[namespace_of(Kind.TOPIC, topic)].own.values()
    assert own.out_by == {SECOND}


def test_a_hub_that_has_just_come_keeps_no_greeting_from_those_whose_lead_it_does_not_know() -> (
    None
):
    """Else both would be kept from each other: by the order of two leads, and for ever."""
    hubs, topic = Hubs(FIRST, THIRD), topic_of(THIRD, SECOND)
    hubs.link(0, 1)
    hubs.run()
    hubs.pass_time(COME_OF_LATE)
    hubs.add(SECOND)
    for number in range(2):
        hubs.link(2, number)
    hubs.pass_time(1.0)
    one = hubs.visit(0, topic)
    namespace = namespace_of(Kind.TOPIC, topic)
    hubs.publish(one, topic, "mine")
    said = Spread(namespace, SECOND, LATER, b'{"data":"of another"}', is_greeting=True)
    hubs.inject(0, replace(said, is_passed_on=True), SECOND)
    hubs.run()
    assert heard(hubs, one) == ["mine", "of another"]


def test_who_was_handed_out_by_a_former_lead_hears_of_those_that_the_next_one_hands_out() -> None:
    """They came later, and those at hubs that have heard it are not told again."""
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    one = hubs.visit(0, topic)
    hubs.publish(one, topic, "mine")
    [pending] = hubs.hubs[0]._clients.topics._publications._pending.values()
    pending.lead = SECOND  # it was sent to another one since
    hubs.run()
    said = Handed(
        namespace_of(Kind.TOPIC, topic), THIRD, LATER, b'{"data":"theirs"}', is_greeting=True
    )
    hubs.inject(0, said, SECOND)
    assert heard(hubs, one) == ["mine", "theirs"]
    assert hubs.hubs[0].status.figures().topics.under_way == 1  # the next one has not said so


def holding_back() -> tuple[Hubs, str, tuple[int, int]]:
    """Return hubs, the first of which holds back another's greeting from a client that greets."""
    hubs, topic = mesh(), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.publish(one, topic, "mine")
    namespace = namespace_of(Kind.TOPIC, topic)
    said = Spread(namespace, SECOND, LATER, b'{"data":"of another"}', is_greeting=True)
    hubs.inject(0, said, SECOND)
    return hubs, topic, one


def test_a_former_lead_keeps_no_greeting_from_its_own_client_for_good() -> None:
    """It is sent what another client greets with by a hub that does not know the next lead yet.

    The next lead may have them in the other order, and keep them apart at the other hub.
    """
    hubs, _, one = holding_back()
    assert heard(hubs, one) == ["mine"]
    hubs.run()
    assert heard(hubs, one) == ["of another"]


def test_who_does_not_listen_any_more_is_not_told_what_was_held_back_from_it() -> None:
    hubs, topic, one = holding_back()
    hubs.say(one, {"type": "unsubscribe", "topics": [topic]})
    hubs.run()
    assert heard(hubs, one) == ["mine"]


def test_who_was_first_by_the_order_of_a_former_lead_hears_the_other() -> None:
    """That one's hub has heard them in this order, and may tell its client nothing of ours."""
    hubs, topic = mesh(), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.publish(one, topic, "mine")
    namespace = namespace_of(Kind.TOPIC, topic)
    [number] = hubs.hubs[0]._clients.topics._publications._pending
    greeting = Handed(namespace, SECOND, LATER, b'{"data":"of another"}', is_greeting=True)
    hubs.inject(0, greeting, THIRD)
    assert heard(hubs, one) == ["mine"]
    hubs.inject(0, HandedOut(namespace, number), SECOND)
    assert heard(hubs, one) == ["of another"]


def test_who_publishes_without_listening_hears_nothing() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one, other = hubs.visit(0), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic)
    hubs.run()
    assert heard(hubs, one) == []
    assert heard(hubs, other) == [1]


def test_a_hub_without_listeners_is_sent_nothing() -> None:
    hubs, topic = mesh(), topic_of(FIRST)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.lose(other)
    hubs.run()
    hubs.publish(one, topic)
    assert not hubs.frames


def test_all_tables_are_empty_when_all_are_gone() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    visitors = [hubs.visit(number, topic, "another room") for number in (0, 1, 2)]
    hubs.pass_time(GREETS_WITHIN)
    for visitor in visitors:
        hubs.publish(visitor, topic)
    hubs.run()
    for visitor in visitors:
        hubs.lose(visitor)
    hubs.run()
    hubs.pass_time(100.0)
    for hub in hubs.hubs:
        topics = hub.status.figures().topics
        assert (topics.listened, topics.under_way, topics.kept) == (0, 0, 0)
        assert len(hub._namespaces.presence) == len(hub._namespaces.rendezvous) == 0


def test_hubs_in_a_topic_are_not_introduced_nor_shown_to_people() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    visitors = [hubs.visit(number, topic) for number in (0, 1, 2)]
    hubs.pass_time(GREETS_WITHIN)
    client = hubs.join(0, "a" * 40, topic)
    assert hubs.hubs[0].status.largest_namespaces(5)[0].name == topic
    assert len(hubs.hubs[0].status.largest_namespaces(5)) == 1
    hubs.lose(visitors[1])
    hubs.run()
    assert hubs.take_types(client) == ["connected"]
    assert heard(hubs, visitors[0]) == []


# The lead changes


def test_what_was_under_way_to_a_lead_that_dies_is_handed_out_by_the_next_one() -> None:
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic, "lost")
    hubs.lose_frames()
    for end in [end for end in hubs.others if end[0] == 2]:
        hubs.cut(end)
    hubs.run()
    hubs.pass_time(8.0)
    assert heard(hubs, one) == ["lost"]
    assert heard(hubs, other) == ["lost"]


def test_what_a_lead_had_handed_out_when_it_died_is_not_heard_twice() -> None:
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic, "once")
    hubs.run()
    spread = Spread(namespace_of(Kind.TOPIC, topic), FIRST, LATER, b'{"data":"again"}')
    hubs.inject(1, spread, FIRST)
    hubs.inject(1, spread, FIRST)
    hubs.run()
    assert heard(hubs, other) == ["once", "again"]


def test_a_lead_that_was_restarted_is_told_again() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic, "lost")
    hubs.lose_frames()
    hubs.restart(2)
    hubs.pass_time(8.0)
    assert heard(hubs, other) == ["lost"]


def test_what_does_not_get_to_a_lead_in_time_is_given_up_and_counted() -> None:
    hubs, topic = mesh(signal_lifetime=2.0), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    under_way = []
    for step in range(40):
        if step in (0, 10):
            hubs.publish(one, topic, step)
        hubs.lose_frames()
        hubs.now += 0.1
        for number in (0, 1):
            hubs.feed(number, Tick())
        hubs.hubs[0]._clients.topics.placed(hubs.now)  # the lead is the same one
        under_way.append(hubs.hubs[0].status.figures().topics.under_way)
    assert under_way == sorted(under_way[:15]) + sorted(under_way[15:], reverse=True)
    assert set(under_way) == {0, 1, 2}
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 2


def test_what_nobody_says_to_be_out_is_given_up() -> None:
    hubs, topic = mesh(signal_lifetime=2.0), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic)
    [pending] = hubs.hubs[0]._clients.topics._publications._pending.values()
    pending.lead = SECOND  # so that the word of the third one counts for nothing
    hubs.pass_time(1.9)
    assert hubs.hubs[0].status.figures().topics.under_way == 1
    hubs.pass_time(0.2)
    assert hubs.hubs[0].status.figures().topics.under_way == 0
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 1


def test_a_lead_that_may_not_know_all_passes_on_what_it_gets() -> None:
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    namespace = namespace_of(Kind.TOPIC, topic)
    listener = hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    # The third has forgotten, or has never heard, that somebody listens at the second.
    rendezvous = hubs.hubs[2]._namespaces.rendezvous
    kept = rendezvous.table.get(namespace)
    assert kept is not None
    rendezvous._leaving.forget(kept)
    one = hubs.visit(0)
    hubs.publish(one, topic, "in a quiet mesh")
    hubs.run()
    assert heard(hubs, listener) == []
    hubs.hubs[2]._clients.topics.placed(hubs.now)
    hubs.publish(one, topic, "while it changes")
    hubs.run()
    assert heard(hubs, listener) == ["while it changes"]


def test_a_lead_that_has_just_come_hands_out_to_those_that_are_late_to_say_they_listen() -> None:
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    namespace = namespace_of(Kind.TOPIC, topic)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    rendezvous, topics = hubs.hubs[2]._namespaces.rendezvous, hubs.hubs[2]._clients.topics
    kept = rendezvous.table.get(namespace)
    assert kept is not None
    rendezvous._leaving.forget(kept)
    topics.placed(hubs.now)
    spread = Spread(namespace, FIRST, LATER, b'{"data":"early"}', is_passed_on=True)
    hubs.inject(2, spread, SECOND)
    assert heard(hubs, other) == []
    for hub in hubs.hubs:
        hub._namespaces.presence.resync(hubs.now)
    newcomer = hubs.visit(0, topic)  # the hub that has published hears nothing of it
    hubs.pass_time(1.0)
    assert heard(hubs, other) == ["early"]
    assert heard(hubs, one) == heard(hubs, newcomer) == []
    assert len(topics._distribution) == 1
    hubs.pass_time(UNCERTAIN)
    assert len(topics._distribution) == topics._distribution._size == 0


def test_a_lead_that_hears_of_a_hub_that_it_does_not_know_keeps_the_answers_for_it() -> None:
    """A hub comes to a mesh by one that is not the lead, and its greeting is there before it."""
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    namespace = namespace_of(Kind.TOPIC, topic)
    one, other = hubs.visit(1, topic), hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    rendezvous = hubs.hubs[2]._namespaces.rendezvous
    kept = rendezvous.table.get(namespace)
    assert kept is not None
    rendezvous._leaving.forget(kept)  # as if the first came, too
    newcomer = PeerId("4" * 40)
    spread = Spread(namespace, newcomer, LATER, b'{"data":"greeting"}', 1, is_passed_on=True)
    hubs.inject(2, spread, SECOND)
    hubs.publish(one, topic, "offer")
    hubs.run()
    assert heard(hubs, other) == []
    hubs.hubs[0]._namespaces.presence.resync(hubs.now)
    hubs.pass_time(1.0)
    assert sorted(map(str, heard(hubs, other))) == ["greeting", "offer"]


def test_who_begins_to_listen_while_the_mesh_changes_hears_nothing_of_before() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    hubs.hubs[2]._clients.topics.placed(hubs.now)
    one = hubs.visit(0, topic)
    hubs.publish(one, topic)
    hubs.run()
    newcomer = hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    assert heard(hubs, newcomer) == []


def test_a_lead_without_memory_keeps_nothing_and_hands_out() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    topics = hubs.hubs[2]._clients.topics
    topics.placed(hubs.now)
    topics._distribution._memory = Pot(0, set())
    hubs.publish(one, topic)
    hubs.run()
    assert heard(hubs, other) == [1]
    assert len(topics._distribution) == 0


def test_a_hub_without_memory_tells_its_own_and_counts() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.hubs[0]._clients.topics._publications._memory = Pot(0, set())
    hubs.publish(one, topic)
    hubs.run()
    assert heard(hubs, one) == [1]
    assert heard(hubs, other) == []
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 1


def test_what_no_stream_has_room_for_is_given_up_and_counted() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one, other = hubs.visit(0, topic), hubs.visit(1, topic)
    hubs.pass_time(GREETS_WITHIN)
    delivery = hubs.hubs[0]._delivery
    assert delivery is not None
    delivery._memory = Pot(0, set())
    hubs.publish(one, topic)
    hubs.run()
    assert (heard(hubs, one), heard(hubs, other)) == ([1], [])
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 1


def test_what_a_stream_gives_up_is_given_up_once() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic)
    topics = hubs.hubs[0]._clients.topics
    [pending] = topics._publications._pending.values()
    spread = pending.spread
    topics.on_failure(replace(spread, origin=SECOND), Reason.EXPIRED, hubs.now)  # as the lead
    topics.on_failure(Handed(spread.namespace, SECOND, 1, b"1"), Reason.EXPIRED, hubs.now)
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 2
    pending.lead = SECOND  # it was sent to another one since
    topics.on_failure(spread, Reason.EXPIRED, hubs.now)
    assert len(topics._publications) == 1
    pending.lead = THIRD
    pending.is_out = True
    topics.on_failure(spread, Reason.OVERLOADED, hubs.now)
    assert len(topics._publications._pending) == 1
    pending.is_out = False
    topics.on_failure(spread, Reason.OVERLOADED, hubs.now)
    topics.on_failure(spread, Reason.OVERLOADED, hubs.now)
    assert hubs.hubs[0].status.figures().topics.publications["unheard"] == 3
    assert len(topics._publications) == 0


def test_what_is_published_at_a_hub_that_is_alone_for_a_moment_is_heard_when_others_are_there() -> (
    None
):
    hubs, topic = Hubs(*IDS), topic_of(THIRD)
    one, *others = [hubs.visit(number, topic) for number in (0, 1, 2)]
    hubs.publish(one, topic, "announce")
    hubs.run()
    assert hubs.hubs[0].status.figures().topics.under_way == 0
    for each, other in ((0, 1), (1, 2), (0, 2)):
        hubs.link(each, other)
    hubs.run()
    hubs.pass_time(5.0)
    assert [heard(hubs, other) for other in (one, *others)] == [["announce"]] * 3
    hubs.pass_time(10.0)
    for hub in hubs.hubs:
        assert not hub._clients.topics._publications._pending
        assert hub.status.figures().topics.publications["unheard"] == 0


def test_a_hub_that_stays_alone_keeps_nothing() -> None:
    hubs = Hubs(FIRST)
    one = hubs.visit(0, "room")
    hubs.publish(one, "room")
    hubs.run()
    publications = hubs.hubs[0]._clients.topics._publications
    assert len(publications._pending) == 1
    hubs.pass_time(11.0)
    hubs.publish(one, "room")
    hubs.run()
    assert heard(hubs, one) == [1, 1]
    assert not publications._pending
    assert publications._size == 0


# What other hubs may say


def test_a_hub_publishes_in_its_own_name_only() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    namespace = namespace_of(Kind.TOPIC, topic)
    listener = hubs.visit(2, topic)
    hubs.inject(2, Spread(namespace, SECOND, LATER, b'{"data":1}'), FIRST)
    assert heard(hubs, listener) == []
    hubs.inject(2, Spread(namespace, FIRST, LATER, b'{"data":2}'), FIRST)
    assert heard(hubs, listener) == [2]


def test_only_rendezvous_hubs_hand_out() -> None:
    hubs, topic = mesh(), topic_of(THIRD, SECOND)
    namespace = namespace_of(Kind.TOPIC, topic)
    listener = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.inject(0, Handed(namespace, SECOND, LATER, b'{"data":1}'), THIRD)
    hubs.inject(0, Handed(namespace, SECOND, LATER, b'{"data":2}'), THIRD)
    assert heard(hubs, listener) == [1]
    other = topic_of(FIRST, SECOND)
    listener = hubs.visit(1, other)
    hubs.pass_time(GREETS_WITHIN)
    hubs.inject(1, Handed(namespace_of(Kind.TOPIC, other), FIRST, LATER, b'{"data":1}'), THIRD)
    assert heard(hubs, listener) == []


@pytest.mark.parametrize("payload", [b"no json", b'"\xff"', b"[" * 300 + b"]" * 300])
def test_what_clients_could_not_read_is_left_out(payload: bytes) -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    namespace = namespace_of(Kind.TOPIC, topic)
    listener = hubs.visit(2, topic)
    hubs.inject(2, Spread(namespace, FIRST, LATER, payload), FIRST)
    assert hubs.take(listener) == []


def test_nothing_is_published_in_a_namespace_of_clients() -> None:
    hubs = mesh()
    client = hubs.join(2, "a" * 40)
    hubs.take(client)
    hubs.inject(2, Spread("net1", FIRST, LATER, b"{}", LATER), FIRST)
    assert hubs.take(client) == []
    assert not hubs.frames


def test_a_hub_enters_a_topic_under_its_own_id_only() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    namespace = namespace_of(Kind.TOPIC, topic)
    member = Member(SECOND, LATER, hub_introduction(SECOND))
    hubs.inject(2, Join(namespace, (member,), is_primary=True), FIRST)
    assert len(hubs.hubs[2]._namespaces.rendezvous) == 0


def test_a_hub_that_speaks_listens_unless_it_has_left() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    namespace = namespace_of(Kind.TOPIC, topic)
    rendezvous = hubs.hubs[2]._namespaces.rendezvous
    session = int(EPOCH * 1000) * 2**20 + 1000
    hubs.inject(2, Spread(namespace, FIRST, 1, b"1", session), FIRST)
    hubs.inject(2, Spread(namespace, FIRST, 2, b"1", session), FIRST)
    assert len(rendezvous) == 1
    leave = Leave(namespace, FIRST, session, has_said_goodbye=False, is_primary=True)
    rendezvous.on_leave(FIRST, leave, hubs.now)
    hubs.inject(2, Spread(namespace, FIRST, 3, b"1", session), FIRST)
    hubs.inject(2, Spread(namespace, FIRST, 4, b"1", 5), FIRST)  # of an earlier life
    assert len(rendezvous) == 0


def test_nobody_is_introduced_to_hubs_in_a_topic() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    namespace = namespace_of(Kind.TOPIC, topic)
    listener = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    presence = hubs.hubs[0]._namespaces.presence
    own = presence.find(namespace, FIRST)
    assert own is not None
    located = Located(THIRD, Member(THIRD, LATER, hub_introduction(THIRD)))
    hubs.inject(0, Meet(namespace, ((FIRST, own.session),), (located,)), THIRD)
    assert heard(hubs, listener) == []


def test_an_answer_from_another_than_the_lead_counts_for_nothing() -> None:
    hubs, topic = mesh(), topic_of(THIRD)
    one = hubs.visit(0, topic)
    hubs.pass_time(GREETS_WITHIN)
    hubs.publish(one, topic)
    publications = hubs.hubs[0]._clients.topics._publications
    [number] = publications._pending
    hubs.inject(0, HandedOut(namespace_of(Kind.TOPIC, topic), number), SECOND)
    hubs.inject(0, HandedOut(namespace_of(Kind.TOPIC, topic), number + 1), THIRD)
    assert len(publications) == 1
    hubs.run()
    assert len(publications) == 0
