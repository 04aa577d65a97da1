"""The pages of a server, made with the first request for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.config.origins import OriginNames
    from peerpigeon.net.http.page import ReadBody, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.site import Site
    from peerpigeon.net.http.source import Operated


class LateSite:
    """A ``Site`` that is not loaded before it is asked.

    All pages of a server take as long to load as a part of its core, and some have no reader.
    """

    def __init__(
        self,
        source: Operated,
        allowed_origins: OriginNames | None = None,
        *,
        path_prefix: str = "",
    ) -> None:
        self._source = source
        self._allowed_origins = allowed_origins
        self._path_prefix = path_prefix
        self._site: Site | None = None

    async def answer(self, request: Request, read_body: ReadBody) -> Response:
        """Return the answer to any request that asks for no WebSocket, as ``Site`` does."""
        if self._site is None:
            # The library has loaded it already, in a thread.
            from peerpigeon.net.http.site import Site, pages_of  # noqa: PLC0415

            pages = pages_of(self._source)
            self._site = Site(pages, self._allowed_origins, path_prefix=self._path_prefix)
        return await self._site.answer(request, read_body)
