"""The secret of a mesh changes while it runs: its hubs are restarted one after the other."""

from dataclasses import replace

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.sim.mesh import Layout, Mesh

FIRST, SECOND = "the first secret of all", "the secret that follows"
LOOK = 0.5
"""Seconds between looks at the mesh."""


def begin(seed: int) -> Mesh:
    common = ServerConfig(hub_secret=FIRST)
    mesh = Mesh.begin(seed, Layout(hubs=6, bootstraps=2, common=common))
    mesh.world.run(15.0)
    assert mesh.parts() == 1
    return mesh


def roll(mesh: Mesh, secret: str, old: str) -> list[int]:
    """Restart each hub with these secrets; return into how many parts the others fell meanwhile.

    The next one is restarted once all have been one mesh for a while: a bootstrap
    hub that has come back dials nobody, and is found by the others within half a minute.
    """
    parts = []
    for hub in mesh.hubs:
        others = [each for each in mesh.hubs if each is not hub]
        mesh.world.stop(hub)
        mesh.world.run(2.0)
        hub.config = replace(hub.config, hub_secret=secret, old_hub_secret=old)
        mesh.world.restart(hub)
        for _ in range(16):
            mesh.world.run(LOOK)
            parts.append(mesh.parts(others))
        mesh.world.run_until_met(lambda: mesh.parts() == 1, limit=60.0)
        mesh.world.run(10.0)
        parts.append(mesh.parts())
    return parts


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize(
    "steps",
    [
        [(FIRST, SECOND), (SECOND, FIRST), (SECOND, "")],
        [(SECOND, FIRST), (SECOND, "")],
    ],
)
def test_a_mesh_is_never_split_while_its_secret_changes(
    seed: int, steps: list[tuple[str, str]]
) -> None:
    mesh = begin(seed)
    for secret, old in steps:
        assert set(roll(mesh, secret, old)) == {1}
    assert {hub.config.hub_secrets for hub in mesh.hubs} == {(SECOND,)}


def test_without_the_old_secret_it_would_be_split() -> None:
    assert max(roll(begin(1), SECOND, "")) > 1
