"""The page ``/hubs``: the hubs that are registered here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peerpigeon.net.http.page import as_json
from peerpigeon.net.http.pages.times import iso

if TYPE_CHECKING:
    from peerpigeon.core.interface.snapshot import HubRecord, Snapshot
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source


def hubs_page(source: Source) -> Answer:
    """Return the page."""

    async def answer(_: Request) -> Response:
        return as_json(hubs(source.snapshot()))

    return answer


def hubs(picture: Snapshot) -> dict[str, Any]:
    """Return the body of ``GET /hubs``."""
    return {
        "timestamp": iso(picture.wall_time),
        "totalHubs": len(picture.hubs),
        "hubs": [_hub(record) for record in picture.hubs],
    }


def _hub(record: HubRecord) -> dict[str, Any]:
    return {
        "peerId": record.peer_id,
        "networkName": record.namespace,
        "registeredAt": int(record.registered_at * 1000),
        "lastActivity": int(record.last_activity * 1000),
    }
