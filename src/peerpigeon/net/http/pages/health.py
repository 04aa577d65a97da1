"""The page ``/health``: that the server is well, and to insiders how it is (S29)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.page import as_json
from peerpigeon.net.http.pages.times import iso
from peerpigeon.net.process_memory import process_memory
from peerpigeon.version import __version__

if TYPE_CHECKING:
    from peerpigeon.core.interface.snapshot import Snapshot
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source


def health_page(source: Source) -> Answer:
    """Return the page. Strangers are told little."""

    async def answer(request: Request) -> Response:
        is_told_all = request.audience >= Audience.INSIDERS
        return as_json((health if is_told_all else brief_health)(source.snapshot()))

    return answer


def brief_health(picture: Snapshot) -> dict[str, Any]:
    """Return the body of ``GET /health`` for strangers: a monitor needs no more."""
    timestamp = iso(picture.wall_time)
    return {"status": "healthy", "timestamp": timestamp, "isHub": picture.is_hub}


def health(picture: Snapshot) -> dict[str, Any]:
    """Return the body of ``GET /health``."""
    mesh = picture.mesh
    return {
        "status": "healthy",
        "timestamp": iso(picture.wall_time),
        "uptime": round(picture.uptime, 3),
        "version": __version__,
        "isHub": picture.is_hub,
        "connections": picture.connections,
        "peers": picture.connections,
        "announcedPeers": picture.announced_peers,
        "hubs": len(picture.hubs),
        "networks": picture.namespaces,
        "closing": picture.closing,
        "dropped": picture.dropped,
        "memory": {**process_memory(), "limit": picture.memory_limit, "kept": picture.memory_kept},
        "signals": {
            "relayed": picture.signals_relayed,
            "refused": picture.signals_refused,
        },
        "messages": {"refused": picture.messages_refused},
        "hubMesh": {
            "hubPeerId": picture.hub_id,
            "ready": mesh.ready,
            "migrated": mesh.migrated,
            "p2pConnections": mesh.p2p_links,
            "websocketConnections": mesh.websocket_links,
            "localConnections": mesh.local_links,
            "knownHubs": mesh.known_hubs,
            "forged": mesh.forged,
            "unusableNews": picture.news_unusable,
        },
    }
