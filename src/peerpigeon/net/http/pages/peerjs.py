"""What clients of PeerJS ask over HTTP: an id, and who else is there.

Applications may have a path and a key before it, of which nothing depends: ``/peerjs/id`` as a
rule. A client takes the body as it is, so that a line break would be part of its id.
"""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.net.http.page import Page, Response, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.net.http.request import Request

NO_STORE = {"Cache-Control": "no-store"}

_NOT_LISTED = (
    "who is connected is not listed: each hub knows its own clients only, and an id is as good as"
    " an invitation\n"
)


def peerjs_pages() -> Iterator[Page]:
    """Return the pages."""
    yield Page("/*/id", _id)
    yield Page("/*/peers", _peers)


async def _id(_: Request) -> Response:
    # By chance two of 2^61 are equal with probability one half: no hub need be asked.
    return replace(text(str(uuid.uuid4())), headers=NO_STORE)


async def _peers(_: Request) -> Response:
    # Reference: 401 as well, unless its operator allows it.
    return text(_NOT_LISTED, HTTPStatus.UNAUTHORIZED)
