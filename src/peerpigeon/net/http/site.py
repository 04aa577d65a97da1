"""Which page answers which request: the one place where the pages of a server are listed.

To add a page:

1. Write ``pages/NAME.py``, with a function that takes a ``Source`` (what a page may know of the
   server; let it grow there and in ``runtime.Runtime``) and returns the answering function::

       def metrics(source: Source) -> Answer:
           async def answer(request: Request) -> Response:
               return text(exposition(source.snapshot()))

           return answer

   Keep what is computed a plain function to text or JSON, as ``exposition`` here. A ``request`` has
   its ``method``, ``target``, headers, ``body`` (of a ``POST``, at most ``MAX_BODY`` bytes),
   ``address`` and ``audience``. Heavy imports go into ``answer``.
2. Add one line to ``pages_of`` below: the path, the function, and who may see it. ``POST`` pages
   change something and are for ``Audience.ADMIN``.

An answer that goes on for long, as server-sent events do, has an async generator of bytes for its
``body``, and is closed (``GeneratorExit``, so write ``try: ... finally: ...``) when its reader is
gone. It has no time limit; all others have.

Whatever serves HTTP asks ``Site.answer``: ``library.py`` for the port of the server, with aiohttp;
an ASGI application does the same with what it is given. No page knows of either.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.core.config import PEERJS
from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.page import Page, Response, text
from peerpigeon.net.http.pages.banner import banner
from peerpigeon.net.http.pages.dashboard import dashboard_pages
from peerpigeon.net.http.pages.demo import demo_pages
from peerpigeon.net.http.pages.drain import drain_page
from peerpigeon.net.http.pages.health import health_page
from peerpigeon.net.http.pages.hubs import hubs_page
from peerpigeon.net.http.pages.ice_servers import ice_servers_page
from peerpigeon.net.http.pages.limits import limits_page
from peerpigeon.net.http.pages.mesh import mesh_page
from peerpigeon.net.http.pages.metrics import metrics
from peerpigeon.net.http.pages.peerjs import peerjs_pages
from peerpigeon.net.http.pages.ready import live_page, ready_page
from peerpigeon.net.http.request import split_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from peerpigeon.core.config.origins import OriginNames
    from peerpigeon.net.http.page import ReadBody
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Operated

MAX_BODY = 64 * 1024
"""Bytes of a request's body: what a page is told is a line or two."""


def pages_of(source: Operated) -> Iterator[Page]:
    """Return the pages of a server, in the order in which they are told of."""
    yield Page("/", banner(source))
    yield Page("/health", health_page(source))
    yield Page("/live", live_page())
    yield Page("/ready", ready_page(source))
    yield Page("/limits", limits_page(source))
    yield Page("/hubs", hubs_page(source), Audience.INSIDERS)
    yield Page("/mesh", mesh_page(source), Audience.INSIDERS)
    yield Page("/metrics", metrics(source), Audience.INSIDERS)
    if source.config.client_ice_servers:
        yield Page("/ice-servers", ice_servers_page(source))
    yield from dashboard_pages(source)
    yield Page("/drain", drain_page(source), Audience.ADMIN, "POST")
    if PEERJS in source.config.dialects:
        yield from peerjs_pages()
    if source.config.serves_demo:
        yield from demo_pages(source.config.dialects)


class Site:
    """The pages of one server."""

    def __init__(
        self,
        pages: Iterable[Page],
        allowed_origins: OriginNames | None = None,
        *,
        path_prefix: str = "",
    ) -> None:
        self._prefix = path_prefix
        self._pages: dict[str, dict[str, Page]] = {}
        for page in pages:
            self._pages.setdefault(page.path, {})[page.method] = page
        self._allowed_origins = allowed_origins

    async def answer(self, request: Request, read_body: ReadBody) -> Response:
        """Return the answer to any request that asks for no WebSocket.

        ``request.audience`` says who asks. ``read_body`` is called for a page with ``POST`` alone.
        Raises ``HandshakeError`` for a target that is malformed.
        """
        response = await self._answer(request, read_body)
        return replace(response, headers={**self._common(request), **response.headers})

    async def _answer(self, request: Request, read_body: ReadBody) -> Response:
        if request.method == "OPTIONS":
            return Response()
        path, _ = split_target(request.target)
        below = self._below_prefix(path)
        pages = self._pages.get(below) or self._pages.get(_with_any(below), {})
        shown = {method: page for method, page in pages.items() if _sees(request, page)}
        if not shown:
            return text(self._missing(request, pages), HTTPStatus.NOT_FOUND)
        page = shown.get("GET" if request.method == "HEAD" else request.method)
        if page is None:
            return _wrong_method(shown)
        if page.method != "GET":
            request = replace(request, body=await read_body())
        return await page.answer(request)

    def _below_prefix(self, path: str) -> str:
        if path == self._prefix:
            return "/"
        return path.removeprefix(self._prefix) if path.startswith(f"{self._prefix}/") else ""

    def _missing(self, request: Request, hidden: dict[str, Page]) -> str:
        least = min((page.seen_by for page in hidden.values()), default=None)
        if least is Audience.INSIDERS:
            return (
                "this is shown on the server's own machine if no proxy stands before it, at its"
                " admin_port (ADMIN_PORT), and to all with show_details (SHOW_DETAILS)\n"
            )
        known = (
            self._prefix + path
            for path, pages in self._pages.items()
            # Not the parts of a page, such as its style sheet.
            if path.count("/") == 1 and any(_sees(request, page) for page in pages.values())
        )
        return f"there is only {', '.join(known)} here\n"

    def _common(self, request: Request) -> dict[str, str]:
        if request.audience is Audience.ADMIN:
            return {"Server": "peerpigeon"}  # no page of another origin has anything to read there
        headers = {
            "Server": "peerpigeon",
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": "Content-Type, Authorization",
            "Vary": "Origin",
        }
        if self._allowed_origins is None:
            return headers | {"Access-Control-Allow-Origin": "*"}
        origin = request.single("origin")
        if origin is not None and origin in self._allowed_origins:
            headers["Access-Control-Allow-Origin"] = origin
        return headers


def _with_any(path: str) -> str:
    """Return the path of a page that leaves open what comes before the last part of a path."""
    return f"/*/{path.rpartition('/')[2]}" if path.count("/") > 1 else ""


def _sees(request: Request, page: Page) -> bool:
    return request.audience >= page.seen_by


def _wrong_method(shown: Iterable[str]) -> Response:
    methods = [each for method in shown for each in ((method, "HEAD")[: 1 + (method == "GET")])]
    refusal = text("this can only be read\n" if "GET" in methods else "POST changes this\n")
    allow = {"Allow": ", ".join([*methods, "OPTIONS"])}
    return replace(refusal, status=HTTPStatus.METHOD_NOT_ALLOWED, headers=allow)
