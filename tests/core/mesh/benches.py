"""Benches whose hub has neighbours already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.core.wire.hub_frames import Adverts, Body, LinkEnd, Purpose, Routed
from tests.core.mesh.meshes import HUBS, OWN, SOCKET, Bench, Meshes, advert, frames, of_kind

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.interface.actions import Action
    from peerpigeon.core.mesh.limits import MeshLimits

NEAR, FAR, DOOR = HUBS[1], HUBS[9], HUBS[8]


def linked(limits: MeshLimits | None = None, **options: Any) -> tuple[Bench, int, int]:
    """Return a hub that has told its two neighbours of itself, and the two links."""
    bench = Bench(limits=limits, **options)
    near, far = bench.link(NEAR), bench.link(FAR)
    bench.tick(0.2)
    bench.take_changes()
    return bench, near, far


def knowing(
    *hubs: PeerId, max_links: int = 3, limits: MeshLimits | None = None
) -> tuple[Bench, int]:
    """Return a hub that is linked to a door by WebSocket and has heard of others."""
    bench = Bench(limits=limits, hub_mesh_max_peers=max_links)
    link = bench.open(SOCKET)
    bench.hello(link, DOOR)
    ends = (LinkEnd(OWN, SOCKET, Purpose.BOOTSTRAP),)
    heard = (advert(DOOR, links=ends), *(advert(hub) for hub in hubs))
    bench.receive(link, Adverts(heard))
    return bench, link


def bodies(actions: list[Action]) -> list[Body]:
    return [routed.body for routed in of_kind(Routed, frames(actions))]


def met(*ids: PeerId, **options: object) -> Meshes:
    """Return hubs that have found together from the first one, after 5 seconds."""
    meshes = Meshes(*ids, **options)
    for other in ids[1:]:
        meshes.dial(other, ids[0])
    meshes.run(5.0)
    return meshes
