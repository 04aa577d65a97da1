"""The page ``/dashboard``, its files, and the stream of what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.dashboard.files import HEADERS, OURS, PAGE, VENDORED, read_file
from peerpigeon.net.http.kept import unless_kept
from peerpigeon.net.http.page import Page, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.net.http.dashboard.feed import Feed
    from peerpigeon.net.http.page import Answer, Stream
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source

_STREAM_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",  # nginx would gather 4 KiB of it before it passes any on
}


def dashboard_pages(source: Source) -> Iterator[Page]:
    """Return the page and all that it asks for; it is for who may see ``/mesh``.

    Of clients and namespaces it tells by name on the server's own machine alone, and at the admin
    port: ``show_details`` is for counts.
    """
    insiders = Audience.INSIDERS
    yield Page("/dashboard", _file(PAGE), insiders)
    for path in (*OURS, *VENDORED):
        yield Page(f"/dashboard/{path.rpartition('/')[2]}", _file(path), insiders)
    yield Page("/dashboard/events", _events(source), insiders)


def _file(path: str) -> Answer:
    async def answer(request: Request) -> Response:
        file = read_file(path)
        return unless_kept(
            request, file.tag, Response(body=file.body, kind=file.kind, headers=HEADERS)
        )

    return answer


def _events(source: Source) -> Answer:
    feeds: dict[bool, Feed] = {}  # whether they tell of clients

    async def answer(request: Request) -> Response:
        from peerpigeon.net.http.dashboard.feed import Feed  # noqa: PLC0415 - few hubs need it

        tells = request.audience >= Audience.LOCAL
        if tells not in feeds:
            feeds[tells] = Feed(source, tells_clients=tells)
        body = _watch(feeds[tells])
        return Response(body=body, kind="text/event-stream", headers=_STREAM_HEADERS)

    return answer


async def _watch(feed: Feed) -> Stream:
    watcher = feed.watch()
    try:
        while piece := await watcher.take():
            yield piece
    finally:
        feed.leave(watcher)
