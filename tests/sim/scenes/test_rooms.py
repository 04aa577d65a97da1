"""All who are in a room of y-webrtc come to be connected, though they greet once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.topics.distribution import Distribution
from peerpigeon.core.topics.publications import Publications
from peerpigeon.core.topics.repetitions import Repetitions
from peerpigeon.sim.scenes.rooms import rooms
from tests.selection import thorough

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("seeds", "rough"),
    [
        (range(1, 2), False),
        thorough(range(2, 11), False),
        thorough(range(11, 21), True),
    ],
)
def test_all_in_a_room_meet(seeds: range, *, rough: bool) -> None:
    assert [rooms(seed, rough=rough).faults for seed in seeds] == [[] for _ in seeds]


# What this scene would find


def found(seeds: Iterable[int]) -> str:
    return "\n".join(fault for seed in seeds for fault in rooms(seed).faults)


@pytest.mark.thorough
def test_that_nothing_is_said_again_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Repetitions, "led", lambda *_: None)
    told = found(range(1, 4))
    assert ", cut" in told or ", divide" in told


@pytest.mark.thorough
def test_that_nothing_is_kept_for_the_next_lead_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Publications, "placed", lambda *_: None)
    monkeypatch.setattr(Publications, "failed", lambda *_: None)
    monkeypatch.setattr(Distribution, "_keep", lambda *_: None)
    assert any("have not met" in found((seed,)) for seed in range(1, 9))
