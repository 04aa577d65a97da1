"""The pages that are served over HTTP on the port of the WebSockets (S29)."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peerpigeon.net.http.demo.page import demo_page
from peerpigeon.net.http.insiders import Insiders
from peerpigeon.net.http.request import response, split_target
from peerpigeon.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.interface.snapshot import HubRecord, HubView, Snapshot, TopologySnapshot
    from peerpigeon.net.http.request import Request

    Answer = dict[str, Any]
    Page = Callable[[Request, dict[str, str]], bytes]

BANNER = (
    "PeerPigeon signaling server. Connect by WebSocket: ws://HOST:PORT/?peerId=<40 hex digits>\n"
)


class Pages:
    """The pages ``/`` and ``/health``, for insiders ``/hubs`` and ``/mesh``, perhaps ``/demo``."""

    def __init__(
        self,
        config: ServerConfig,
        snapshot: Callable[[], Snapshot],
        topology: Callable[[], TopologySnapshot],
    ) -> None:
        self._allowed_origins = config.allowed_origins
        self._insiders = Insiders(config)
        demo: dict[str, Page] = {"/demo": _demo} if config.serves_demo else {}
        banner = _page(lambda: (BANNER, "text/plain"))
        self._for_strangers: dict[str, Page] = {
            "/": banner,
            "/health": _json(lambda: brief_health(snapshot())),
            **demo,
        }
        self._for_insiders: dict[str, Page] = {
            "/": banner,
            "/health": _json(lambda: health(snapshot())),
            "/hubs": _json(lambda: hubs(snapshot())),
            "/mesh": _json(lambda: mesh(topology())),
            **demo,
        }

    def answer(self, request: Request) -> bytes:
        """Return the whole answer to a request that asks for no WebSocket.

        Strangers are told little. A query changes nothing. Raises ``HandshakeError`` for a request
        that is malformed.
        """
        headers = {"Server": "peerpigeon", **self._cors(request.single("origin"))}
        if request.method == "OPTIONS":
            return response(HTTPStatus.OK, headers.items(), b"")
        path, _ = split_target(request.target)
        is_insider = self._insiders.include(request)
        pages = self._for_insiders if is_insider else self._for_strangers
        if path not in pages:
            status, text = HTTPStatus.NOT_FOUND, f"there is only {', '.join(pages)} here\n"
            if path in self._for_insiders:
                text = "this is shown on the server's own machine (show_details, SHOW_DETAILS)\n"
        elif request.method not in ("GET", "HEAD"):
            headers["Allow"] = "GET, HEAD, OPTIONS"
            status, text = HTTPStatus.METHOD_NOT_ALLOWED, "this can only be read\n"
        else:
            return pages[path](request, headers)
        is_head = request.method == "HEAD"
        return response(status, headers.items(), text.encode(), is_head=is_head)

    def _cors(self, origin: str | None) -> dict[str, str]:
        headers = {
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Authorization",
        }
        if self._allowed_origins is None:
            return headers | {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}
        if origin is not None and origin in self._allowed_origins:
            headers["Access-Control-Allow-Origin"] = origin
        return headers | {"Vary": "Origin"}


def _page(make: Callable[[], tuple[str, str]]) -> Page:
    """Return a page of which ``make`` makes the text, and says what it is."""

    def page(request: Request, headers: dict[str, str]) -> bytes:
        text, kind = make()
        is_head = request.method == "HEAD"
        return response(HTTPStatus.OK, headers.items(), text.encode(), kind, is_head=is_head)

    return page


def _json(make: Callable[[], Answer]) -> Page:
    return _page(lambda: (json.dumps(make()), "application/json"))


def _demo(request: Request, headers: dict[str, str]) -> bytes:
    page = demo_page()
    tag = f'"{page.etag}"'
    headers |= {**page.headers, "ETag": tag}
    if any(request.lists("if-none-match", known) for known in (tag, f"w/{tag}", "*")):
        return response(HTTPStatus.NOT_MODIFIED, headers.items(), b"")
    is_head = request.method == "HEAD"
    return response(HTTPStatus.OK, headers.items(), page.body, "text/html", is_head=is_head)


def brief_health(picture: Snapshot) -> Answer:
    """Return the body of ``GET /health`` for strangers: a monitor needs no more."""
    timestamp = _iso(picture.wall_time)
    return {"status": "healthy", "timestamp": timestamp, "isHub": picture.is_hub}


def health(picture: Snapshot) -> Answer:
    """Return the body of ``GET /health``."""
    mesh = picture.mesh
    return {
        "status": "healthy",
        "timestamp": _iso(picture.wall_time),
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
        "memory": {**_memory(), "limit": picture.memory_limit, "kept": picture.memory_kept},
        "signals": {
            "relayed": picture.signals_relayed,
            "refused": picture.signals_refused,
        },
        "messages": {"refused": picture.messages_refused},
        "hubMesh": {
            "ready": mesh.ready,
            "migrated": mesh.migrated,
            "p2pConnections": mesh.p2p_links,
            "websocketConnections": mesh.websocket_links,
            "knownHubs": mesh.known_hubs,
            "forged": mesh.forged,
            "unusableNews": picture.news_unusable,
        },
    }


def hubs(picture: Snapshot) -> Answer:
    """Return the body of ``GET /hubs``."""
    return {
        "timestamp": _iso(picture.wall_time),
        "totalHubs": len(picture.hubs),
        "hubs": [_hub(record) for record in picture.hubs],
    }


def mesh(picture: TopologySnapshot) -> Answer:
    """Return the body of ``GET /mesh``."""
    return {
        "timestamp": _iso(picture.wall_time),
        "hubPeerId": picture.hub_id,
        "isHub": picture.is_hub,
        "ready": picture.mesh.ready,
        "migrated": picture.mesh.migrated,
        "totalHubs": len(picture.hubs),
        "hubs": [_view(hub) for hub in picture.hubs],
    }


def _view(hub: HubView) -> Answer:
    return {
        "peerId": hub.peer_id,
        "incarnation": hub.incarnation,
        "draining": hub.is_draining,
        "addresses": hub.addresses,
        "links": [
            {"peerId": link.peer_id, "carrier": link.carrier, "purpose": link.purpose}
            for link in hub.links
        ],
    }


def _hub(record: HubRecord) -> Answer:
    return {
        "peerId": record.peer_id,
        "networkName": record.namespace,
        "registeredAt": int(record.registered_at * 1000),
        "lastActivity": int(record.last_activity * 1000),
    }


def _iso(wall_time: float) -> str:
    moment = datetime.fromtimestamp(wall_time, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _memory() -> dict[str, int]:
    """Return this process's resident memory in bytes, on systems that report it."""
    if sys.platform == "win32":
        return {}
    import resource  # noqa: PLC0415 - there is none on Windows

    unit = 1 if sys.platform == "darwin" else 1024
    memory = {"peakRss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    statm = Path("/proc/self/statm")
    if statm.exists():
        memory["rss"] = int(statm.read_text().split()[1]) * resource.getpagesize()
        # The kernel updates the peak less often.
        memory["peakRss"] = max(memory.values())
    return memory
