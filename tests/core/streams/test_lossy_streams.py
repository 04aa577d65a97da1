"""Streams over a path that loses, delays, repeats and reorders, between hubs that restart.

What must hold is in ``lossy.World.check`` and ``settle``: news arrives once and in order, or has
failed in time, or nobody waits for it any more; and every stream goes on.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from peerpigeon.core.streams.receiver import Receiver
from peerpigeon.core.streams.sender import Sender
from peerpigeon.core.wire.hub_frames import Ack, Segment
from tests.core.streams.lossy import HUBS, KINDS, Step, World, chance_steps, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.wire.hub_news import News

STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 1), st.integers(0, 15)),
    max_size=40,
)


# Of a signal that waits, the moment at which it is late, and what it is late by, are rounded.
LATE_BY_ROUNDING: list[Step] = [
    *[("signal", 0, 0, 0)] * 2,
    ("loss", 0, 0, 7),
    ("wait", 0, 0, 13),
    ("signal", 0, 0, 10),
]


@settings(max_examples=30, deadline=None)
@example(steps=LATE_BY_ROUNDING, seed=199, hubs=2)
@given(steps=STEPS, seed=st.integers(0, 1000), hubs=st.integers(2, 3))
def test_news_arrives_once_and_in_order_or_is_reported(
    steps: list[Step], seed: int, hubs: int
) -> None:
    play(steps, seed, hubs)


def _play_many(count: int) -> list[World]:
    return [play(chance_steps(seed), seed, 2 + seed % 2) for seed in range(count)]


def test_so_it_is_in_what_chance_makes_of_it() -> None:
    worlds = _play_many(60)
    fates = [fate for world in worlds for fate in world.fates]
    assert sum(fate.failed_at is not None for fate in fates) > 100
    assert sum(len(told) for world in worlds for told in world.delivered.values()) > 1000


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), longest=st.floats(0.01, 0.4), repeats=st.floats(0.0, 1.0))
def test_nothing_fails_and_nothing_is_missing_while_nothing_is_lost(
    seed: int, longest: float, repeats: float
) -> None:
    rng = Random(seed)
    world = World(rng, HUBS[:2], longest=longest, repeats=repeats)
    for _ in range(100):
        source, to = rng.choice([HUBS[:2], HUBS[1::-1]])
        world.send(source, to, rng.choice([None, 3.0]))
        world.run(world.now + rng.uniform(0.04, 0.2))
    world.run(world.now + 2.0)
    assert not any(fate.failed_at for fate in world.fates)
    assert sum(len(told) for told in world.delivered.values()) == 100


# What these properties would find


def _answers_one_too_many(receiver: Receiver, _now: float) -> Ack:
    return Ack(receiver.epoch, receiver.next + 1)


_acknowledge: Callable[[Sender, int, float], list[Segment]] = Sender.acknowledge


def _believes_one_too_many(sender: Sender, next_sequence: int, now: float) -> list[Segment]:
    return _acknowledge(sender, min(next_sequence + 1, sender.next), now)


_take: Callable[[Receiver, Segment], list[News]] = Receiver.take


def _takes_repeats(receiver: Receiver, segment: Segment) -> list[News]:
    return [segment.news] if segment.sequence < receiver.next else _take(receiver, segment)


def _disregards(*_: object) -> None:
    """Do nothing where something must be done."""


@pytest.mark.parametrize(
    ("part", "method", "mistake"),
    [
        (Receiver, "answer", _answers_one_too_many),
        (Sender, "acknowledge", _believes_one_too_many),
        (Receiver, "take", _takes_repeats),
        (Receiver, "_advance", _disregards),  # the destination pays no heed to the floor
        (Sender, "_skip", _disregards),  # the source never moves it over a gap
        (Receiver, "is_replaced_by", lambda *_: True),
        (Receiver, "is_replaced_by", lambda *_: False),
    ],
)
def test_a_mistake_would_be_found(
    monkeypatch: pytest.MonkeyPatch, part: type, method: str, mistake: Callable[..., object]
) -> None:
    monkeypatch.setattr(part, method, mistake)
    with pytest.raises(AssertionError):
        _play_many(200)
