"""The address by which a hub dials another one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from peerpigeon.net.websocket.outgoing import UNIX

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId


def hub_uri(uri: str, own: PeerId) -> str:
    """Return the address to dial: the hub's, with who we are and that we are a hub.

    A hub of the npm package takes the first parameter, and does not look at the second.
    """
    if uri.startswith(UNIX):
        return f"{uri}?peerId={own}&hub=1"
    scheme, host, path, query, _ = urlsplit(uri)
    asked = f"peerId={own}&hub=1"
    return urlunsplit((scheme, host, path or "/", f"{query}&{asked}" if query else asked, ""))
