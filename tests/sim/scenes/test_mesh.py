"""Scenes of a mesh, in sizes that take seconds; what each must show is said in ``sim.scenes.mesh``.

The sizes of the promise are played by ``python -m peerpigeon.sim.campaign --size large``.
"""

import pytest

from peerpigeon.sim.campaign import BRIEF, catalogue
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.scenes import disasters, lives
from tests.selection import thorough

pytestmark = pytest.mark.slow

SCENES = catalogue("small")
TESTED_ELSEWHERE = {
    *("full hub", "peerjs", "rebalanced", "rolling restart", "rooms", "topics", "tracker"),
    *("workers", *lives.SCENES),
}
"""With other seeds, calm and rough, in the tests that are named after them."""
LONGEST = {"three hours", "byzantine", "massacre of 90 %"}
LONG_IF_ROUGH = {
    *("broken path", "crowd of 400", "cut", "liars among identities", "loss of 30 %"),
    *("massacre of 30 %", "meeting", "scale 60", "streams"),
}


def scenes(*left: str, without: tuple[str, ...] = ()) -> list[object]:
    """Return the names of all scenes; those that are ``left`` to thorough tests as such."""
    names = [name for name in SCENES if name not in TESTED_ELSEWHERE and name not in without]
    return [thorough(name) if name in left else name for name in names]


@pytest.mark.parametrize("name", scenes(*LONGEST))
@pytest.mark.parametrize("seed", [1, thorough(2)])
def test_a_mesh_shows_what_it_must(name: str, seed: int) -> None:
    assert SCENES[name](seed).faults == []


@pytest.mark.parametrize("name", sorted(BRIEF - TESTED_ELSEWHERE))
@pytest.mark.parametrize("seed", [2, *map(thorough, range(3, 8))])
def test_rare_faults_are_not_seen_in_brief_scenes(name: str, seed: int) -> None:
    assert SCENES[name](seed).faults == []
    assert SCENES[name](seed, rough=True).faults == []


@pytest.mark.parametrize("name", scenes(*LONGEST, *LONG_IF_ROUGH, without=("steady",)))
def test_a_mesh_shows_what_it_must_on_a_rough_network(name: str) -> None:
    assert SCENES[name](1, rough=True).faults == []


@pytest.mark.parametrize("max_links", [2, 3, 4, 5])
@pytest.mark.parametrize("hubs", [2, 3, 5, 9, 20])
def test_a_mesh_forms_as_computed_centrally(hubs: int, max_links: int) -> None:
    from peerpigeon.sim.scenes.mesh import formation

    assert formation(hubs + max_links, hubs, max_links).faults == []


@pytest.mark.thorough
@pytest.mark.parametrize("seed", [2, 6, 9, 29])
def test_a_mesh_that_falls_into_many_pieces_comes_together_with_nobody_told_twice(
    seed: int,
) -> None:
    """With these seeds halves fall apart, and piece by piece hears what the others have lost."""
    assert disasters.cut(seed, hubs=40).faults == []


@pytest.mark.thorough
@pytest.mark.parametrize("few", [1, 4])
def test_hubs_that_were_cut_off_for_a_moment_have_a_mesh_back_as_soon_as_they_are_linked(
    few: int,
) -> None:
    """Most hubs of the mesh have nothing new to say of themselves, and all are believed in."""
    mesh = Mesh.begin(1, Layout(hubs=100, max_links=4))
    assert mesh.settle(60.0) is not None
    mesh.world.part(mesh.hubs[5 : 5 + few], mesh.hubs[:5] + mesh.hubs[5 + few :])
    mesh.world.run(8.0)
    assert known_hubs(mesh) == {few, 100 - few}
    mesh.world.heal()
    assert mesh.run_until(mesh.is_whole, mesh.world.now + 5.0) is not None
    mesh.world.run(1.0)
    assert known_hubs(mesh) == {100}


def known_hubs(mesh: Mesh) -> set[int]:
    """Return how many hubs the hubs believe to be there."""
    return {hub.hub.status.snapshot(mesh.world.now).mesh.known_hubs for hub in mesh.hubs}
