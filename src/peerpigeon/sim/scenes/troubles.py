"""What befalls the hubs of a mesh in scenes of foreign clients, one trouble a round."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from peerpigeon.sim.host import Host
    from peerpigeon.sim.mesh import Mesh

TROUBLES = ("kill", "stop", "cut", "join", "restart", "nap", "machine")


def begin_trouble(kind: str, mesh: Mesh, rng: Random) -> None:
    """Have something befall any hub but the first."""
    world = mesh.world
    hub = rng.choice(mesh.living[1:])
    match kind:
        case "kill":
            world.kill(hub)
        case "machine":
            world.kill(hub, machine=True)
        case "stop":
            world.stop(hub)
        case "cut":
            others = [each for each in mesh.living if each is not hub]
            world.part([hub], others)
        case "join":
            mesh.join(1)
        case "restart":
            world.kill(hub)
            world.at(world.now + 0.5, partial(_restart, mesh, hub))
        case _:
            world.suspend(hub)
            world.at(world.now + rng.choice((1.0, 4.0)), partial(world.resume, hub))


def _restart(mesh: Mesh, hub: Host) -> None:
    if not hub.is_alive:
        mesh.world.restart(hub)


def mend(mesh: Mesh) -> None:
    """Have an end of what was cut, and start what has ended."""
    mesh.world.heal()
    for hub in mesh.hubs:
        _restart(mesh, hub)
