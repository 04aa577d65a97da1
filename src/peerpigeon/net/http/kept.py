"""What a browser may keep, and asks about before it uses it again (RFC 9110, section 13.1.2)."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from peerpigeon.net.http.page import Response
    from peerpigeon.net.http.request import Request


def tag_of(body: bytes) -> str:
    """Return the ``ETag`` of a body: another version of the server has another one."""
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def unless_kept(request: Request, tag: str, response: Response) -> Response:
    """Return a response with its tag, or 304 if the browser that asks has it.

    It asks each time: another version of the server has another page.
    """
    headers = {**response.headers, "ETag": tag, "Cache-Control": "no-cache"}
    if any(request.lists("if-none-match", known) for known in (tag.lower(), f"w/{tag}", "*")):
        return replace(response, status=HTTPStatus.NOT_MODIFIED, body=b"", headers=headers)
    return replace(response, headers=headers)
