"""The page ``/metrics``, for Prometheus and those that read the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from peerpigeon.net.http.page import Response

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Answer
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source
    from peerpigeon.net.metrics.picture import Picture


def metrics(source: Source) -> Answer:
    """Return the page. Its text is made in a thread: who signals does not wait for it."""

    async def answer(request: Request) -> Response:
        picture = source.picture()
        body, kind = await asyncio.to_thread(_exposition, picture, _accepted(request))
        return Response(body=body, kind=kind)

    return answer


def _accepted(request: Request) -> str:
    return ", ".join(request.values("accept"))


def _exposition(picture: Picture, accept: str) -> tuple[bytes, str]:
    # The library takes 60 ms to load, and few servers need it.
    from peerpigeon.net.metrics.exposition import exposition  # noqa: PLC0415

    return exposition(picture, accept)
