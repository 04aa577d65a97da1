"""The pages ``/demo`` and those below it, which a browser may keep."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from peerpigeon.net.http.demo.page import SHIM_PATH, demo_page, demos_for, shim
from peerpigeon.net.http.kept import unless_kept
from peerpigeon.net.http.page import Page, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from peerpigeon.net.http.demo.page import Page as Part
    from peerpigeon.net.http.page import Answer
    from peerpigeon.net.http.request import Request


def demo_pages(dialects: Iterable[str]) -> Iterator[Page]:
    """Return the pages of a server that speaks some dialects."""
    demos = demos_for(dialects)
    for demo in demos:
        yield Page(demo.path, _answer("text/html", partial(demo_page, demo, demos)))
    if any(demo.imports for demo in demos):
        yield Page(SHIM_PATH, _answer("text/javascript", shim))


def _answer(kind: str, read: Callable[[], Part]) -> Answer:
    async def answer(request: Request) -> Response:
        part = read()
        headers = part.headers
        response = Response(body=part.body, kind=f"{kind}; charset=utf-8", headers=headers)
        return unless_kept(request, part.tag, response)

    return answer
