"""The dialects that a server may speak besides its own: their names, and at which paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

Y_WEBRTC: Final = "y-webrtc"
"""What clients of y-webrtc say, and others that publish to topics."""

PEERJS: Final = "peerjs"
"""What clients of PeerJS say."""

TRACKER: Final = "tracker"
"""What clients of a WebTorrent tracker say."""

DIALECTS: Final = (Y_WEBRTC, PEERJS, TRACKER)
"""All of them."""

_OTHER_PATHS: Final = {"announce": TRACKER}
"""Under which another name some are looked for: that of the path of most trackers."""

NO_DIALECT: Final = "none"
"""Stands in the option ``dialects`` for none of them."""


def dialect_at(path: str, offered: Collection[str]) -> str:
    """Return which of some dialects is spoken at a path, as it was sent; empty if none is.

    Applications may have a path before it, as they have for all that is behind a proxy.
    """
    last = path.rstrip("/").rpartition("/")[2]
    name = _OTHER_PATHS.get(last, last)
    return name if name in DIALECTS and name in offered else ""
