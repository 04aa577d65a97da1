"""Of two that greet at two hubs one hears the other, whatever leads hand their greetings out."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest

from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.memory import Pot
from peerpigeon.core.topics.greetings import GREETING, Greetings
from peerpigeon.core.wire.hub_news import Handed
from tests.core.hubs import FIRST, SECOND, THIRD

OTHER = PeerId("f" * 40)
LEADS = (SECOND, THIRD, OTHER)
TOPIC = "room"
ONE = SessionId(1)


class Told:
    """Stands for the listeners of one hub; has what was told later than it was heard."""

    def __init__(self) -> None:
        self.told: list[tuple[SessionId, bytes]] = []

    def tell(self, namespace: str, session: SessionId, payload: bytes) -> None:
        assert namespace == TOPIC
        self.told.append((session, payload))


class Side:
    """One hub, with a client that greets."""

    def __init__(self) -> None:
        self.listeners = Told()
        self.greetings = Greetings(self.listeners, Effects(0.0))  # type: ignore[arg-type]
        self.greetings.add(TOPIC, 1, ONE, 0.0)
        self.knows: set[tuple[PeerId, int]] = set()
        self.heard = 0

    def hear(self, lead: PeerId | None, number: int = 1) -> None:
        """Hear of the other one's greeting, as the topics of a hub do."""
        handed = Handed(TOPIC, FIRST, number, b"of another", is_greeting=True)
        is_new = (FIRST, number) not in self.knows
        self.knows.add((FIRST, number))
        later = self.greetings.hear(handed, lead, is_new=is_new)
        self.heard += is_new and ONE not in later

    def handed_out(self, lead: PeerId) -> None:
        self.greetings.handed_out(TOPIC, 1, lead)

    @property
    def count(self) -> int:
        """How often the client was told the greeting of the other one."""
        return self.heard + len(self.listeners.told)


def test_what_is_handed_out_before_ours_is_held_back_and_what_comes_behind_is_not() -> None:
    side = Side()
    side.hear(THIRD)
    side.handed_out(THIRD)
    side.hear(THIRD, 2)
    assert side.count == 1
    assert not side.listeners.told
    side.greetings.expire(GREETING)
    assert side.count == 1
    assert len(side.greetings) == side.greetings._size == 0


def test_the_order_of_another_lead_than_that_of_ours_counts_for_nothing() -> None:
    side = Side()
    side.hear(SECOND)
    assert side.count == 0
    side.handed_out(THIRD)
    assert side.count == 1


def test_what_the_lead_of_ours_hands_out_before_ours_too_is_held_back() -> None:
    side = Side()
    side.hear(SECOND)
    side.hear(THIRD)
    side.handed_out(THIRD)
    assert side.count == 0
    side.handed_out(SECOND)
    assert side.count == 0
    side.hear(SECOND)
    assert side.count == 0


def test_what_was_only_passed_on_has_no_place_in_the_order() -> None:
    side = Side()
    side.hear(None)
    assert side.count == 0
    side.handed_out(THIRD)
    assert side.count == 1


@pytest.mark.parametrize("comes_first", ["word", "greeting"])
def test_who_learns_later_that_a_lead_had_its_own_first_is_told(comes_first: str) -> None:
    side = Side()
    side.hear(SECOND)
    side.handed_out(SECOND)
    assert side.count == 0
    side.handed_out(THIRD)
    if comes_first == "greeting":
        side.hear(THIRD)
    assert side.count == 1
    side.hear(THIRD)
    assert side.count == 1


def test_whose_greeting_is_given_up_is_told_all() -> None:
    side = Side()
    side.hear(THIRD)
    side.greetings.forget(TOPIC, 1)
    assert side.count == 1
    assert not side.greetings._topics


def test_nothing_is_held_back_for_longer_than_a_greeting_takes() -> None:
    side = Side()
    side.hear(THIRD)
    side.greetings.resend(TOPIC, 1, 5.0)
    side.greetings.resend(TOPIC, 2, 5.0)  # no greeting
    side.greetings.expire(GREETING)
    assert side.count == 0
    assert side.greetings.deadline() == 5.0 + GREETING
    side.greetings.expire(5.0 + GREETING)
    assert side.count == 1
    assert side.greetings.deadline() is None


def test_who_greets_twice_is_told_once() -> None:
    side = Side()
    side.greetings.add(TOPIC, 2, ONE, 1.0)
    side.hear(SECOND)
    for number in (1, 2):
        side.greetings.handed_out(TOPIC, number, THIRD)
    assert side.listeners.told == [(ONE, b"of another")]


def test_without_memory_nothing_is_held_back() -> None:
    side = Side()
    side.greetings._memory = Pot(0, set())
    side.hear(THIRD)
    assert side.count == 1


@pytest.mark.parametrize("leads", [1, 2, 3])
def test_of_two_none_is_kept_from_the_other_whatever_leads_there_are(leads: int) -> None:
    """A thousand times, with messages that are under way for as long as it may be.

    Each greeting goes to some leads, one after the other or not; each of these hands it out when it
    comes, and says so. What one lead says to one hub arrives in order.
    """
    rng = Random(leads)
    for time in range(1000):
        sides = Side(), Side()
        lanes: dict[tuple[PeerId, int], deque[str]] = {}
        to_leads = [
            (number, lead)
            for number in range(2)
            for lead in rng.sample(LEADS[:leads], rng.randint(1, leads))
        ]
        rng.shuffle(to_leads)
        while to_leads or lanes:
            if to_leads and (not lanes or rng.random() < 0.5):
                number, lead = to_leads.pop()
                for each, word in ((number, "out"), (1 - number, "greeting")):
                    lanes.setdefault((lead, each), deque()).append(word)
                continue
            lead, each = rng.choice(list(lanes))
            lane = lanes[lead, each]
            word = lane.popleft()
            if not lane:
                del lanes[lead, each]
            if word == "out":
                sides[each].handed_out(lead)
            else:
                sides[each].hear(lead)
        told = [side.count for side in sides]
        assert max(told) == 1, f"time {time}: {told}"
        assert leads > 1 or sum(told) == 1, f"time {time}: {told}"
