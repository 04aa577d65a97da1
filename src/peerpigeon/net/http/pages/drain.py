"""The page ``POST /drain``: has the server let its clients go, and then stop."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.serving import Serving
from peerpigeon.net.http.page import as_json, text

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Answer, Response
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Operated

_UNUSABLE = 'the body is to be empty or {"drainTime": SECONDS}'


def drain_page(source: Operated) -> Answer:
    """Return the page that begins to drain a server; 202 as well if it drains already."""

    async def answer(request: Request) -> Response:
        try:
            seconds = drain_time_of(request.body)
        except ValueError as error:
            return text(f"{error}\n", HTTPStatus.BAD_REQUEST)
        connections = source.snapshot().connections
        source.drain(seconds)
        body = {"status": Serving.DRAINING, "connections": connections}
        return as_json(body, HTTPStatus.ACCEPTED)

    return answer


def drain_time_of(body: bytes) -> float | None:
    """Return the seconds that a body asks for, if it does; raise ``ValueError`` for another one."""
    if not body.strip():
        return None
    match json.loads(body):
        case {"drainTime": seconds, **rest} if not rest:
            return ServerConfig(drain_time=seconds).drain_time
    raise ValueError(_UNUSABLE)
