"""The page ``/demo``, which a browser may keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.net.http.demo.page import demo_page
from peerpigeon.net.http.kept import unless_kept
from peerpigeon.net.http.page import Response

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Answer
    from peerpigeon.net.http.request import Request


def demo() -> Answer:
    """Return the page."""

    async def answer(request: Request) -> Response:
        page = demo_page()
        response = Response(body=page.body, kind="text/html; charset=utf-8", headers=page.headers)
        return unless_kept(request, page.tag, response)

    return answer
