"""What a page is: a path, who may see it, and a function from a request to a response.

Neither knows of sockets, nor of the library that reads and writes HTTP, so that whatever serves
HTTP can serve the pages: the port of the hub, or an application into which it is mounted.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.net.http.audience import Audience

if TYPE_CHECKING:
    from peerpigeon.net.http.request import Request

Stream = AsyncGenerator[bytes, None]
"""The pieces of a body that comes over time. It is closed when the one who reads is gone."""

Answer = Callable[["Request"], Awaitable["Response"]]
"""What answers the requests for one page."""

ReadBody = Callable[[], Awaitable[bytes]]
"""What reads the body of a request, if it is wanted."""

Answerer = Callable[["Request", ReadBody], Awaitable["Response"]]
"""What answers all requests that ask for no WebSocket."""


class Response(msgspec.Struct, frozen=True):
    """The answer of a page.

    With a ``Stream`` as its body it has no time limit, only places: ``visits.STREAMS``.
    """

    status: HTTPStatus = HTTPStatus.OK
    body: bytes | Stream = b""
    kind: str = "text/plain; charset=utf-8"
    """The header ``Content-Type``."""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Others than those that each answer has: ``Content-Type``, ``Content-Length``, CORS, ..."""


class Page(msgspec.Struct, frozen=True):
    """One page. ``HEAD`` comes with ``GET``, and ``OPTIONS`` with everything."""

    path: str
    """From the slash on, without the option ``path_prefix``. After ``/*/`` comes the last part of
    any path that has others before it, and no page of its own."""
    answer: Answer
    seen_by: Audience = Audience.EVERYBODY
    """The least that somebody has to be to see it; to others it is 404."""
    method: str = "GET"
    """``GET`` for what is read, ``POST`` for what changes something."""


def text(body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a response of plain text."""
    return Response(status, body.encode())


def as_json(body: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a response of JSON."""
    return Response(status, json.dumps(body).encode(), "application/json; charset=utf-8")
