"""Hubs are killed, cut off and standing still while others drop what they had, one by one."""

from collections.abc import Callable
from functools import partial

import pytest

from peerpigeon.core.namespaces import dropping
from peerpigeon.sim.scenes import disasters
from peerpigeon.sim.scenes.outcome import Outcome
from tests.selection import thorough

SCENES: dict[str, Callable[[int], Outcome]] = {
    "half of the hubs are killed": partial(disasters.massacre, hubs=8, share=0.5, within=30.0),
    "a cut is mended": partial(disasters.cut, hubs=8, seconds=20.0),
    "hubs end and start again": disasters.restarts,
    "hubs stand still and go on": disasters.naps,
}


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("seed", [1, *map(thorough, range(2, 6))])
def test_nobody_is_told_twice_or_forgotten(
    name: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropping, "PIECE", 1)
    assert SCENES[name](seed).faults == []
