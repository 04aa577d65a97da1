"""A thousand real sockets in one namespace of one server process.

Nothing here asserts a speed; ``benchmarks.crowd`` raises if a client is closed, if news is
repeated, or if it takes longer than ``DEADLINE``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from benchmarks.crowd import KIB, MIB, Options, Result, measure

DEADLINE = 120.0  # seconds; on an idle machine it takes three
LIMIT = 128

# A client that knows 4 * LIMIT others, the most there may be, costs 32 KiB for the set of them and
# about 3 KiB for the rest. The set of 128 to 307 others takes 8 KiB.
MEMORY_PER_CLIENT = 64 * KIB

# Whoever knows one that leaves is told, in 230 bytes. As the clients are of one process, which is
# busy leaving, all of that may wait for them at once.
FAREWELL = 256

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("crowd"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the benchmark reads /proc"),
]


@pytest.fixture(scope="module")
def thousand() -> Result:
    return asyncio.run(measure(Options(clients=1000, limit=LIMIT, deadline=DEADLINE)))


def test_each_of_a_thousand_learns_of_as_many_as_the_limit_promises(thousand: Result) -> None:
    least, _, most = thousand.coming.known
    assert LIMIT <= least <= most <= 5 * LIMIT


def test_a_thousand_cost_bounded_memory(thousand: Result) -> None:
    assert thousand.memory_per_client < MEMORY_PER_CLIENT
    waiting = thousand.going.disconnected * FAREWELL
    assert thousand.going.memory < thousand.coming.memory + waiting + 4 * MIB


def test_none_of_a_thousand_is_disconnected(thousand: Result) -> None:
    """A client that was lost would have been told of to those that knew it."""
    assert thousand.coming.disconnected == 0


def test_when_half_of_a_thousand_leave_the_others_know_enough(thousand: Result) -> None:
    least, _, _ = thousand.going.known
    assert least >= LIMIT // 2


def test_a_hundred_all_learn_of_each_other() -> None:
    result = asyncio.run(measure(Options(clients=100, limit=LIMIT, deadline=DEADLINE)))
    assert result.coming.known == (99, 99, 99)
    assert result.coming.discovered == 100 * 99
    assert result.going.known == (49, 49, 49)
