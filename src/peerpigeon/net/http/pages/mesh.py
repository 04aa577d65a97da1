"""The page ``/mesh``: the hubs of the mesh and their links, as this hub knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.net.http.left_hubs import left_hubs, state_of
from peerpigeon.net.http.page import as_json
from peerpigeon.net.http.pages.times import iso

if TYPE_CHECKING:
    from peerpigeon.core.interface.snapshot import HubView, MissingHub, TopologySnapshot
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source


def mesh_page(source: Source) -> Answer:
    """Return the page."""

    async def answer(_: Request) -> Response:
        return as_json(mesh(source.topology()))

    return answer


def mesh(picture: TopologySnapshot) -> dict[str, Any]:
    """Return the body of ``GET /mesh``."""
    return {
        "timestamp": iso(picture.wall_time),
        "hubPeerId": picture.hub_id,
        "isHub": picture.is_hub,
        "ready": picture.mesh.ready,
        "migrated": picture.mesh.migrated,
        "totalHubs": len(picture.hubs),
        "hubs": [_view(hub) for hub in picture.hubs],
        "gone": [_left(hub) for hub in left_hubs(picture)],
    }


def _view(hub: HubView) -> dict[str, Any]:
    return {
        "peerId": hub.peer_id,
        "incarnation": hub.incarnation,
        "draining": hub.is_draining,
        "reachable": hub.is_reachable,
        "clients": hub.clients,
        "addresses": hub.addresses,
        "links": [
            {"peerId": link.peer_id, "carrier": link.carrier, "purpose": link.purpose}
            for link in hub.links
        ],
    }


def _left(hub: MissingHub) -> dict[str, Any]:
    return {
        "peerId": hub.peer_id,
        "addresses": hub.addresses,
        "state": state_of(hub),
        "since": round(hub.since * 1000),
    }
