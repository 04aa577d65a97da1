"""What is published in a topic is heard by each that listens, once, whatever becomes of hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core.topics.distribution import Distribution
from peerpigeon.core.topics.heard import Heard
from peerpigeon.core.topics.publications import Publications
from peerpigeon.core.topics.repetitions import Repetitions
from peerpigeon.core.topics.topics import Topics
from peerpigeon.sim.scenes.topics import topics
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("seeds", "rough"),
    [
        (range(1, 4), False),
        thorough(range(4, 11), False),
        thorough(range(11, 21), True),
    ],
)
def test_each_listener_hears_once(seeds: range, *, rough: bool) -> None:
    assert [topics(seed, rough=rough).faults for seed in seeds] == [[] for _ in seeds]


# What this scene would find


def faults(seeds: int = 6, *, rough: bool = False) -> Iterator[str]:
    """Play no further than somebody looks for a fault."""
    return (fault for seed in range(1, seeds + 1) for fault in topics(seed, rough=rough).faults)


@pytest.mark.thorough
@pytest.mark.parametrize("rough", [False, True])
def test_that_one_is_heard_twice_would_be_found(
    monkeypatch: pytest.MonkeyPatch, *, rough: bool
) -> None:
    monkeypatch.setattr(Heard, "is_new", lambda *_: True)
    assert any("times" in fault for fault in faults(rough=rough))


@pytest.mark.thorough
def test_that_greetings_are_said_again_twice_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spread = Publications.spread

    def twice(*args: Any) -> None:
        spread(*args)
        spread(*args)

    expire = Repetitions.expire

    def expire_twice(repetitions: Repetitions, now: float) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Publications, "spread", twice)
            expire(repetitions, now)

    monkeypatch.setattr(Repetitions, "expire", expire_twice)
    assert any("times" in fault for fault in topics(5).faults)  # the first in which it shows


@pytest.mark.thorough
def test_that_nothing_is_handed_out_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Distribution, "distribute", lambda *_: [])
    assert any("not heard" in fault for fault in faults(1))


@pytest.mark.thorough
def test_that_hubs_keep_what_is_out_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Distribution, "expire", lambda *_: None)
    monkeypatch.setattr(Distribution, "deadline", lambda *_: None)
    assert any("keeps" in fault for fault in faults(1))


@pytest.mark.thorough
def test_that_a_hub_does_not_leave_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Topics, "unlisten", lambda *_: None)
    assert any("keeps" in fault for fault in faults(1))


@pytest.mark.thorough
def test_that_nothing_is_kept_for_the_next_lead_costs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [topics(seed).figures["share not heard in all"] or 0.0 for seed in range(1, 4)]
    monkeypatch.setattr(Publications, "placed", lambda *_: None)
    monkeypatch.setattr(Publications, "failed", lambda *_: None)
    after = [topics(seed).figures["share not heard in all"] or 0.0 for seed in range(1, 4)]
    assert sum(after) > sum(before)
