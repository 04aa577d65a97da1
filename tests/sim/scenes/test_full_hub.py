"""A full hub and clients that died silently, with several seeds."""

import pytest

from peerpigeon.sim.scenes.full_hub import full_hub


@pytest.mark.parametrize("rough", [False, True])
@pytest.mark.parametrize("seed", range(1, 6))
def test_ghosts_make_room_and_nobody_else(seed: int, rough: bool) -> None:
    assert full_hub(seed, rough=rough).faults == []
