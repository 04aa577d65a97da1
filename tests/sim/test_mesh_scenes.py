"""Scenes of a mesh, in sizes that take seconds; what each must show is said in ``sim.scenes``.

The sizes of the promise are played by ``python -m peerpigeon.sim.campaign --size large``.
"""

import pytest

from peerpigeon.sim import disasters
from peerpigeon.sim.campaign import catalogue

pytestmark = pytest.mark.slow

SCENES = catalogue("small")


@pytest.mark.parametrize("name", SCENES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_mesh_shows_what_it_must(name: str, seed: int) -> None:
    assert SCENES[name](seed).faults == []


@pytest.mark.parametrize("name", [name for name in SCENES if name != "steady"])
def test_a_mesh_shows_what_it_must_on_a_rough_network(name: str) -> None:
    assert SCENES[name](1, rough=True).faults == []


@pytest.mark.parametrize("max_links", [2, 3, 4, 5])
@pytest.mark.parametrize("hubs", [2, 3, 5, 9, 20])
def test_a_mesh_forms_as_computed_centrally(hubs: int, max_links: int) -> None:
    from peerpigeon.sim.scenes import formation

    assert formation(hubs + max_links, hubs, max_links).faults == []


@pytest.mark.parametrize("seed", [2, 6, 9])
def test_a_mesh_that_falls_into_many_pieces_comes_together_with_nobody_told_twice(
    seed: int,
) -> None:
    """With these seeds halves fall apart, and piece by piece hears what the others have lost."""
    assert disasters.cut(seed, hubs=40).faults == []
