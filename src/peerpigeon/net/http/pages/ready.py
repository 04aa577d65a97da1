"""The pages ``/live`` and ``/ready``: is a server to be restarted, or sent clients?"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from peerpigeon.core.interface.serving import Serving
from peerpigeon.net.http.page import as_json

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source


def live_page() -> Answer:
    """Return the page that is answered as long as the event loop turns."""

    async def answer(_: Request) -> Response:
        return as_json({"status": "live"})

    return answer


def ready_page(source: Source) -> Answer:
    """Return the page that is 200 while new clients are welcome, and 503 else."""

    async def answer(_: Request) -> Response:
        return as_json({"status": source.serving}, status_of(source.serving))

    return answer


def status_of(serving: Serving) -> HTTPStatus:
    """Return the status of ``GET /ready``."""
    return HTTPStatus.OK if serving is Serving.READY else HTTPStatus.SERVICE_UNAVAILABLE
