"""Hubs are restarted one after the other under clients that signal, each a real process."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from benchmarks.rolling import roll_ours

from tests.ports import reserved_port


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.xdist_group("hubs")
async def test_a_rolling_restart_loses_no_signal_and_leaves_no_hub_with_all_clients() -> None:
    with ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(3)]
        outcome = await roll_ours(ports, "drain", drain_time=2.0)
    assert outcome.sent > 1000
    assert (outcome.lost, outcome.repeated) == (0, 0)
    assert set(outcome.codes) == {1012}
    assert outcome.out == 0
    assert outcome.largest < 1
