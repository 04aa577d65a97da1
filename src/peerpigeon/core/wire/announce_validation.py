"""Which announces of clients are valid: the namespace they name, and their size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.wire.client_messages import Announce


RESERVED: Final = "\0"
"""What the namespaces of foreign clients begin with (``dialects/names.py``), and no others."""


def objection(announce: Announce, config: ServerConfig) -> str | None:
    """Return why a client may not announce itself like that; ``None`` if it may."""
    if len(announce.namespace) > config.max_namespace_length:
        return f"networkName is longer than {config.max_namespace_length} characters"
    if announce.namespace.startswith(RESERVED):
        return "networkName begins with U+0000, as only those of other kinds of clients do"
    if len(announce.data) > config.max_announce_size:
        return f"announce has more than {config.max_announce_size} bytes of data"
    if announce.namespace == config.hub_mesh_namespace:
        text = f"networkName {announce.namespace!r} is reserved for hubs"
        if not announce.is_hub:
            return text
        if not config.is_hub:
            return f"{text}, and this server is none"
        return f"{text}; those of the npm package are let in with the option reference_hubs=yes"
    return None
