"""The page ``/demo``, which a browser may keep."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from peerpigeon.net.http.demo.page import demo_page
from peerpigeon.net.http.page import Response

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Answer
    from peerpigeon.net.http.request import Request


def demo() -> Answer:
    """Return the page."""

    async def answer(request: Request) -> Response:
        page = demo_page()
        tag = f'"{page.etag}"'
        headers = {**page.headers, "ETag": tag}
        if any(request.lists("if-none-match", known) for known in (tag, f"w/{tag}", "*")):
            return Response(HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body=page.body, kind="text/html; charset=utf-8", headers=headers)

    return answer
