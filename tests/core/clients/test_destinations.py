"""Where the messages of a pair have gone last, and for how long that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.clients import destinations
from peerpigeon.core.clients.destinations import Destination, Destinations
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.retention import RETENTION
from peerpigeon.core.wire.hub_news import Relay

if TYPE_CHECKING:
    import pytest

HUB = PeerId("1" * 40)
SENDER = PeerId("2" * 40)
LIFETIME = 10.0


def relay(target: str, number: int) -> Relay:
    """Return a message to one session of a target."""
    return Relay("net", SENDER, PeerId(target * 40), 5, "send", b"{}", 7, number)


def test_the_last_of_a_pair_counts_until_it_has_come_to_its_end() -> None:
    known = Destinations(LIFETIME)
    known.note(relay("a", 1), HUB, 0.0)
    known.note(relay("a", 2), HUB, 1.0)
    last = Destination(HUB, 5, 2, 1.0 + RETENTION + LIFETIME)
    assert known.find(relay("a", 9)) == last
    known.end(relay("a", 1))
    assert known.find(relay("a", 9)) == last
    known.end(relay("a", 2))
    assert known.find(relay("a", 9)) == Destination(HUB, 5, 0, last.until)
    known.end(relay("b", 1))
    assert known.find(relay("b", 9)) is None


def test_a_pair_that_is_silent_is_forgotten_when_nothing_of_it_can_come_back() -> None:
    known = Destinations(LIFETIME)
    known.note(relay("a", 1), HUB, 0.0)
    known.note(relay("b", 2), HUB, 1.0)
    known.note(relay("a", 3), HUB, 2.0)
    known.forget(1.0 + RETENTION + LIFETIME)
    assert known.find(relay("b", 9)) is None
    assert known.find(relay("a", 9)) is not None
    known.forget(2.0 + RETENTION + LIFETIME)
    assert known.find(relay("a", 9)) is None


def test_beyond_the_most_those_that_are_silent_longest_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(destinations, "MOST_PAIRS", 2)
    known = Destinations(LIFETIME)
    for number, target in enumerate("abac"):
        known.note(relay(target, number), HUB, 0.0)
    assert [known.find(relay(target, 9)) is not None for target in "abc"] == [True, False, True]


def test_nothing_that_was_said_before_follows_what_was_delivered_at_hand() -> None:
    known = Destinations(LIFETIME)
    known.forget_pair("net", SENDER, PeerId("a" * 40))
    known.note(relay("a", 1), HUB, 0.0)
    known.note(relay("b", 2), HUB, 0.0)
    known.forget_pair("net", SENDER, PeerId("a" * 40))
    assert known.find(relay("a", 9)) is None
    assert known.find(relay("b", 9)) is not None
