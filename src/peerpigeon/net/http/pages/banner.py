"""The page ``/``: what listens here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.http.page import text

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request

BANNER = (
    "PeerPigeon signaling server. Connect by WebSocket: ws://HOST:PORT/?peerId=<40 hex digits>\n"
)


def banner() -> Answer:
    """Return the page."""

    async def answer(_: Request) -> Response:
        return text(BANNER)

    return answer
